"""What changed between the columns of a source's former file and of its new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Literal

import duckdb

from crm_pipeline.ingestion.reading.reader import BROKEN

Change = Literal["new", "dropped", "renamed", "retyped"]
SAMPLE_ROWS = 20_000
LIKELY_RENAMED = 0.5
_SHAPES = (
    ("number", r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"),
    ("number with a comma", r"[+-]?\d{1,3}(\.\d{3})*,\d+|[+-]?\d+,\d+"),
    ("date year-month-day", r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([ T].*)?"),
    ("date with the year last", r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}([ T].*)?"),
    ("true or false", r"(?i)true|false|yes|no"),
)


@dataclass(frozen=True)
class ColumnLook:
    """A column's name, how most of its values are written (None: there are none), and some of its values' hashes."""

    name: str
    shape: str | None
    values: frozenset[int]


@dataclass(frozen=True)
class SchemaChange:
    """One change: the column by its former name (its new one where it is new), and what it was and is."""

    column: str
    change: Change
    before: str | None
    after: str | None


def schema_changes(former: Path, copy: Path) -> list[SchemaChange]:
    """What changed from the copy of a source's former file to that of its new one."""
    return compare_columns(look_at_columns(former), look_at_columns(copy))


def look_at_columns(copy: Path) -> list[ColumnLook]:
    """Every column of a copy, by its first rows; nothing of the values themselves is kept."""
    from pyarrow import parquet

    names = [name for name in parquet.read_schema(copy).names if not name.startswith("__")]
    with duckdb.connect() as connection:
        texts = ", ".join(f'trim("{_escaped(name)}") as c{index}' for index, name in enumerate(names))
        connection.execute(
            f"create temp table head as select {texts} from read_parquet($copy) "
            f"where {BROKEN} is null limit {SAMPLE_ROWS}",
            {"copy": str(copy)},
        )
        found = ", ".join(item for index in range(len(names)) for item in _aggregates(f"c{index}"))
        row = connection.execute(f"select {found} from head").fetchone()
    assert row is not None
    size = len(row) // max(1, len(names))
    return [_look(name, row[index * size : (index + 1) * size]) for index, name in enumerate(names)]


def _aggregates(column: str) -> list[str]:
    """How many values there are, their hashes, and how many have each shape."""
    filled = f"filter ({column} <> '')"
    shapes = [f"count(*) filter (regexp_full_match({column}, '{pattern}'))" for _, pattern in _SHAPES]
    return [f"count(*) {filled}", f"list(distinct hash({column})) {filled}", *shapes]


def _look(name: str, found: Sequence[Any]) -> ColumnLook:
    count, hashes, *counts = found
    if not count:
        return ColumnLook(name, None, frozenset())
    best = max(range(len(counts)), key=lambda index: counts[index])
    return ColumnLook(name, _SHAPES[best][0] if counts[best] >= 0.8 * count else "text", frozenset(hashes))


def _escaped(name: str) -> str:
    return name.replace('"', '""')


def compare_columns(before: Sequence[ColumnLook], after: Sequence[ColumnLook]) -> list[SchemaChange]:
    """New, dropped, renamed and retyped columns; the order of columns and the case of names do not matter.

    A column that went and one that came are the same, renamed, when their shapes agree and their values, places or
    names are alike.
    """
    old = {look.name.lower(): look for look in before}
    new = {look.name.lower(): look for look in after}
    gone = [look for key, look in old.items() if key not in new]
    come = [look for key, look in new.items() if key not in old]
    changes = [
        SchemaChange(old[key].name, "retyped", old[key].shape, new[key].shape)
        for key in old
        if key in new and old[key].shape and new[key].shape and old[key].shape != new[key].shape
    ]
    places = {look.name: place / max(1, len(looks)) for looks in (before, after) for place, look in enumerate(looks)}
    pairs = sorted(
        ((_likeness(a, b, places), a, b) for a in gone for b in come),
        key=lambda item: (-item[0], item[1].name, item[2].name),
    )
    for likeness, a, b in pairs:
        if likeness >= LIKELY_RENAMED and a in gone and b in come:
            changes.append(SchemaChange(a.name, "renamed", a.name, b.name))
            gone.remove(a)
            come.remove(b)
    changes += [SchemaChange(look.name, "dropped", look.shape, None) for look in gone]
    changes += [SchemaChange(look.name, "new", None, look.shape) for look in come]
    return sorted(changes, key=lambda change: (change.column, change.change))


def _likeness(a: ColumnLook, b: ColumnLook, places: dict[str, float]) -> float:
    """0 (another column) to 1: shared values count most, then the name, then the place in the file."""
    if a.shape and b.shape and a.shape != b.shape:
        return 0.0
    shared = len(a.values & b.values) / max(1, min(len(a.values), len(b.values)))
    named = SequenceMatcher(None, a.name.lower(), b.name.lower()).ratio()
    placed = 1 - abs(places[a.name] - places[b.name])
    return 0.5 * shared + 0.4 * named + 0.3 * placed if len(a.values) > 2 else 0.6 * named + 0.3 * placed
