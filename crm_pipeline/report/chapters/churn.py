"""Who is likely to leave, why, and how far the scores can be trusted."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from crm_pipeline.report import svg
from crm_pipeline.report.blocks import Block, Desk
from crm_pipeline.report.cells import Kind, Result
from crm_pipeline.report.chapters.shared import against_rule, evidence

if TYPE_CHECKING:
    from markupsafe import Markup

NO_REASON = "none"
"""Of `churn_reasons`: whom nothing sets apart as likelier to leave than the average customer."""


def churn(desk: Desk) -> list[Block]:
    """Who is likely to leave, why, what is at stake, and how far the scores can be trusted."""
    bands, say = desk.read["churn_bands"], desk.words.say
    if not bands:
        return [desk.nothing("churn_bands", "churn")]
    names = [desk.words.name("risk_band", item) for item in bands.column("risk_band")]
    says = [
        say(
            "says_bands",
            customers=bands.cell(0, "customers", "count"),
            share=bands.cell(0, "share", "share"),
            band=names[0],
            probability=bands.cell(0, "churn_probability", "share"),
            days=bands.cell(0, "horizon_days", "count"),
            value=bands.cell(0, "value_at_risk", "money"),
            value_share=bands.cell(0, "value_share", "share"),
        )
    ]
    columns: list[tuple[str, str, Kind]] = [
        ("risk_band", "head_band", "text"),
        ("customers", "head_customers", "count"),
        ("churn_probability", "head_churn", "share"),
        ("expected_churners", "head_leaving", "count"),
        ("value_at_risk", "head_risk", "money"),
    ]
    blocks = [
        desk.figure(
            "churn_bands",
            "churn_bands",
            says,
            lambda name, words: svg.bars(
                name,
                words,
                names,
                bands.numbers("value_at_risk"),
                desk.words("axis_risk"),
                desk.words.shown("money"),
            ),
        ),
        desk.table("churn_bands", "churn_band_table", [], columns, {"risk_band": desk.code("risk_band")}),
    ]
    reasons = desk.read["churn_reasons"]
    if reasons:
        blocks.append(
            desk.table(
                "churn_reasons",
                "churn_reasons",
                _says_reasons(desk, reasons),
                (
                    ("reason", "head_reason", "text"),
                    ("customers", "head_customers", "count"),
                    ("share", "head_share", "share"),
                    ("among", "head_among", "count"),
                    ("value_at_risk", "head_risk", "money"),
                ),
                {"reason": _reason(desk)},
            )
        )
    blocks += against_rule(desk, "churn_over_time", "says_churn_over_time", "axis_auc")
    blocks += _calibration(desk)
    blocks += evidence(desk, "churn_evidence", "says_churn_evidence", "roc_auc")
    return blocks


def _says_reasons(desk: Desk, reasons: Result) -> list[Markup]:
    """The most frequent reason to leave; and who is at risk without one, where leaving is the rule."""
    says = []
    if reasons.cell(0, "reason").value != NO_REASON:
        share, reason = reasons.cell(0, "share", "share"), _reason(desk)(reasons, 0).rstrip(".。")
        says.append(desk.words.say("says_reasons", share=share, reason=reason))
    if reasons.cell(-1, "reason").value == NO_REASON:
        says.append(desk.words.say("says_no_reason", share=reasons.cell(-1, "share", "share")))
    return says


def _reason(desk: Desk) -> Callable[[Result, int], str]:
    def said(result: Result, row: int) -> str:
        code = str(result.cell(row, "reason").value)
        return (
            desk.words("reason_none")
            if code == NO_REASON
            else desk.words.reason(code, result.cell(row, "typical_value").value)
        )

    return said


def _calibration(desk: Desk) -> list[Block]:
    found = desk.read["churn_calibration"]
    if not found:
        return []
    says = [
        desk.words.say(
            "says_calibration",
            predicted=found.cell(-1, "predicted", "share"),
            observed=found.cell(-1, "observed", "share"),
        )
    ]
    return [
        desk.figure(
            "churn_calibration",
            "churn_calibration",
            says,
            lambda name, words: svg.columns(
                name,
                words,
                found.column("tenth"),
                {side: found.numbers(side) for side in ("predicted", "observed")},
                desk.words("axis_tenth_churn"),
                desk.words("axis_left"),
                desk.words.shown("percent"),
            ),
            ("predicted", "observed"),
        )
    ]
