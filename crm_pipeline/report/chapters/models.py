"""Grades, champions, and what moved from what the models learned."""

from __future__ import annotations

from collections.abc import Callable

from crm_pipeline.report import svg
from crm_pipeline.report.blocks import Block, Desk
from crm_pipeline.report.cells import Kind, Result
from crm_pipeline.report.wording import MISSING

_DRIFTED: tuple[tuple[str, str, Kind], ...] = (
    ("kind", "head_kind", "text"),
    ("subject", "head_feature", "text"),
    ("value", "head_drift", "decimal"),
    ("reference_mean", "head_then", "fine"),
    ("current_mean", "head_now", "fine"),
)


_CHAMPIONS: tuple[tuple[str, str, Kind], ...] = (
    ("snapshot_date", "head_snapshot", "day"),
    ("churn_model", "head_churn_model", "text"),
    ("value_model", "head_value_model", "text"),
    ("list_model", "head_list_model", "text"),
)


def models(desk: Desk) -> list[Block]:
    """Grades, champions, and what moved from what the models learned."""
    grades, history, drift, say = (
        desk.read["grades"],
        desk.read["grade_history"],
        desk.read["drift"],
        desk.words.say,
    )
    blocks: list[Block] = []
    if grades:
        columns: list[tuple[str, str, Kind]] = [
            ("subject", "head_subject", "text"),
            ("model", "head_list", "text"),
            ("metric", "head_metric", "text"),
            ("letter", "head_grade", "text"),
            ("value", "head_model", "decimal"),
            ("baseline_value", "head_rule", "decimal"),
            ("improvement_lower..improvement_upper", "head_better", "decimal"),
        ]
        named = {"subject": desk.code("subject"), "model": desk.code("model"), "metric": desk.code("metric")}
        blocks.append(desk.table("grades", "grades", [say("says_grades")], columns, named))
    else:
        blocks.append(desk.nothing("grades", "grades"))
    if history:
        blocks.append(
            desk.figure(
                "grade_history",
                "grade_history",
                [
                    say(
                        "says_grade_history",
                        letter=history.cell(-1, "letter"),
                        day=history.cell(-1, "known_date", "day"),
                        lower=history.cell(-1, "improvement_lower", "decimal"),
                        upper=history.cell(-1, "improvement_upper", "decimal"),
                    )
                ],
                lambda name, words: svg.lines(
                    name,
                    words,
                    history.column("known_date"),
                    {"improvement": history.known("improvement")},
                    desk.words("axis_snapshot"),
                    desk.words("axis_better"),
                    desk.words.shown("fine"),
                    bands={"improvement": (history.known("improvement_lower"), history.known("improvement_upper"))},
                    from_zero=True,
                ),
            )
        )
    if drift:
        blocks.append(_drift(desk, drift))
    if desk.read["drifted"]:
        blocks.append(desk.table("drifted", "drifted", [], _DRIFTED, {"kind": desk.code("kind")}))
    if desk.read["champions"]:
        named = {name: _model(desk, name) for name in ("churn_model", "value_model", "list_model")}
        blocks.append(desk.table("champions", "champions", [say("says_champions")], _CHAMPIONS, named))
    return blocks


def _model(desk: Desk, column: str) -> Callable[[Result, int], str]:
    return lambda result, row: desk.words.name("model", result.cell(row, column).value or MISSING)


def _drift(desk: Desk, drift: Result) -> Block:
    failures, warnings = (drift.cell(-1, name, "count") for name in ("failures", "warnings"))
    key = "says_drift_failure" if failures.number else "says_drift_warning" if warnings.number else "says_drift_none"
    names = ("score_psi", "score_limit", "feature_psi", "feature_limit", "warning_from")
    given = {name: drift.cell(-1, name, "decimal") for name in names}
    day, subject = drift.cell(-1, "snapshot_date", "day"), drift.cell(-1, "feature")
    says = [desk.words.say(key, day=day, warnings=warnings, failures=failures)]
    says.append(desk.words.say("says_drift_scores", **given))
    if subject.value is not None:
        says.append(desk.words.say("says_drift_feature", **given, feature=desk.words.feature(str(subject.value))))
    if drift.cell(-1, "is_chance").value:
        says.append(desk.words.say("says_drift_chance", **given))
    return desk.figure(
        "drift",
        "drift",
        says,
        lambda name, words: svg.lines(
            name,
            words,
            drift.column("snapshot_date"),
            {side: drift.known(side) for side in ("score_reach", "feature_reach", "limit_reach")},
            desk.words("axis_snapshot"),
            desk.words("axis_drift"),
            desk.words.shown("fine"),
            from_zero=True,
        ),
        ("score_reach", "feature_reach", "limit_reach"),
    )
