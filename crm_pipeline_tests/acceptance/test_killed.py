"""A run that is killed or interrupted at any moment loses nothing: each table is wholly old or wholly new."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from dagster import DagsterRunStatus

from crm_pipeline_tests.acceptance.commands import CLI, REPOSITORY, TIMEOUT, Ended, crm, environment
from crm_pipeline_tests.acceptance.conftest import Built
from crm_pipeline_tests.acceptance.contents import Hashes, candidates, ledger_hashes, physical_tables, row_hashes
from crm_pipeline_tests.acceptance.shops import write_project
from crm_pipeline_tests.acceptance.test_end_to_end import instance_of

LONGEST_STEP_SECONDS = 0.8
FEW = ("--select", "+customer_rfm")
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


def assert_complete(folder: Path, expected: Hashes, *, is_published: bool = True) -> None:
    """The project is as if nothing had happened; of a run of a few tables readers see nothing yet."""
    assert ledger_hashes(folder) == expected
    assert row_hashes(folder) == expected
    if is_published:
        assert physical_tables(folder, "published.duckdb") == physical_tables(folder, "crm.duckdb")
    assert not candidates(folder, "crm.duckdb") + candidates(folder, "vault.duckdb")
    assert {path.name for path in (folder / "warehouse").iterdir()} <= FILES
    assert not [path.name for path in (folder / "warehouse" / "raw").iterdir() if path.suffix != ".parquet"]


@dataclass(frozen=True)
class Renewed:
    """A project with other order lines, not run yet; how many assets an undisturbed run renews, and its hashes."""

    folder: Path
    steps: int
    expected: Hashes


def renew(built: Built, folder: Path, *options: str) -> Renewed:
    """Leave out two order lines, and run a copy."""
    shutil.copytree(built.folder, folder)
    lines = (folder / "order_lines.csv").read_text().splitlines()
    (folder / "order_lines.csv").write_text("\n".join(lines[:1] + lines[3:]) + "\n")
    undisturbed = shutil.copytree(folder, folder.with_name(f"{folder.name} undisturbed"))
    ended = crm("run", undisturbed, *options)
    assert ended.code == 0, ended.text
    return Renewed(folder, ended.out.count("✓"), ledger_hashes(undisturbed))


@pytest.fixture(scope="module")
def renewed(built: Built, scratch: Path) -> Renewed:
    """Everything is run on the other order lines."""
    return renew(built, scratch / "renewed")


@pytest.fixture(scope="module")
def loaded(built: Built, scratch: Path) -> Renewed:
    """The load and one table per snapshot are run on the other order lines: a third of the time."""
    return renew(built, scratch / "loaded", *FEW)


@pytest.mark.parametrize(
    ("fixture", "options"), [("loaded", FEW), pytest.param("renewed", (), marks=pytest.mark.full)], ids=["few", "all"]
)
def test_a_run_that_is_stopped_three_times(
    fixture: str, options: tuple[str, ...], new_folder: Callable[[], Path], request: pytest.FixtureRequest
) -> None:
    """Killed twice and interrupted once, each time further on; then the rest is built, and all is as undisturbed."""
    changed: Renewed = request.getfixturevalue(fixture)
    folder, expected = Path(shutil.copytree(changed.folder, new_folder())), changed.expected
    before = ledger_hashes(folder)
    draw = random.Random(1)
    for stop, how in enumerate((signal.SIGKILL, signal.SIGINT, signal.SIGKILL)):
        after = 1 if options else draw.randrange(1, changed.steps // 4)  # of few steps some must be left for the last
        ended = stopped_run(folder, after, draw.uniform(0, 0.3 if options else LONGEST_STEP_SECONDS), how, *options)
        if how == signal.SIGINT:
            assert ended.code == 130
            assert ended.err == "crm-pipeline: interrupted; the last good tables are untouched\n"
        else:
            assert ended.code == -how or (stop == 2 and ended.code == 0)  # what was left may be done by then
        assert_sound(folder, before, expected)
    finished = crm("run", folder, *options)
    assert finished.code == 0, finished.text
    assert_complete(folder, expected, is_published=not options)
    older = {run.run_id for run in instance_of(changed.folder).get_runs()}
    found = {run.status for run in instance_of(folder).get_runs() if run.run_id not in older}
    killed, interrupted = DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED
    assert killed in found and found <= {killed, interrupted, DagsterRunStatus.SUCCESS}, "no run stays unfinished"


@pytest.mark.full
@pytest.mark.parametrize("fifth", range(5))
def test_a_run_on_renewed_files_that_is_killed(renewed: Renewed, new_folder: Callable[[], Path], fifth: int) -> None:
    """Killed for the first time in each fifth of the run, and three times after that: twenty moments in all."""
    folder, expected = Path(shutil.copytree(renewed.folder, new_folder())), renewed.expected
    before = ledger_hashes(folder)
    draw = random.Random(fifth)
    part = renewed.steps // 5
    for first in (fifth * part, 0, 0, 0):
        ended = stopped_run(folder, first + draw.randrange(part), draw.uniform(0, LONGEST_STEP_SECONDS), signal.SIGKILL)
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
