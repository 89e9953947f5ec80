"""What several chapters share: a model against its rule, with intervals."""

from __future__ import annotations

from crm_pipeline.report import svg
from crm_pipeline.report.blocks import Block, Desk
from crm_pipeline.report.cells import Kind

Evidence = tuple[tuple[str, str, Kind], ...]


EVIDENCE: Evidence = (
    ("metric", "head_metric", "text"),
    ("value", "head_model", "decimal"),
    ("lower..upper", "head_interval", "decimal"),
    ("baseline_value", "head_rule", "decimal"),
    ("improvement_lower..improvement_upper", "head_better", "decimal"),
)


def evidence(desk: Desk, query: str, key: str, main: str) -> list[Block]:
    """The model against its rule with intervals; the sentence is about the main metric."""
    found = desk.read[query]
    if not found:
        return []
    row = found.column("metric").index(main) if main in found.column("metric") else 0
    lower = found.cell(row, "improvement_lower", "decimal")
    says = [
        desk.words.say(
            key,
            value=found.cell(row, "value", "decimal"),
            rule=found.cell(row, "baseline_value", "decimal"),
            lower=lower,
            upper=found.cell(row, "improvement_upper", "decimal"),
            snapshots=found.cell(row, "snapshots", "count"),
            customers=found.cell(row, "customers", "count"),
        ),
        desk.words.say("surely_better" if lower.number > 0 else "not_surely_better"),
    ]
    return [desk.table(query, query, says, EVIDENCE, {"metric": desk.code("metric")})]


def against_rule(desk: Desk, query: str, key: str, axis: str) -> list[Block]:
    """How the model and its rule did snapshot by snapshot, with intervals; the sentence is about the newest."""
    found = desk.read[query]
    if not found:
        return [desk.nothing(query, query)]
    says = [
        desk.words.say(
            key,
            day=found.cell(-1, "snapshot_date", "day"),
            value=found.cell(-1, "model", "decimal"),
            lower=found.cell(-1, "model_lower", "decimal"),
            upper=found.cell(-1, "model_upper", "decimal"),
            rule=found.cell(-1, "rule", "decimal"),
        )
    ]
    return [
        desk.figure(
            query,
            query,
            says,
            lambda name, words: svg.lines(
                name,
                words,
                found.column("snapshot_date"),
                {side: found.known(side) for side in ("model", "rule")},
                desk.words("axis_snapshot"),
                desk.words(axis),
                desk.words.shown("fine"),
                bands={s: (found.known(f"{s}_lower"), found.known(f"{s}_upper")) for s in ("model", "rule")},
            ),
            ("model", "rule"),
        )
    ]
