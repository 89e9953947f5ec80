"""Segments, moves between them, cohorts."""

from __future__ import annotations

from crm_pipeline.report import svg
from crm_pipeline.report.blocks import Block, Desk
from crm_pipeline.report.cells import Kind
from crm_pipeline.segments.rfm_segments import RFM_RULES


def segments(desk: Desk) -> list[Block]:
    """How large the segments are, and where their customers went."""
    found, say = desk.read["segments"], desk.words.say
    if not found:
        return [desk.nothing("segments", "segments")]
    names = [desk.words.name("segment", item) for item in found.column("segment")]
    most = max(found.indices(), key=lambda row: found.numbers("value")[row])
    says = [
        say(
            "says_segments" if most else "says_one_segment",
            largest=names[0],
            share=found.cell(0, "share", "share"),
            best=names[most],
            value=found.cell(most, "value_share", "share"),
            customers=found.cell(most, "share", "share"),
        )
    ]
    columns: list[tuple[str, str, Kind]] = [
        ("segment", "head_segment", "text"),
        ("customers", "head_customers", "count"),
        ("change", "head_change", "signed"),
        ("spend_30d", "head_spend_30d", "money"),
        ("value", "head_value", "money"),
        ("active", "head_active", "count"),
        ("churn_probability", "head_churn_active", "share"),
        ("value_at_risk", "head_risk_active", "money"),
    ]
    blocks = [
        desk.figure(
            "segments",
            "segment_sizes",
            says,
            lambda name, words: svg.bars(
                name, words, names, found.numbers("customers"), desk.words("axis_customers"), desk.words.shown("count")
            ),
        ),
        desk.table(
            "segments",
            "segment_table",
            [say("says_segment_table")],
            columns,
            {"segment": lambda result, row: desk.words.name("segment", result.cell(row, "segment").value)},
        ),
    ]
    return blocks + _moves(desk)


def _moves(desk: Desk) -> list[Block]:
    flows, moved, largest = desk.read["transitions"], desk.read["moves"], desk.read["largest_moves"]
    if not flows or not moved or not largest:
        return [desk.nothing("transitions", "transitions")]
    order = [*(rule.name for rule in RFM_RULES), "no orders yet"]
    come, gone = (
        [item for item in order if item in set(flows.column(side))] for side in ("from_segment", "to_segment")
    )
    values = {
        (come.index(a), gone.index(b)): float(share)
        for a, b, share in zip(*(flows.column(c) for c in ("from_segment", "to_segment", "share")), strict=True)
    }
    says = [
        desk.words.say(
            "says_moves",
            moved=moved.cell(0, "moved", "count"),
            customers=moved.cell(0, "customers", "count"),
            share=moved.cell(0, "moved_share", "share"),
        ),
        desk.words.say(
            "says_largest_move",
            count=largest.cell(0, "customers", "count"),
            source=desk.words.name("segment", largest.cell(0, "from_segment").value),
            target=desk.words.name("segment", largest.cell(0, "to_segment").value),
            share=largest.cell(0, "share", "share"),
        ),
    ]
    return [
        desk.figure(
            "transitions",
            "transitions",
            says,
            lambda name, words: svg.heat_map(
                name,
                words,
                [desk.words.name("segment", item) for item in come],
                [desk.words.name("segment", item) for item in gone],
                values,
                desk.words("axis_from"),
                desk.words("axis_to"),
                desk.words.shown("percent"),
            ),
        )
    ]


def cohorts(desk: Desk) -> list[Block]:
    """Who came back."""
    found, curve, say = desk.read["cohorts"], desk.read["retention"], desk.words.say
    if not found or len(curve.rows) < 2:
        return [desk.nothing("cohorts", "cohorts")]
    months = sorted(set(found.column("cohort_month")))
    ages = sorted(set(found.column("months_since")))
    values = {
        (months.index(month), ages.index(age)): float(share)
        for month, age, share in zip(*(found.column(c) for c in ("cohort_month", "months_since", "share")), strict=True)
    }
    last = len(curve.rows) - 1
    newest = len(found.rows) - 1
    return [
        desk.figure(
            "cohorts",
            "cohorts",
            [
                say(
                    "says_cohorts",
                    month=found.cell(newest, "cohort_month", "month"),
                    share=found.cell(newest, "share", "share"),
                    age=found.cell(newest, "months_since", "count"),
                    customers=found.cell(newest, "customers", "count"),
                )
            ],
            lambda name, words: svg.heat_map(
                name,
                words,
                [month.strftime("%Y-%m") for month in months],
                [str(age) for age in ages],
                values,
                desk.words("axis_cohort"),
                desk.words("axis_months_since"),
                desk.words.shown("percent"),
            ),
        ),
        desk.figure(
            "retention",
            "retention",
            [
                say(
                    "says_retention",
                    first=curve.cell(1, "share", "share"),
                    last=curve.cell(last, "share", "share"),
                    months=curve.cell(last, "months_since", "count"),
                    cohorts=curve.cell(last, "cohorts", "count"),
                    all=curve.cell(last, "all_cohorts", "count"),
                )
            ],
            lambda name, words: svg.lines(
                name,
                words,
                curve.column("months_since"),
                {"share": curve.known("share")},
                desk.words("axis_months_since"),
                desk.words("axis_share_back"),
                desk.words.shown("percent"),
                from_zero=True,
            ),
        ),
    ]
