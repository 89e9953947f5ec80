"""Where the value lies, and how well it was foreseen."""

from __future__ import annotations

from crm_pipeline.report import svg
from crm_pipeline.report.blocks import Block, Desk
from crm_pipeline.report.cells import Result
from crm_pipeline.report.chapters.shared import evidence


def _nearest(found: Result, share: float) -> int:
    """The row up to which about this share of the customers is counted; few customers make large steps."""
    return min(found.indices(), key=lambda row: abs(found.cell(row, "customers_share").number - share))


def value(desk: Desk) -> list[Block]:
    """Where the value lies, and how well it was foreseen."""
    deciles, curve, outcomes, say = (
        desk.read["value_deciles"],
        desk.read["concentration"],
        desk.read["value_outcomes"],
        desk.words.say,
    )
    if not deciles:
        return [desk.nothing("value_deciles", "value")]
    half = _nearest(deciles, 0.5)
    blocks = [
        desk.figure(
            "value_deciles",
            "value_deciles",
            [
                say(
                    "says_deciles",
                    best=deciles.cell(0, "customers_share", "share"),
                    first=deciles.cell(0, "share", "share"),
                    better=deciles.cell(half, "customers_share", "share"),
                    half=deciles.cell(half, "cumulative_share", "share"),
                    least=deciles.cell(0, "least", "money"),
                )
            ],
            lambda name, words: svg.columns(
                name,
                words,
                deciles.column("decile"),
                {"share": deciles.numbers("share")},
                desk.words("axis_tenth_value"),
                desk.words("axis_share_value"),
                desk.words.shown("percent"),
            ),
        )
    ]
    if curve:
        fifth = _nearest(curve, 0.2)
        blocks.append(
            desk.figure(
                "concentration",
                "concentration",
                [
                    say(
                        "says_concentration",
                        customers=curve.cell(fifth, "customers_share", "share"),
                        expected=curve.cell(fifth, "expected_share", "share"),
                        past=curve.cell(fifth, "past_share", "share"),
                    )
                ],
                lambda name, words: svg.lines(
                    name,
                    words,
                    [0.0, *(100 * item for item in curve.numbers("customers_share"))],
                    {key: [0.0, *curve.numbers(key)] for key in ("expected_share", "past_share")},
                    desk.words("axis_share_customers"),
                    desk.words("axis_share_amount"),
                    desk.words.shown("percent"),
                    from_zero=True,
                ),
                ("expected_share", "past_share"),
            )
        )
    if outcomes:
        bias = outcomes.cell(0, "bias", "change")
        blocks.append(
            desk.figure(
                "value_outcomes",
                "value_outcomes",
                [
                    say(
                        "says_outcomes",
                        bias=bias,
                        day=outcomes.cell(0, "snapshot_date", "day"),
                        found=outcomes.cell(0, "found_share", "share"),
                    )
                ],
                lambda name, words: svg.columns(
                    name,
                    words,
                    outcomes.column("decile"),
                    {key: outcomes.numbers(key) for key in ("expected", "actual")},
                    desk.words("axis_tenth_expected"),
                    desk.words.currency,
                    desk.words.shown("compact"),
                    marks={"rule": outcomes.numbers("rule")},
                ),
                ("expected", "actual", "rule"),
            )
        )
    blocks += evidence(desk, "value_evidence", "says_value_evidence", "normalized_gini")
    return blocks
