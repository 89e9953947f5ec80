"""From looked-at files to a proposed project: what each file is, how files hang together, and the mapping of each."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from crm_pipeline.ingestion.entities import ENTITIES
from crm_pipeline.onboarding.columns import ColumnLook
from crm_pipeline.onboarding.files import FileGroup, pattern_for
from crm_pipeline.onboarding.guess import Assigned, Guess, assign, guess, missing_columns
from crm_pipeline.onboarding.mapping_lines import (
    GOOD,
    attribute_lines,
    column_line,
    number_style,
    personal_lines,
    quoted,
    with_time_of_day,
)
from crm_pipeline.onboarding.names import plain
from crm_pipeline.onboarding.proposal import ProposedColumn, ProposedSource
from crm_pipeline.onboarding.relations import Keys, contained, found_in, keys_of, merged, values_of
from crm_pipeline.onboarding.roles import SURE

Guessed = list[tuple[FileGroup, Guess]]
JOINED = 0.5
CLOSE = 0.3
CANCELLED = "has a status: if cancelled orders are among the rows, leave them out with a rule, as in docs/own-data.md"


def guess_entities(groups: Sequence[FileGroup]) -> tuple[Guessed, list[FileGroup]]:
    """The likeliest entity of each file, keys of other files taken into account; and the files that fit none."""
    first = [(group, next(iter(guess(group.stem, group.looks)), None)) for group in groups]
    masters = [keys for group, found in first if found is not None and (keys := keys_of(group, found)) is not None]
    masters = merged(masters)
    fitting: Guessed = []
    unknown = []
    for group, found in first:
        better = _with_keys(group, found, masters)
        if better is None:
            unknown.append(group)
        else:
            fitting.append((group, better))
    return fitting, unknown


def _with_keys(group: FileGroup, found: Guess | None, masters: Sequence[Keys]) -> Guess | None:
    """The guess again, with the columns whose values are keys of other files as settled."""
    best = found
    for candidate in _any_entity(group):
        known = contained(group, candidate, masters)
        if known:
            again = [g for g in guess(group.stem, group.looks, known) if g.entity == candidate.entity]
            if again and (best is None or again[0].score > best.score):
                best = again[0]
    return best


def _any_entity(group: FileGroup) -> list[Guess]:
    """Every entity, whatever is missing: other files' keys may fill it."""
    return [
        Guess(entity, 0.0, columns, tuple(missing_columns(entity, columns)))
        for entity in ENTITIES
        for columns in [assign(entity, group.looks)]
    ]


def propose_sources(fitting: Guessed, folder: Path) -> list[ProposedSource]:
    """One source per group of files, lines joined to their orders where they lack date or customer."""
    every = [path for group, _ in fitting for path in group.paths]
    found: list[Found] = []
    taken: set[str] = set()
    for group, item in fitting:
        for number, path in enumerate(_paths(group, every, folder)):
            source = _source(group, item, path, _free_name(group.stem, item.entity, taken))
            if number:
                source.notes.append("same columns as the source before")
            found.append((source, group, item))
    if all(item.entity != "products" for _, _, item in found):
        found += [lines for source, group, item in list(found) for lines in _products_of(source, group, item, taken)]
    _join_lines(found)
    _note_shared_orders(found)
    for source, _, item in found:
        columns = {line.target for line in source.columns} | ({"ordered_at"} if source.join else set())
        if any(other.join == source.name for other, _, _ in found):
            columns.add("net_amount")
        source.missing = {
            column.name: column.description
            for column in ENTITIES[item.entity].columns
            if column.required and column.name not in columns and not _follows(column.name, columns)
        }
    order = list(ENTITIES)
    return sorted((source for source, _, _ in found), key=lambda source: (order.index(source.entity), source.name))


Found = tuple[ProposedSource, FileGroup, Guess]


def _products_of(source: ProposedSource, group: FileGroup, item: Guess, taken: set[str]) -> list[Found]:
    """Without a list of products: what the lines themselves say about them, as a source of its own."""
    key = item.columns.get("product_id")
    if item.entity != "order_lines" or key is None:
        return []
    described = assign("products", group.looks, {"product_id": key})
    if not any(described[name].score >= SURE for name in ("name", "category") if name in described):
        return []
    lines = [column_line(target, assigned, {}) for target, assigned in described.items()]
    name = _free_name(f"{source.name}_products", "products", taken)
    note = "no list of products: their names as the lines have them, the newest of each counts"
    products = ProposedSource(name, "products", source.path, group.label, source.rows, dict(group.read), lines)
    products.static, products.notes = True, [note]
    used = {assigned.look.name for assigned in described.values()}
    source.unused = [unused for unused in source.unused if unused not in used]
    return [(products, group, Guess("products", item.score, described))]


def _note_shared_orders(found: Sequence[Found]) -> None:
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


def _follows(name: str, columns: set[str]) -> bool:
    return name == "net_amount" and "unit_price" in columns


def _paths(group: FileGroup, every: Sequence[Path], folder: Path) -> list[str]:
    pattern = pattern_for(group.paths, every)
    paths = [group.paths[0].with_name(pattern)] if pattern is not None else list(group.paths)
    return [_relative(path, folder) for path in paths]


