"""Functions in processes: results in the order of the calls, errors at once, a dead worker's call is made again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from crm_pipeline.warehouse.side_by_side import MOST_WORKERS, SideBySide, worker_count

PATIENCE = 60
"""Seconds after which a call that should have been met stops waiting."""


def meet(own: Path, other: Path) -> str:
    """Show up, and wait for the other."""
    own.touch()
    await_file(other)
    return own.name


def await_file(path: Path) -> None:
    """Until it is there."""
    end = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < end, f"{path.name} never came"
        time.sleep(0.01)


def fail() -> str:
    """Raise."""
    raise ValueError("no such customer")


def die_first(elsewhere: int) -> int:
    """The process; killed when that is not the one given."""
    if os.getpid() != elsewhere:
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def test_as_many_workers_as_processors_within_reason() -> None:
    assert 1 <= worker_count() <= MOST_WORKERS


def test_calls_run_at_the_same_time_elsewhere_and_results_keep_their_order(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    with SideBySide[str | int](2) as calls:
        found = [*calls.call(partial(meet, first, second)), *calls.call(partial(meet, second, first))]
        found += [*calls.call(os.getpid), *calls.rest()]
    assert found[:2] == ["first", "second"]
    assert found[2] != os.getpid()


@pytest.mark.parametrize(("workers", "alone"), [(1, False), (2, True)])
def test_a_call_that_runs_alone_runs_here_after_those_before(workers: int, alone: bool, tmp_path: Path) -> None:
    with SideBySide[int | None](workers) as calls:
        found = [*calls.call(partial(Path.touch, tmp_path / "done"))]
        found += [*calls.call(os.getpid, alone=alone), *calls.rest()]
    assert found == [None, os.getpid()]
    assert (tmp_path / "done").exists()


@pytest.mark.parametrize("alone", [False, True])
def test_an_error_is_the_callers(alone: bool) -> None:
    with pytest.raises(ValueError, match="no such customer"), SideBySide[str](2) as calls:
        list(calls.call(fail, alone=alone))
        list(calls.rest())


def test_what_a_dying_worker_left_undone_is_done_here() -> None:
    here = os.getpid()
    with SideBySide[int](2) as calls:
        found = [*calls.call(partial(die_first, here)), *calls.call(partial(die_first, here)), *calls.rest()]
        assert found == [here, here]
        found = [*calls.call(os.getpid), *calls.rest()]
    assert found != [here]


WORKS = """
import os, sys, time
from functools import partial
from pathlib import Path
from crm_pipeline.warehouse.side_by_side import SideBySide
from crm_pipeline_tests.warehouse.test_side_by_side import meet
with SideBySide(2) as calls:
    list(calls.call(partial(meet, Path(sys.argv[1]) / str(os.getpid()), Path(sys.argv[1]) / "never")))
    list(calls.call(os.getpid))
    print(*list(calls.call(os.getpid)))
"""


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc to see which processes are alive")
def test_workers_end_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", WORKS, str(tmp_path)])
    await_file(tmp_path / str(parent.pid))
    workers = children(parent.pid)
    parent.kill()
    parent.wait()
    end = time.monotonic() + PATIENCE
    while any(Path(f"/proc/{worker}").exists() for worker in workers):
        assert time.monotonic() < end, "a worker outlived its parent"
        time.sleep(0.05)
    assert len(workers) >= 2


def children(pid: int) -> list[int]:
    """Processes that a process started."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in listed.split()]
