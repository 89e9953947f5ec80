"""Tells every receiver what is new to it; nothing that goes wrong here reaches the run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from crm_pipeline.alerts.delivery import deliver
from crm_pipeline.alerts.findings import Finding, failed_run, standing
from crm_pipeline.errors import CrmError
from crm_pipeline.pipeline import Pipeline
from crm_pipeline.warehouse.write_aside import write_aside

Say = Callable[[str], None]


def state_file(pipeline: Pipeline) -> Path:
    """What each receiver was told of that still stands."""
    return pipeline.project.warehouse_folder / "alerts.json"


def _told(path: Path) -> dict[str, list[str]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # then it is told again, which is better than not at all
    return found if isinstance(found, dict) else {}


def tell(pipeline: Pipeline, findings: Sequence[Finding], say: Say, *, is_all: bool = True) -> int:
    """Tell each receiver what it was not told before; returns how many receivers failed.

    With ``is_all`` the findings are everything that stands: what is not among them is over, and told again if it comes
    back. What a receiver did not take is tried again next time.
    """
    receivers = pipeline.project.alerts
    if not receivers:
        return 0
    path = state_file(pipeline)
    told, failures = _told(path), 0
    for name, receiver in sorted(receivers.items()):
        before = told.get(name, [])
        wanted = [finding for finding in findings if receiver.wants(finding.subject, finding.severity)]
        new = [finding for finding in wanted if finding.key not in before]
        keys = [finding.key for finding in wanted]
        if new:
            try:
                deliver(pipeline.project, name, receiver, new, pipeline.now())
            except CrmError as error:
                failures += 1
                say(str(error))
                keys = [finding.key for finding in wanted if finding not in new]
        told[name] = keys if is_all else sorted({*before, *keys})
    with write_aside(path) as draft:
        draft.write_text(json.dumps({name: told[name] for name in sorted(told) if name in receivers}), encoding="utf-8")
    return failures


@contextmanager
def alerting(pipeline: Pipeline, say: Say) -> Iterator[None]:
    """Tell of a run's failure, and after any run of what stands; errors of the block go on as they are."""
    if not pipeline.project.alerts:
        yield
        return
    _safely(say, lambda: tell(pipeline, _killed(pipeline), say, is_all=False))
    try:
        yield
    except CrmError as error:
        failure = failed_run(getattr(error, "run_id", ""), str(error))
        _safely(say, lambda: tell(pipeline, [failure], say, is_all=False))
        raise
    finally:
        _safely(say, lambda: tell_standing(pipeline, say))


def tell_standing(pipeline: Pipeline, say: Say) -> int:
    """Tell of everything that stands; runs that failed were told of when they did."""
    return tell(pipeline, standing(pipeline), say)


def _killed(pipeline: Pipeline) -> list[Finding]:
    """Runs whose process was killed: nobody else could tell of them."""
    from crm_pipeline.runs import bury_dead_runs, open_instance

    instance = open_instance(pipeline)
    try:
        return [failed_run(run_id, "the process of the run was killed") for run_id in bury_dead_runs(instance)]
    finally:
        instance.dispose()


def _safely(say: Say, act: Callable[[], int]) -> None:
    """An alert that fails must not fail the run, whatever it is: it is said."""
    try:
        act()
    except Exception as error:
        say(f"alerts: nobody could be told ({type(error).__name__})")