def _relative(path: Path, folder: Path) -> str:
    """As it should stand in crm.yaml: below the project or beside it relative, elsewhere absolute."""
    beside = path.is_relative_to(folder) or path.is_relative_to(folder.parent)
    return Path(os.path.relpath(path, folder)).as_posix() if beside else path.as_posix()


def _free_name(stem: str, entity: str, taken: set[str]) -> str:
    name = re.sub(r"\W+", "_", plain(stem)).strip("_") or entity
    name = name if not name[0].isdigit() else f"{entity}_{name}"
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    taken.add(free)
    return free


def _source(group: FileGroup, item: Guess, path: str, name: str) -> ProposedSource:
    style = number_style(group.looks)
    used = {assigned.look.name for assigned in item.columns.values()}
    lines = [_line(target, assigned, style, group.looks, used) for target, assigned in item.columns.items()]
    if item.entity == "customers":
        parts = {item.columns[name].look.name for name in ("full_name", "address") if name in item.columns}
        personal = personal_lines(group.looks, used - parts)
        replaced = {line.target for line in personal}
        lines = [line for line in lines if line.target not in replaced] + personal
        used.update(name for line in personal for name in _columns_in(line, group.looks))
        lines += attribute_lines(group.looks, used)
    if item.entity == "order_lines":
        derived = _derived_lines(group, item)
        lines = [line for line in lines if line.target not in derived] + [line for line in derived.values() if line]
    order = {column: index for index, column in enumerate(ENTITIES[item.entity].column_names)}
    source = ProposedSource(
        name,
        item.entity,
        path,
        group.label,
        group.sample.rows.num_rows,
        read={**style, **group.read},
        columns=sorted(lines, key=lambda line: order.get(line.target, len(order))),
        static=item.entity == "products",
        unused=[look.name for look in group.looks if look.name not in used],
    )
    source.notes += _notes(group, item)
    return source


def _columns_in(line: ProposedColumn, looks: Sequence[ColumnLook]) -> list[str]:
    text = line.mapping if isinstance(line.mapping, str) else line.mapping.get("sql", "")
    return [look.name for look in looks if look.name == text or quoted(look.name) in text]


def _line(
    target: str, item: Assigned, style: Mapping[str, object], looks: Sequence[ColumnLook], used: set[str]
) -> ProposedColumn:
    line = column_line(target, item, style)
    return with_time_of_day(line, looks, used) if item.look.kind == "date" else line


def _notes(group: FileGroup, item: Guess) -> list[str]:
    found = []
    rivals = [other for other in guess(group.stem, group.looks) if other.entity != item.entity]
    if rivals and item.score - rivals[0].score < CLOSE:
        found.append(f"may also be {rivals[0].entity}")
    if item.entity in ("orders", "order_lines") and any(look.says("status") for look in group.looks):
        found.append(CANCELLED)
    currencies = [look for look in group.looks if look.says("currency") and look.distinct > 1]
    found += [f"{look.name} names {look.distinct} currencies; nothing is converted" for look in currencies]
    if "encoding" in group.read:
        found.append(f"read as {group.read['encoding']}, as the other files' language has it")
    rejected = group.sample.rows.num_rows - group.sample.rows.column("__broken").null_count
    if rejected:
        found.append(f"{rejected:,} lines cannot be read and will be rejected")
    if item.entity == "products":
        found.append("static: taken to have been like this always; without it earlier snapshots know no categories")
    return found + [note for note in group.sample.facts.notes]


def _derived_lines(group: FileGroup, item: Guess) -> dict[str, ProposedColumn | None]:
    """What order lines need and the file has only indirectly; None for what is better left out."""
    found: dict[str, ProposedColumn | None] = {}
    columns = item.columns
    if "quantity" not in columns:
        note = "no column with quantities: each line counts as one piece"
        found["quantity"] = ProposedColumn("quantity", {"sql": "1"}, note)
    if "order_id" not in columns and "customer_id" in columns and "ordered_at" in columns:
        customer, day = (quoted(columns[name].look.name) for name in ("customer_id", "ordered_at"))
        note = "no order number: what a customer buys at one time counts as one order"
        found["order_id"] = ProposedColumn("order_id", {"sql": f"{customer} || ' ' || {day}"}, note)
    line_id, order_id = columns.get("order_line_id"), columns.get("order_id")
    if line_id is not None and not line_id.look.is_unique:
        found["order_line_id"] = None
        if order_id is not None and _names_rows(group, order_id.look.name, line_id.look.name):
            both = f"{quoted(order_id.look.name)} || '-' || {quoted(line_id.look.name)}"
            found["order_line_id"] = ProposedColumn("order_line_id", {"sql": both})
    return found


def _names_rows(group: FileGroup, *names: str) -> bool:
    """Whether (nearly) no two rows of the sample have the same values in these columns."""
    rows = group.sample.rows
    different = rows.group_by(list(names), use_threads=False).aggregate([]).num_rows
    return bool(different >= GOOD * rows.num_rows)


def _join_lines(found: Sequence[tuple[ProposedSource, FileGroup, Guess]]) -> None:
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
