"""What is particular about orders: lines joined to them, what lines need and say only indirectly, shared numbers."""

from __future__ import annotations

from collections.abc import Sequence

from crm_pipeline.onboarding.files import FileGroup
from crm_pipeline.onboarding.guess import Guess, assign
from crm_pipeline.onboarding.mapping_lines import GOOD, column_line, quoted
from crm_pipeline.onboarding.order_values import customer_look, is_of_product
from crm_pipeline.onboarding.proposal import ProposedColumn, ProposedSource
from crm_pipeline.onboarding.relations import Keys, found_in, keys_of, values_of
from crm_pipeline.onboarding.roles import SURE

Found = tuple[ProposedSource, FileGroup, Guess]
"""A proposed source, the files that it reads, and what they were taken for."""
JOINED = 0.5


def products_of(source: ProposedSource, group: FileGroup, item: Guess, name: str) -> list[Found]:
    """Without a list of products: what the lines themselves say about them, as a source of its own."""
    key = item.columns.get("product_id")
    if item.entity != "order_lines" or key is None:
        return []
    looks = [look for look in group.looks if look.name == key.look.name or is_of_product(group, key.look, look)]
    described = assign("products", looks, {"product_id": key})
    if not any(described[name].score >= SURE for name in ("name", "category", "subcategory") if name in described):
        return []
    lines = [column_line(target, assigned, {}) for target, assigned in described.items()]
    note = "no list of products: their names as the lines have them, the newest of each counts"
    products = ProposedSource(name, "products", source.path, group.label, source.rows, dict(group.read), lines)
    products.static, products.notes = True, [note]
    used = {assigned.look.name for assigned in described.values()}
    source.unused = [unused for unused in source.unused if unused not in used]
    return [(products, group, Guess("products", item.score, described))]


def note_shared_orders(found: Sequence[Found]) -> None:
    """Two sources of lines that count their orders alike would melt different orders into one."""
    lines = [(source, group, item.columns["order_id"]) for source, group, item in found if _numbers_orders(item)]
    for index, (source, group, order_id) in enumerate(lines):
        for other, other_group, other_id in lines[:index]:
            keys = Keys("order_id", other.name, frozenset(values_of(other_group, other_id.look)))
            share = found_in(group, order_id.look, keys)
            if share:
                source.notes.append(
                    f"{100 * share:.0f} % of its order numbers occur in {other.name} as well: if they differ, "
                    "tell them apart with a prefix: {sql: \"'a-' || ...\"}"
                )


def _numbers_orders(item: Guess) -> bool:
    return item.entity == "order_lines" and "order_id" in item.columns


def derived_lines(group: FileGroup, item: Guess) -> dict[str, ProposedColumn | None]:
    """What orders and their lines need and the file has only indirectly; None for what is better left out."""
    found: dict[str, ProposedColumn | None] = {}
    columns = item.columns
    if item.entity == "order_lines" and "quantity" not in columns:
        note = "no column with quantities: each line counts as one piece"
        found["quantity"] = ProposedColumn("quantity", {"sql": "1"}, note)
    customer = customer_look(columns, group.looks)
    if customer is not None and "ordered_at" in columns:
        who = quoted(customer.name)
        if "customer_id" not in columns:
            who = f"md5(lower(trim({who})))"
            note = f"no customer number: a digest of {customer.name} stands for it"
            found["customer_id"] = ProposedColumn("customer_id", {"sql": who}, note)
        if "order_id" not in columns:
            note = "no order number: what a customer buys at one time counts as one order"
            sql = f"{who} || ' ' || {quoted(columns['ordered_at'].look.name)}"
            found["order_id"] = ProposedColumn("order_id", {"sql": sql}, note)
    line_id, order_id = columns.get("order_line_id"), columns.get("order_id")
    if line_id is not None and not line_id.look.is_unique:
        found["order_line_id"] = None
        is_told = line_id.look.filled >= GOOD
        if is_told and order_id is not None and _names_rows(group, order_id.look.name, line_id.look.name):
            both = f"{quoted(order_id.look.name)} || '-' || {quoted(line_id.look.name)}"
            found["order_line_id"] = ProposedColumn("order_line_id", {"sql": both})
    return found


def _names_rows(group: FileGroup, *names: str) -> bool:
    """Whether (nearly) no two rows of the sample have the same values in these columns."""
    rows = group.sample.rows
    different = rows.group_by(list(names), use_threads=False).aggregate([]).num_rows
    return bool(different >= GOOD * rows.num_rows)


def join_lines(found: Sequence[tuple[ProposedSource, FileGroup, Guess]]) -> None:
    """Lines without a date or customer take them from the file whose order numbers hold theirs."""
    headers = [(source, group, item) for source, group, item in found if item.entity == "orders"]
    for source, group, item in found:
        lines_id = item.columns.get("order_id")
        if item.entity != "order_lines" or lines_id is None:
            continue
        if "ordered_at" in item.columns and "customer_id" in item.columns:
            continue
        offers = [
            (found_in(group, lines_id.look, keys), header.name)
            for header, header_group, header_item in headers
            if (keys := keys_of(header_group, header_item)) is not None
        ]
        share, name = max(offers, default=(0.0, ""))
        if share < JOINED:
            continue
        source.join = name
        missing = [column for column in ("ordered_at", "customer_id") if column not in item.columns]
        what = " and ".join(column.replace("_id", "").replace("ordered_at", "date") for column in missing)
        note = f"join: {what} from {name}, whose order numbers hold {100 * share:.0f} % of these"
        if share < SURE:
            source.notes.append(note)
