"""What changed between the columns of a source's former file and of its new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from crm_pipeline.ingestion.reading.reader import BROKEN

if TYPE_CHECKING:
    import pyarrow as pa

Change = Literal["new", "dropped", "renamed", "retyped"]
SAMPLE_ROWS = 5_000
LIKELY_SHAPE = 0.8
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
    """A column's name, how most of its values are written (None: there are none), and some of its values."""

    name: str
    shape: str | None
    values: frozenset[str]


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


@lru_cache(maxsize=64)  # copies never change, and each is looked at again when the next file comes
def look_at_columns(copy: Path) -> tuple[ColumnLook, ...]:
    """Every column of a copy, by its first records."""
    from pyarrow import compute, parquet

    with parquet.ParquetFile(copy) as file:
        names = [name for name in file.schema_arrow.names if not name.startswith("__")]
        head = next(file.iter_batches(SAMPLE_ROWS, columns=[BROKEN, *names]), None)
    if head is None:
        return tuple(ColumnLook(name, None, frozenset()) for name in names)
    head = head.filter(compute.is_null(head.column(BROKEN)))
    return tuple(_look(name, compute.utf8_trim_whitespace(head.column(name))) for name in names)


def _look(name: str, values: pa.Array) -> ColumnLook:
    from pyarrow import compute

    values = values.filter(compute.greater(compute.utf8_length(values), 0))
    if not len(values):
        return ColumnLook(name, None, frozenset())
    counts = [compute.sum(compute.match_substring_regex(values, rf"^({shape})$")).as_py() for _, shape in _SHAPES]
    best = max(range(len(counts)), key=lambda index: counts[index])
    shape = _SHAPES[best][0] if counts[best] >= LIKELY_SHAPE * len(values) else "text"
    return ColumnLook(name, shape, frozenset(compute.unique(values).to_pylist()))


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
