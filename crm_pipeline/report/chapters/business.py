"""The business in five numbers, and the quality of the data behind them."""

from __future__ import annotations

from crm_pipeline.report import svg
from crm_pipeline.report.blocks import Block, Desk, Tile
from crm_pipeline.report.cells import Cell, Kind, Result
from crm_pipeline.report.check_words import asked, breakable, observed

_FIVE: tuple[tuple[str, Kind], ...] = (
    ("customers", "count"),
    ("active_customers", "count"),
    ("spend_30d", "money"),
    ("expected_value", "money"),
    ("value_at_risk", "money"),
)


_SOURCES: tuple[tuple[str, str, Kind], ...] = (
    ("source", "head_source_name", "text"),
    ("read", "head_read", "count"),
    ("clean", "head_clean", "count"),
    ("rejected", "head_rejected", "count"),
    ("rejected_share", "head_rejected_share", "share"),
    ("duplicate", "head_duplicate", "count"),
)


def business(desk: Desk) -> list[Block]:
    """Five numbers and how they came about."""
    found, say = desk.read["business"], desk.words.say
    if not found:
        return [desk.nothing("business", "business")]
    tiles = []
    for name, kind in _FIVE:
        change = found.cell(-1, f"{name}_change", "change")
        note = say("no_change") if change.value is None else say("against", change=change, before=_before(found))
        tiles.append(Tile(desk.words(f"tile_{name}"), desk.words.html(found.cell(-1, name, kind)), note))
    given = {
        "spend": found.cell(-1, "spend_30d", "money"),
        "active": found.cell(-1, "active_customers", "count"),
        "customers": found.cell(-1, "customers", "count"),
        "expected": found.cell(-1, "expected_value", "money"),
        "days": found.cell(-1, "horizon_days", "count"),
        "risk": found.cell(-1, "risk_share", "share"),
    }
    blocks = [Block("business", desk.words("five_numbers"), (say("says_business", **given),), tiles=tuple(tiles))]
    days = found.column("snapshot_date")
    change = found.cell(-1, "spend_30d_change", "change")
    key = "says_spend_first" if change.value is None else "says_spend_up" if change.number >= 0 else "says_spend_down"
    blocks.append(
        desk.figure(
            "business",
            "spend_over_time",
            [
                say(key, change=change, before=_before(found), spend=given["spend"]),
                say("says_expected_30d", days=given["days"]),
            ],
            lambda name, words: svg.lines(
                name,
                words,
                days,
                {key: found.known(key) for key in ("spend_30d", "expected_30d")},
                desk.words("axis_snapshot"),
                desk.words.currency,
                desk.words.shown("compact"),
                from_zero=True,
            ),
            ("spend_30d", "expected_30d"),
        )
    )
    blocks.append(
        desk.figure(
            "business",
            "customers_over_time",
            [say("says_customers", active=given["active"], customers=given["customers"])],
            lambda name, words: svg.lines(
                name,
                words,
                days,
                {key: found.known(key) for key in ("customers", "active_customers")},
                desk.words("axis_snapshot"),
                desk.words("axis_customers"),
                desk.words.shown("compact"),
                from_zero=True,
            ),
            ("customers", "active_customers"),
        )
    )
    return blocks


def _before(found: Result) -> Cell:
    return found.cell(-1, "before", "day")


def quality(desk: Desk) -> list[Block]:
    """What was read, and what the checks say."""
    rows, sources, checks, say = desk.read["rows"], desk.read["sources"], desk.read["checks"], desk.words.say
    if not rows:
        return [desk.nothing("rows", "quality")]
    given = {name: rows.cell(0, name, "count") for name in ("read", "rejected", "duplicate", "sources")}
    says = [say("says_rows", **given, share=rows.cell(0, "clean_share", "share"))]
    left_out = rows.cell(0, "left_out", "count")
    if left_out.number:
        says.append(say("says_left_out", left_out=left_out))
    blocks = [desk.table("sources", "rows_not_used", says, _SOURCES)] if sources else []
    if checks:
        failed = checks.cell(0, "failed", "count")
        names_of = ("checks", "passed", "tables", "errors", "warnings", "earlier")
        said = {name: checks.cell(0, name, "count") for name in names_of}
        says = [say("says_checks_failed" if failed.number else "says_checks_passed", **said)]
        if failed.number:
            says.append(say("says_checks_standing" if checks.cell(0, "standing").number else "says_checks_calm"))
        if said["earlier"].number:
            says.append(say("says_checks_earlier", **said))
        columns: list[tuple[str, str, Kind]] = [
            ("severity", "head_severity", "text"),
            ("table_name", "head_table", "text"),
            ("check_name", "head_check", "text"),
            ("observed", "head_observed", "text"),
            ("parts", "head_parts", "count"),
            ("newest_snapshot", "head_newest", "day"),
        ]
        if desk.read["failed_checks"]:
            names = {
                "severity": desk.code("severity"),
                "table_name": lambda result, row: breakable(str(result.cell(row, "table_name").value)),
                "check_name": lambda result, row: asked(result, row, desk.words),
                "observed": lambda result, row: observed(result, row, desk.words),
            }
            blocks.append(desk.table("failed_checks", "checks", says, columns, names))
        else:
            blocks.append(Block("checks", desk.words("checks"), tuple(says)))
    return blocks
