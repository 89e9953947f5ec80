"""From looked-at files to a proposed project: what each file is, how files hang together, and the mapping of each."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from crm_pipeline.counting import counted
from crm_pipeline.ingestion.entities import ENTITIES
from crm_pipeline.onboarding.columns import ColumnLook
from crm_pipeline.onboarding.files import FileGroup, pattern_for
from crm_pipeline.onboarding.guess import Assigned, Guess, assign, guess, missing_columns
from crm_pipeline.onboarding.mapping_lines import (
    attribute_lines,
    column_line,
    number_style,
    personal_lines,
    quoted,
    with_time_of_day,
)
from crm_pipeline.onboarding.missing_words import nulls_of
from crm_pipeline.onboarding.names import concepts, plain
from crm_pipeline.onboarding.order_sources import Found, derived_lines, join_lines, note_shared_orders, products_of
from crm_pipeline.onboarding.order_values import settled
from crm_pipeline.onboarding.proposal import ProposedColumn, ProposedSource
from crm_pipeline.onboarding.relations import Keys, contained, keys_of, merged, values_of

Guessed = list[tuple[FileGroup, Guess]]
CLOSE = 0.3
MOST_STATES = 50


def guess_entities(groups: Sequence[FileGroup]) -> tuple[Guessed, list[FileGroup]]:
    """The likeliest entity of each file, keys of other files taken into account; and the files that fit none."""
    first = [(group, next(iter(guess(group.stem, group.looks)), None)) for group in groups]
    masters = [keys for group, found in first if found is not None and (keys := keys_of(group, found)) is not None]
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
    masters = merged([keys for keys in masters if keys.label != group.label])
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
    for group, unsettled in fitting:
        item, notes = settled(group, unsettled)
        for number, path in enumerate(_paths(group, every, folder)):
            source = _source(group, item, path, _free_name(group.stem, item.entity, taken))
            source.notes += notes
            if number:
                source.notes.append("same columns as the source before")
            found.append((source, group, item))
    if all(item.entity != "products" for _, _, item in found):
        for source, group, item in list(found):
            found += products_of(source, group, item, _free_name(f"{source.name}_products", "products", taken))
    join_lines(found)
    note_shared_orders(found)
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
        replaced |= {whole for whole, part in (("full_name", "first_name"), ("address", "street")) if part in replaced}
        lines = [line for line in lines if line.target not in replaced] + personal
        used.update(name for line in personal for name in _columns_in(line, group.looks))
        lines += attribute_lines(group.looks, used)
    if item.entity in ("orders", "order_lines"):
        derived = derived_lines(group, item)
        lines = [line for line in lines if line.target not in derived] + [line for line in derived.values() if line]
    order = {column: index for index, column in enumerate(ENTITIES[item.entity].column_names)}
    source = ProposedSource(
        name,
        item.entity,
        path,
        group.label,
        group.sample.rows.num_rows,
        read={**style, **nulls_of(group.looks, used), **group.read},
        columns=sorted(lines, key=lambda line: order.get(line.target, len(order))),
        static=item.entity == "products",
        unused=[look.name for look in group.looks if look.name not in used],
    )
    if words := source.read.get("nulls"):
        source.notes.append(f"taken to mean that nothing is known: {', '.join(f'`{word}`' for word in words)}")
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


def _cancelled(group: FileGroup, look: ColumnLook) -> list[str]:
    """How to leave out orders that were called off, where the values of a status say so."""
    values = sorted(values_of(group, look)) if look.distinct <= MOST_STATES else []
    told = [value for value in values if any("cancelled" in word for word in concepts(value)[0])]
    if not told:
        return []
    listed = ", ".join("'" + value.replace("'", "''") + "'" for value in told)
    predicate = f"{quoted(look.name)} is null or {quoted(look.name)} not in ({listed})"
    return [
        f"cancelled orders are counted; leave them out with a line `where: {json.dumps(predicate, ensure_ascii=False)}`"
    ]


def _notes(group: FileGroup, item: Guess) -> list[str]:
    found = []
    rivals = [other for other in guess(group.stem, group.looks) if other.entity != item.entity]
    if rivals and item.score - rivals[0].score < CLOSE:
        found.append(f"may also be {rivals[0].entity}")
    if item.entity in ("orders", "order_lines"):
        found += [note for look in group.looks if look.says("status") for note in _cancelled(group, look)]
    currencies = [look for look in group.looks if look.says("currency") and look.distinct > 1]
    found += [f"{look.name} names {look.distinct} currencies; nothing is converted" for look in currencies]
    if "encoding" in group.read:
        found.append(f"read as {group.read['encoding']}, as the other files' language has it")
    rejected = group.sample.rows.num_rows - group.sample.rows.column("__broken").null_count
    if rejected:
        found.append(f"{counted(rejected, 'line')} cannot be read and will be rejected")
    if item.entity == "products":
        found.append("static: taken to have been like this always; without it earlier snapshots know no categories")
    return found + [note for note in group.sample.facts.notes]
