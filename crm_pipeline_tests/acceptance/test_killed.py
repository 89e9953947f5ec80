"""A run that is killed or interrupted at any moment loses nothing: each table is wholly old or wholly new."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from dagster import DagsterRunStatus

from crm_pipeline_tests.acceptance.commands import CLI, REPOSITORY, TIMEOUT, Ended, crm, environment
from crm_pipeline_tests.acceptance.conftest import Built
from crm_pipeline_tests.acceptance.contents import Hashes, candidates, ledger_hashes, physical_tables, row_hashes
from crm_pipeline_tests.acceptance.shops import write_project
from crm_pipeline_tests.acceptance.test_end_to_end import instance_of

LONGEST_STEP_SECONDS = 0.8
FILES = {
    *("crm.duckdb", "vault.duckdb", "published.duckdb", "published.previous.duckdb"),
    *("raw", "dagster", "data_docs", "reports", "run.lock", "tmp"),
}


def stopped_run(folder: Path, after: int, seconds: float, how: signal.Signals, *options: str) -> Ended:
    """Start a run, and end it some time after so many of its assets are done (when it lasts that long).

    An interrupt goes to all processes of the run, as a terminal sends it.
    """
    command = [*CLI, "run", "--project", str(folder), *options]
    env = environment() | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command,
        env=env,
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job in the background inherits it ignored
    ) as run:
        assert run.stdout is not None
        said: list[str] = []
        while sum(line.startswith("✓") for line in said) < after and (line := run.stdout.readline()):
            said.append(line)
        time.sleep(seconds)
        if how == signal.SIGINT:
            os.killpg(run.pid, how)
        else:
            run.send_signal(how)
        out, err = run.communicate(timeout=TIMEOUT)
    return Ended(run.returncode, "".join(said) + out, err)


def assert_sound(folder: Path, before: Hashes, after: Hashes) -> None:
    """Rows and ledgers agree, each part is the one before or the one after, and readers see whole tables only."""
    stated = ledger_hashes(folder)
    assert row_hashes(folder) == stated
    for key, content in stated.items():
        assert content in (before.get(key), after.get(key)), f"{key} is neither old nor new"
    if (folder / "warehouse" / "published.duckdb").exists():
        assert not candidates(folder, "published.duckdb")


def assert_complete(folder: Path, expected: Hashes) -> None:
    """The project is as if nothing had happened."""
    assert ledger_hashes(folder) == expected
    assert row_hashes(folder) == expected
    assert physical_tables(folder, "published.duckdb") == physical_tables(folder, "crm.duckdb")
    assert not candidates(folder, "crm.duckdb") + candidates(folder, "vault.duckdb")
    assert {path.name for path in (folder / "warehouse").iterdir()} <= FILES
    assert not [path.name for path in (folder / "warehouse" / "raw").iterdir() if path.suffix != ".parquet"]


@pytest.fixture(scope="module")
def renewed(built: Built, scratch: Path) -> tuple[Path, Hashes]:
    """The project with other order lines, not run yet; and the hashes of its undisturbed run."""
    folder = Path(shutil.copytree(built.folder, scratch / "renewed"))
    lines = (folder / "order_lines.csv").read_text().splitlines()
    (folder / "order_lines.csv").write_text("\n".join(lines[:1] + lines[3:]) + "\n")
    undisturbed = shutil.copytree(folder, scratch / "undisturbed")
    ended = crm("run", undisturbed)
    assert ended.code == 0, ended.text
    return folder, ledger_hashes(undisturbed)


def test_a_run_that_is_stopped_three_times(
    built: Built, renewed: tuple[Path, Hashes], new_folder: Callable[[], Path]
) -> None:
    """Killed twice and interrupted once, each time further on; then the rest is built, and all is as undisturbed."""
    folder, expected = Path(shutil.copytree(renewed[0], new_folder())), renewed[1]
    before = ledger_hashes(folder)
    draw = random.Random(1)
    steps = built.first_run.out.count("✓")
    for how in (signal.SIGKILL, signal.SIGINT, signal.SIGKILL):
        ended = stopped_run(folder, draw.randrange(1, steps // 4), draw.uniform(0, LONGEST_STEP_SECONDS), how)
        if how == signal.SIGINT:
            assert ended.code == 130
            assert ended.err == "crm-pipeline: interrupted; the last good tables are untouched\n"
        else:
            assert ended.code == -how
        assert_sound(folder, before, expected)
    finished = crm("run", folder)
    assert finished.code == 0, finished.text
    assert_complete(folder, expected)
    older = {run.run_id for run in instance_of(renewed[0]).get_runs()}
    found = {run.status for run in instance_of(folder).get_runs() if run.run_id not in older}
    killed, interrupted = DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED
    assert killed in found and found <= {killed, interrupted, DagsterRunStatus.SUCCESS}, "no run stays unfinished"


@pytest.mark.full
@pytest.mark.parametrize("seed", range(20))
def test_a_run_on_renewed_files_that_is_killed(
    built: Built, renewed: tuple[Path, Hashes], new_folder: Callable[[], Path], seed: int
) -> None:
    folder, expected = Path(shutil.copytree(renewed[0], new_folder())), renewed[1]
    before = ledger_hashes(folder)
    draw = random.Random(seed)
    steps = built.first_run.out.count("✓")
    ended = stopped_run(folder, draw.randrange(steps), draw.uniform(0, LONGEST_STEP_SECONDS), signal.SIGKILL)
    assert ended.code in (0, -signal.SIGKILL)  # the last moments may lie after the end
    assert_sound(folder, before, expected)
    finished = crm("run", folder)
    assert finished.code == 0, finished.text
    assert_complete(folder, expected)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(3))
def test_a_first_run_that_is_killed(built: Built, new_folder: Callable[[], Path], seed: int) -> None:
    """What the next run completes is what a forced run makes anew of the same loads."""
    folder, draw = write_project(new_folder(), built.shop), random.Random(seed)
    steps = built.first_run.out.count("✓")
    ended = stopped_run(folder, draw.randrange(steps), draw.uniform(0, LONGEST_STEP_SECONDS), signal.SIGKILL)
    assert ended.code in (0, -signal.SIGKILL)
    assert row_hashes(folder) == ledger_hashes(folder)
    assert crm("run", folder).code == 0
    hashes = ledger_hashes(folder)
    assert set(hashes) == set(ledger_hashes(built.folder))
    assert_complete(folder, hashes)
    assert crm("run", folder, "--force").code == 0
    assert ledger_hashes(folder) == hashes
