"""The chapters of the customer page: who it is, what they did, what they are worth, and why the scores say so."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from crm_pipeline.report import svg
from crm_pipeline.report.blocks import Block, Chapter, Desk, Tile
from crm_pipeline.report.cells import Cell, Kind, Result

Personal = Sequence[tuple[str, str, str, str]]
"""Source, key, column and value."""
SMALLEST_CHANGE = 0.0005
"""Of a probability; less is written as 0.0 points."""


def summary(desk: Desk) -> list[Block]:
    """The five numbers of a customer."""
    seen, worth, risk = desk.read["behaviour"], desk.read["value"], desk.read["churn"]
    if not seen:
        return [desk.nothing("behaviour", "summary")]
    cells = [
        ("orders", seen.cell(0, "order_count", "count"), "note_orders", seen.cell(0, "order_count_90d", "count")),
        ("spent", seen.cell(0, "total_spend", "money"), "note_spent", seen.cell(0, "spend_amount_90d", "money")),
        ("silence", seen.cell(0, "days_since_last_order", "count"), "note_rfm", seen.cell(0, "rfm_score")),
    ]
    tiles = [_tile(desk, *item) for item in cells]
    if worth:
        given = {name: worth.cell(-1, f"clv_{name}", "money") for name in ("lower", "upper")}
        number = desk.words.html(worth.cell(-1, "clv", "money"))
        tiles.append(Tile(desk.words("tile_expected_value"), number, desk.words.say("note_value", **given)))
    if risk:
        number = desk.words.html(risk.cell(-1, "churn_probability", "share"))
        band = desk.words.name("risk_band", risk.cell(-1, "risk_band").value)
        key = "note_churn" if risk.cell(-1, "is_active").value else "note_gone"
        tiles.append(Tile(desk.words("tile_churn"), number, desk.words.say(key, band=band)))
    return [Block("behaviour", desk.words("summary"), tiles=tuple(tiles))]


def _tile(desk: Desk, name: str, cell: Cell, note: str, noted: Cell) -> Tile:
    return Tile(desk.words(f"tile_{name}"), desk.words.html(cell), desk.words.say(note, value=noted))


def identity(desk: Desk, personal: Personal | None) -> list[Block]:
    """The records of the customer; direct identifiers only where they were asked for."""
    from markupsafe import Markup, escape

    keys, known = desk.read["identity"], desk.read["known"]
    counts = {name: keys.cell(0, column, "count") if keys else "0" for name, column in _COUNTED}
    says = [desk.words.say("says_identity", **counts)]
    if keys and keys.cell(0, "records").number > len(keys.rows):
        says.append(desk.words.say("says_identity_first", shown=str(len(keys.rows))))
    if known and known.cell(0, "first_seen_at").value and known.cell(0, "first_seen_at").value.year > 1970:
        says.append(desk.words.say("says_known", day=known.cell(0, "first_seen_at", "day")))
    if personal is None:
        says.append(desk.words.say("says_vault"))
    blocks = [desk.table("identity", "identity", says, _KEYS)]
    if personal:
        head = tuple((desk.words(key), False) for key in ("head_source", "head_key", "head_what", "head_entry"))
        rows = tuple(tuple(Markup(escape(value)) for value in row) for row in personal)
        says = [desk.words.say("says_personal")]
        blocks.append(Block("identity", desk.words("personal"), tuple(says), head=head, rows=rows))
    elif personal is not None:
        blocks.append(Block("identity", desk.words("personal"), (desk.words.say("says_no_personal"),)))
    if desk.read["attributes"]:
        blocks.append(desk.table("attributes", "attributes", [], _ATTRIBUTES))
    return blocks


_COUNTED = (("count", "keys"), ("sources", "sources"))
Columns = tuple[tuple[str, str, Kind], ...]
_KEYS: Columns = (("source", "head_source", "text"), ("source_customer_id", "head_key", "text"))
_ATTRIBUTES: Columns = (("attribute", "head_what", "text"), ("value", "head_entry", "text"))


def worth(desk: Desk) -> list[Block]:
    """The expected value with its interval, snapshot by snapshot."""
    found, say = desk.read["value"], desk.words.say
    if not found:
        return [desk.nothing("value", "worth")]
    given = {
        "value": found.cell(-1, "clv", "money"),
        "lower": found.cell(-1, "clv_lower", "money"),
        "upper": found.cell(-1, "clv_upper", "money"),
        "days": found.cell(-1, "horizon_days", "count"),
        "orders": found.cell(-1, "expected_purchases", "ratio"),
        "spend": found.cell(-1, "expected_spend", "money"),
        "btyd": found.cell(-1, "btyd_spend", "money"),
    }
    says = [say("says_worth", **given)]
    change = found.cell(-1, "change", "money")
    if change.value is not None:
        key = "says_worth_up" if change.number >= 0 else "says_worth_down"
        says.append(say(key, change=change, before=found.cell(-2, "snapshot_date", "day")))
    if found.cell(-1, "is_rule").value:
        says.append(say("says_rule"))
    else:
        says.append(say("says_purchases", **given))
        if found.cell(-1, "is_disputed").value:
            says.append(say("says_purchases_differ", **given))
    return [
        desk.figure(
            "value",
            "worth",
            says,
            lambda name, words: svg.lines(
                name,
                words,
                found.column("snapshot_date"),
                {"clv": found.known("clv")},
                desk.words("axis_snapshot"),
                desk.words.currency,
                desk.words.shown("compact"),
                bands={"clv": (found.known("clv_lower"), found.known("clv_upper"))},
                from_zero=True,
            ),
        )
    ]


def leaving(desk: Desk) -> list[Block]:
    """How likely the customer leaves, the reasons in words, and what changed since the snapshot before."""
    found, reasons = desk.read["churn"], desk.read["reasons"]
    if not found:
        return [desk.nothing("churn", "leaving")]
    says = [
        desk.words.say(
            "says_leaving" if found.cell(-1, "is_active").value else "says_gone",
            probability=found.cell(-1, "churn_probability", "share"),
            days=found.cell(-1, "horizon_days", "count"),
            value=found.cell(-1, "value_at_risk", "money"),
            model=desk.words.name("model", found.cell(-1, "model").value),
        )
    ]
    blocks = [
        desk.figure(
            "churn",
            "leaving",
            says,
            lambda name, words: svg.lines(
                name,
                words,
                found.column("snapshot_date"),
                {"churn": found.known("churn_probability")},
                desk.words("axis_snapshot"),
                desk.words("axis_probability"),
                desk.words.shown("percent"),
                from_zero=True,
            ),
        )
    ]
    given = [row for row in reasons.indices() if reasons.cell(row, "reason").value]
    if given:
        rows = tuple(
            (
                desk.named(reasons.cell(row, "reason"), _reason(desk)(reasons, row)),
                desk.words.html(reasons.cell(row, "share", "share")),
            )
            for row in given
        )
        head = ((desk.words("head_why"), False), (desk.words("head_weight"), True))
        blocks.append(Block("reasons", desk.words("reasons"), head=head, rows=rows))
    return blocks + _changes(desk, found)


def _reason(desk: Desk) -> Callable[[Result, int], str]:
    return lambda result, row: desk.words.reason(str(result.cell(row, "reason").value), result.cell(row, "value").value)


def _changes(desk: Desk, scores: Result) -> list[Block]:
    """Why the score moved: what the customer did, or did not do, since the snapshot before."""
    change = scores.cell(-1, "change", "points")
    if change.value is None:
        return [Block("churn", desk.words("changes"), (desk.words.say("says_first_score"),))]
    before = scores.cell(-2, "snapshot_date", "day")
    is_same = abs(change.number) < SMALLEST_CHANGE
    key = "says_score_same" if is_same else "says_score_up" if change.number > 0 else "says_score_down"
    says = [
        desk.words.say(key, change=change, before=before, then=scores.cell(-2, "churn_probability", "share")),
        desk.words.say("says_refitted" if scores.cell(-1, "is_refitted").value else "says_same_model"),
    ]
    moved = desk.read["changes"]
    if not moved:
        says.append(desk.words.say("says_no_changes"))
        return [Block("changes", desk.words("changes"), tuple(says))]
    columns: list[tuple[str, str, Kind]] = [
        ("feature", "head_feature", "text"),
        ("before", "head_before", "fine"),
        ("now", "head_now_value", "fine"),
        ("distance", "head_distance", "signed_ratio"),
    ]
    named = {"feature": lambda result, row: desk.words.feature(str(result.cell(row, "feature").value))}
    return [desk.table("changes", "changes", says, columns, named)]


def path(desk: Desk) -> list[Block]:
    """The segments of the customer, snapshot by snapshot."""
    if not desk.read["segments"]:
        return [desk.nothing("segments", "path")]
    names = [desk.words.name("segment", item) for item in desk.read["segments"].column("rfm_segment")]
    steps = [name for i, name in enumerate(names) if not i or name != names[i - 1]]
    columns: list[tuple[str, str, Kind]] = [
        ("snapshot_date", "head_snapshot", "day"),
        ("rfm_segment", "head_segment", "text"),
        ("cluster_label", "head_cluster", "text"),
    ]
    named = {
        "rfm_segment": lambda r, row: desk.words.name("segment", r.cell(row, "rfm_segment").value),
        "cluster_label": lambda r, row: desk.words.cluster(r.cell(row, "cluster_label").value),
    }
    says = [desk.words.say("says_path", path=" → ".join(steps))]
    return [desk.table("segments", "path", says, columns, named)]


def offers(desk: Desk) -> list[Block]:
    """What to offer, why, and when the next purchase is due."""
    found = desk.read["recommendations"]
    if not found:
        blocks = [desk.nothing("recommendations", "offers")]
    else:
        columns: list[tuple[str, str, Kind]] = [
            ("rank", "head_rank", "count"),
            ("product", "head_product", "text"),
            ("reason_code", "head_why", "text"),
        ]
        blocks = [desk.table("recommendations", "offers", [], columns, {"reason_code": _offer_reason(desk)})]
    due = desk.read["next_order"]
    says = [desk.words.say("says_next", date=due.cell(0, "expected_date", "day"))] if _is_dated(due) else []
    if desk.read["next_purchase"]:
        columns = [
            ("category", "head_category", "text"),
            ("probability", "head_probability", "share"),
            ("expected_date", "head_expected", "day"),
            ("usual_gap_days", "head_gap", "ratio"),
        ]
        says.append(desk.words.say("says_categories"))
        blocks.append(desk.table("next_purchase", "next_purchase", says, columns))
    elif says:
        blocks.append(Block("next_order", desk.words("next_purchase"), tuple(says)))
    return blocks


def _is_dated(due: Result) -> bool:
    return bool(due) and due.cell(0, "expected_date").value is not None


_OFFER_KINDS: dict[str, Kind] = {
    "order_count": "count",
    "days_between_orders": "count",
    "days_since_last_ordered": "count",
    "related_product": "text",
    "product_order_count_30d": "count",
}


def _offer_reason(desk: Desk) -> Callable[[Result, int], str]:
    def said(result: Result, row: int) -> str:
        given: dict[str, Cell | str] = {name: result.cell(row, name, kind) for name, kind in _OFFER_KINDS.items()}
        return desk.words.spoken(f"offer.{result.cell(row, 'reason_code').value}", **given)

    return said


def timeline(desk: Desk) -> list[Block]:
    """The newest events: orders, returns, contacts, coupons, tickets, reviews, visits."""
    found = desk.read["timeline"]
    if not found:
        return [desk.nothing("timeline", "timeline")]
    columns: list[tuple[str, str, Kind]] = [
        ("happened_at", "head_day", "day"),
        ("event", "head_event", "text"),
        ("subject", "head_what", "text"),
        ("amount", "head_amount", "money"),
        ("lines", "head_lines", "count"),
    ]
    says = [desk.words.say("says_timeline", shown=str(len(found.rows)), events=found.cell(0, "events", "count"))]
    return [desk.table("timeline", "timeline", says, columns, {"event": desk.code("event")})]


def write_chapters(desk: Desk, personal: Personal | None) -> list[Chapter]:
    """All chapters, in the order in which they are read."""
    blocks = {
        "customer": summary(desk),
        "identity": identity(desk, personal),
        "worth": worth(desk),
        "leaving": leaving(desk),
        "path": path(desk),
        "offers": offers(desk),
        "timeline": timeline(desk),
    }
    return [Chapter(name, desk.words(f"chapter_{name}"), tuple(found)) for name, found in blocks.items()]
