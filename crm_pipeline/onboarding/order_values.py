"""What the values of several columns say about order lines: which column numbers orders, and what is told per order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from crm_pipeline.onboarding.columns import ColumnLook
from crm_pipeline.onboarding.files import FileGroup
from crm_pipeline.onboarding.guess import UNCLEAR, Assigned, Guess, assign
from crm_pipeline.onboarding.mapping_lines import quoted
from crm_pipeline.onboarding.roles import SURE

ALIKE = 0.98
MOSTLY = 0.9
SEVERAL = 0.2
LEAST_ORDERS = 5
PER_ORDER = ("net_amount", "discount_amount")


def settled(group: FileGroup, item: Guess) -> tuple[Guess, list[str]]:
    """The guess of order lines, mended where the values contradict it, and what to tell; other guesses as they are."""
    if item.entity != "order_lines":
        return item, []
    columns = dict(item.columns)
    found = columns.get("order_id")
    if found is not None and _shared_by_customers(group, found.look, columns):
        del columns["order_id"]
    if "order_id" not in columns:
        numbering = _numbering(group, columns)
        if numbering is not None:
            columns = {name: other for name, other in columns.items() if other.look.name != numbering.look.name}
            columns["order_id"] = numbering
    told = _told_per_order(group, columns)
    mapped = [name for name in told if name in {other.look.name for other in columns.values()}]
    if mapped:
        kept = {name: other for name, other in columns.items() if other.look.name not in told}
        free = [look for look in group.looks if look.name not in told]
        columns = assign("order_lines", free, kept)
    notes = [f"{name} is told once per order, not per line, and left out" for name in mapped]
    return replace(item, columns=columns), notes


def customer_look(columns: Mapping[str, Assigned], looks: Sequence[ColumnLook]) -> ColumnLook | None:
    """What tells customers apart: their number, else the first column with e-mail addresses."""
    if "customer_id" in columns:
        return columns["customer_id"].look
    return next((look for look in looks if look.kind == "email"), None)


def _shared_by_customers(group: FileGroup, look: ColumnLook, columns: Mapping[str, Assigned]) -> bool:
    """Whether the column numbers something else, for many of its values belong to several customers."""
    customer = columns.get("customer_id")
    if customer is None:
        return False
    pairs = _different(group, look.name, customer.look.name)
    return pairs > (1 + SEVERAL) * _different(group, look.name)


def _numbering(group: FileGroup, columns: Mapping[str, Assigned]) -> Assigned | None:
    """The column whose values go one to one with customers at a time, or a repeating number of one: orders."""
    customer, when = customer_look(columns, group.looks), columns.get("ordered_at")
    if customer is None or when is None:
        return None
    moments = _different(group, customer.name, when.look.name)
    settled_names = {item.look.name for item in columns.values() if item.score >= SURE}
    if moments > ALIKE * group.sample.rows.num_rows:
        return None  # one line in each order: any column would do
    for look in group.looks:
        may_be = look.kind in ("text", "number") and (look.numbers is None or look.numbers.is_whole)
        if not may_be or look.name in settled_names or look.name == customer.name or look.filled < ALIKE:
            continue
        alone, together = _different(group, look.name), _different(group, look.name, customer.name, when.look.name)
        is_number = look.says("id") and alone < ALIKE * group.sample.rows.num_rows
        if ALIKE * together <= alone and (ALIKE * together <= moments or is_number):
            return Assigned(look, UNCLEAR, "each of its values has one customer and one time")
    return None


def _told_per_order(group: FileGroup, columns: Mapping[str, Assigned]) -> list[str]:
    """Columns of amounts that hold the order's total: only in one of its lines, or the same in all of them."""
    order, price = columns.get("order_id"), columns.get("unit_price")
    if order is None or price is None or "quantity" not in columns:
        return []
    elsewhere = {item.look.name for column, item in columns.items() if column not in PER_ORDER}
    amounts = [
        look.name for look in group.looks if look.kind == "number" and look.distinct > 1 and look.name not in elsewhere
    ]
    return [name for name in amounts if _is_per_order(group, order.look.name, name, price.look.name)]


def _is_per_order(group: FileGroup, order: str, amount: str, price: str) -> bool:
    """Of orders with several lines of different prices, nearly all have the amount once, or the same in each line."""
    row = _query(
        group,
        f"""with lines as (
            select {quoted(order)} as id, nullif(trim({quoted(amount)}), '') as amount, {quoted(price)} as price
            from sample_rows
        ), per_order as (
            select count(amount) as filled, count(*) as lines, count(distinct amount) as different
            from lines group by id having count(distinct price) > 1 and count(amount) > 0
        )
        select count(*), count(*) filter (filled = 1), count(*) filter (filled = lines and different = 1)
        from per_order""",
    )
    orders, once, same = row
    return orders >= LEAST_ORDERS and max(once, same) >= MOSTLY * orders


def is_of_product(group: FileGroup, key: ColumnLook, look: ColumnLook) -> bool:
    """Whether the column tells something of the product: most of those in several lines have one value."""
    several, one = _query(
        group,
        f"""select count(*), count(*) filter (different = 1) from (
            select count(distinct {quoted(look.name)}) as different
            from sample_rows group by {quoted(key.name)} having count({quoted(look.name)}) > 2
        )""",
    )
    return 2 * one >= several


def _different(group: FileGroup, *names: str) -> int:
    return int(group.sample.rows.group_by(list(names), use_threads=False).aggregate([]).num_rows)


def _query(group: FileGroup, sql: str) -> tuple[int, ...]:
    import duckdb

    with duckdb.connect() as connection:
        connection.register("sample_rows", group.sample.rows)
        row = connection.execute(sql).fetchone()
    assert row is not None
    return row
