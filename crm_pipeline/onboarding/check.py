"""`crm-pipeline check`: validate a project without running it, in seconds."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from crm_pipeline.errors import UserError
from crm_pipeline.onboarding.findings import Finding, before_first_order, find_all
from crm_pipeline.onboarding.sufficiency import Sufficiency, judge
from crm_pipeline.onboarding.typed import TypedProject, typed_project
from crm_pipeline.project import Project


@dataclass(frozen=True)
class SourceCount:
    """Rows of one source as sampled: clean ones would pass, the rest are rejected; repeated keys come on top."""

    source: str
    entity: str
    files: int
    rows: int
    clean: int
    rejected: int
    is_sample: bool
    is_unread: bool
    """None of its files can be read: the findings say why."""
    read_as: str


@dataclass(frozen=True)
class CheckReport:
    """All that a check says."""

    project: str
    file: str
    sources: tuple[SourceCount, ...]
    findings: tuple[Finding, ...]
    sufficiency: Sufficiency
    seconds: float

    @property
    def errors(self) -> list[Finding]:
        """What keeps the project from running."""
        return [finding for finding in self.findings if finding.level == "error"]

    def as_json(self) -> str:
        """The report as JSON, dates as text."""
        return json.dumps(asdict(self), indent=2, default=str, ensure_ascii=False)


def check_project(project: Project, now: datetime, *, show_values: bool = False) -> CheckReport:
    """Read samples of every source, judge them, and judge whether they suffice; nothing is written.

    Args:
        project: a valid project.
        now: the time of the check (aware).
        show_values: show the values that break rules; they may be personal.
    """
    started = time.monotonic()
    with typed_project(project, now) as typed:
        sufficiency = judge(typed, project.today(now))
        findings = find_all(typed, show_values=show_values, early=before_first_order(sufficiency))
        counts = tuple(_counts(typed))
    return CheckReport(
        project.name,
        str(project.folder / "crm.yaml"),
        counts,
        tuple(findings),
        sufficiency,
        round(time.monotonic() - started, 2),
    )


def _counts(typed: TypedProject) -> list[SourceCount]:
    found = []
    for source in typed.sources.values():
        rows = clean = 0
        if source.table is not None:
            counted = typed.rows(f"select count(*), count(*) filter (verdict = 'clean') from {source.table}")[0]
            rows, clean = int(str(counted[0])), int(str(counted[1]))
        read_as = source.samples[0].facts.summary if source.samples else "not read"
        found.append(
            SourceCount(
                source.name,
                source.source.entity,
                len(source.file_names),
                rows,
                clean,
                rows - clean,
                bool(source.samples) and not all(sample.is_whole for sample in source.samples),
                bool(source.problems) and not source.samples,
                read_as,
            )
        )
    return found


def raise_errors(errors: Sequence[Finding]) -> None:
    """UserError when something keeps the project from running."""
    if errors:
        what = "one finding keeps" if len(errors) == 1 else f"{len(errors)} findings keep"
        raise UserError(f"{what} the project from running; mend what is marked `error` above")
