"""Which process does a run, so that a run whose process was killed is not taken for one under way."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import dagster as dg

PROCESS_TAG, WORKER_TAG = "crm_pipeline/process", "crm_pipeline/worker"
"""Runs say with these tags which process does them: those of the command line, and those that Dagster launched."""


def this_process() -> str:
    """What a run writes down of its process: number, start, machine and container.

    Numbers are given again after a restart, and containers number theirs apart, also where they share the host's name.
    """
    return f"{os.getpid()} {_started(os.getpid())} {socket.gethostname()} {_numbering()}"


def has_ended(text: str) -> bool:
    """Whether the process that a run wrote down is gone for certain.

    ``text``: what `this_process` said, or a process number alone. False for a process of another machine (or
    container), and where nothing was written down.
    """
    number, started, machine, numbering = [*text.split(" "), "", "", "", ""][:4]
    is_elsewhere = (machine and machine != socket.gethostname()) or (numbering and numbering != _numbering())
    if not number.isdigit() or is_elsewhere:
        return False
    return not _is_alive(int(number)) or (started != "" and started != _started(int(number)))


def _started(process: int) -> str:
    """When a process began, told apart from those of the machine's earlier starts; empty where that cannot be read."""
    system = Path("/proc")
    try:
        ticks = (system / str(process) / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
        boot = (system / "sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    except OSError:
        return ""
    return f"{ticks}@{boot[:8]}"


def _numbering() -> str:
    """The namespace of process numbers; empty where the system tells none."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def dead_runs(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    """Runs that show as running though their process was killed."""
    busy = (dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING)
    unfinished = dg.RunsFilter(statuses=list(busy))
    runs = instance.get_runs(filters=unfinished)
    return [run for run in runs if has_ended(run.tags.get(PROCESS_TAG) or run.tags.get(WORKER_TAG, ""))]


def _is_unfinished(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Asked once more when the process is gone: it may have ended well since its runs were listed."""
    run = instance.get_run_by_id(run_id)
    return run is not None and not run.is_finished


def bury_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark dead runs as failed: they would block the queue and show as running for ever.

    Returns their ids: whoever buries them tells of them, for nobody finds them again.
    """
    dead = [run for run in dead_runs(instance) if _is_unfinished(instance, run.run_id)]
    for run in dead:
        instance.report_run_failed(
            run, "The process of this run was killed; the next run continues from the last good tables."
        )
    return [run.run_id for run in dead]
