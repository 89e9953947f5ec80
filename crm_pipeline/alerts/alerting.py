"""Tells every receiver what is new to it; nothing that goes wrong here reaches the run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from crm_pipeline.alerts.delivery import deliver
from crm_pipeline.alerts.findings import Finding, failed_run, killed_run, standing
from crm_pipeline.errors import CrmError
from crm_pipeline.pipeline import Pipeline
from crm_pipeline.warehouse.write_aside import write_aside

Say = Callable[[str], None]
MOST_KEPT = 20
"""Failed runs that are kept for a receiver that takes none."""


def state_file(pipeline: Pipeline) -> Path:
    """What each receiver was told of that still stands, and what it did not take yet."""
    return pipeline.project.warehouse_folder / "alerts.json"


@dataclass
class _State:
    """What one receiver was told of that still stands, and what happened once that it did not take yet."""

    told: list[str] = field(default_factory=list)
    undelivered: list[Finding] = field(default_factory=list)

    def keep(self, findings: Sequence[Finding]) -> None:
        """Note findings for the next time; of too many the oldest go."""
        self.undelivered = list(dict.fromkeys([*self.undelivered, *findings]))[-MOST_KEPT:]


def _states(path: Path) -> dict[str, _State]:
    """By receiver; of a file that cannot be read nothing, so that it is told again, which is better than not at all."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {
            name: _State(state)
            if isinstance(state, list)  # as earlier versions wrote it
            else _State(state["told"], [Finding(**item) for item in state["undelivered"]])
            for name, state in found.items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def _note(pipeline: Pipeline, states: Mapping[str, _State]) -> None:
    known = {name: asdict(states[name]) for name in sorted(states) if name in pipeline.project.alerts}
    with write_aside(state_file(pipeline)) as draft:
        draft.write_text(json.dumps(known), encoding="utf-8")


def tell(pipeline: Pipeline, findings: Sequence[Finding], say: Say, *, is_all: bool = True) -> int:
    """Tell each receiver what it was not told before; returns how many receivers failed.

    With ``is_all`` the findings are everything that stands: what is not among them is over, and told again if it comes
    back. Otherwise they are what happened once. What a receiver does not take is told next time: what stands because it
    still does, and what happened once because it is kept (the newest `MOST_KEPT`) and goes before the rest.
    """
    receivers = pipeline.project.alerts
    if not receivers:
        return 0
    states, failures = _states(state_file(pipeline)), 0
    for name, receiver in sorted(receivers.items()):
        state = states.setdefault(name, _State())
        wanted = [finding for finding in findings if receiver.wants(finding.subject, finding.severity)]
        late = [finding for finding in state.undelivered if receiver.wants(finding.subject, finding.severity)]
        new = [finding for finding in wanted if finding.key not in state.told and finding not in late]
        keys = [finding.key for finding in wanted]
        state.undelivered = []
        if late or new:
            try:
                deliver(pipeline.project, name, receiver, [*late, *new], pipeline.now())
            except CrmError as error:
                failures += 1
                say(str(error))
                keys = [finding.key for finding in wanted if finding not in new]
                state.keep(late if is_all else [*late, *new])
        state.told = keys if is_all else sorted({*state.told, *keys})
    _note(pipeline, states)
    return failures


def tell_later(pipeline: Pipeline, findings: Sequence[Finding]) -> None:
    """Keep what happened for the next time that anything is told."""
    states = _states(state_file(pipeline))
    for name, receiver in pipeline.project.alerts.items():
        states.setdefault(name, _State()).keep(
            [item for item in findings if receiver.wants(item.subject, item.severity)]
        )
    if pipeline.project.alerts:
        _note(pipeline, states)


@contextmanager
def alerting(pipeline: Pipeline, say: Say) -> Iterator[None]:
    """Tell of a run's failure, and after any run of what stands; errors of the block go on as they are.

    A receiver that takes nothing is said so once, however often it was tried.
    """
    if not pipeline.project.alerts:
        yield
        return
    say = _once(say)
    _safely(say, lambda: tell(pipeline, _killed(pipeline), say, is_all=False))
    try:
        yield
    except CrmError as error:
        failure = failed_run(getattr(error, "run_id", ""), getattr(error, "told", "") or str(error))
        _safely(say, lambda: tell(pipeline, [failure], say, is_all=False))
        raise
    finally:
        _safely(say, lambda: tell_standing(pipeline, say))


def _once(say: Say) -> Say:
    """Say each thing the first time only."""
    said: set[str] = set()

    def say_once(text: str) -> None:
        if text not in said:
            said.add(text)
            say(text)

    return say_once


def tell_standing(pipeline: Pipeline, say: Say) -> int:
    """Tell of everything that stands, and of failed runs that a receiver did not take."""
    return tell(pipeline, standing(pipeline), say)


def _killed(pipeline: Pipeline) -> list[Finding]:
    """Runs whose process was killed: nobody else could tell of them."""
    from crm_pipeline.processes import bury_dead_runs
    from crm_pipeline.runs import open_instance

    instance = open_instance(pipeline)
    try:
        return [killed_run(run_id) for run_id in bury_dead_runs(instance)]
    finally:
        instance.dispose()


def _safely(say: Say, act: Callable[[], int]) -> None:
    """An alert that fails must not fail the run, whatever it is: it is said."""
    try:
        act()
    except Exception as error:
        say(f"alerts: nobody could be told ({type(error).__name__})")
