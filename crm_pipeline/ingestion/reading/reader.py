"""What all readers of files have in common: batches of text with positions, and what was found about the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from crm_pipeline.errors import UserError
from crm_pipeline.ingestion.reading.settings import Kind

if TYPE_CHECKING:
    import pyarrow as pa

POSITION, BROKEN, LINE = "__position", "__broken", "__line"
OWN_COLUMNS = (POSITION, BROKEN, LINE)
"""What a copy has beside the file's columns: where a row stands, why it is no record, and then the line as it is."""
COMPRESSED = (".gz", ".zst")
KINDS: dict[str, Kind] = {
    **dict.fromkeys((".csv", ".tsv", ".txt", ".tab", ".psv", ".dat"), "csv"),
    ".json": "json",
    **dict.fromkeys((".jsonl", ".ndjson"), "json_lines"),
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
    **dict.fromkeys((".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"), "excel"),
}


@dataclass
class LineCounts:
    """What became of a text file's physical lines; ``total`` is counted apart from the other three."""

    total: int = 0
    skipped: int = 0
    of_records: int = 0
    rejected: int = 0


@dataclass(frozen=True)
class Facts:
    """What was found about a file, or given: shown to the user and kept in the manifest."""

    kind: Kind
    names: tuple[str, ...]
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    records: str | None = None
    notes: tuple[str, ...] = field(default=())
    sheets: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """One line, such as `csv, cp1252, delimiter ;`."""
        shown = {"\t": "tab", " ": "space"}.get(self.delimiter or "", self.delimiter)
        parts = [self.kind.replace("_", " "), self.encoding]
        parts += [f"delimiter {shown if str(shown).isprintable() else repr(shown)}"] if shown else []
        parts += [f"sheet {self.sheet}"] if self.sheet else []
        parts += [f"records {self.records}"] if self.records else []
        return ", ".join(part for part in parts if part)


class Reader(Protocol):
    """Reads one file. ``batches`` may be called again; ``facts`` and ``lines`` are complete when it has ended."""

    @property
    def facts(self) -> Facts: ...
    @property
    def lines(self) -> LineCounts | None:
        """Physical lines; None for files that have none (Parquet, Excel, whole JSON documents)."""
        ...

    def batches(self) -> Iterator[pa.Table]:
        """Tables of the copies' own columns and the file's, all text.

        A record has its number (from 1) as position; what is no record has minus its line's number, the reason, the
        line itself (where it is text), and no values.
        """
        ...


def kind_of(path: Path) -> Kind | None:
    """The kind of file that the name's suffix says, without `.gz` and `.zst`."""
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in COMPRESSED]
    return KINDS.get(suffixes[-1]) if suffixes else None


def unique_names(names: Sequence[str]) -> list[str]:
    """Trimmed names; a missing one is called by its number, a repeated one gets a number, whatever their case.

    The names of the copies' own columns lose their underscores.
    """
    found: list[str] = []
    taken: set[str] = set()
    for number, given in enumerate(names):
        name = base = given.strip().replace("\0", "") or f"column{number}"
        if base.lower() in OWN_COLUMNS:
            name = base = base.strip("_")
        repeat = 0
        while name.lower() in taken:
            repeat += 1
            name = f"{base}_{repeat}"
        taken.add(name.lower())
        found.append(name)
    return found


def text_schema(names: Sequence[str]) -> pa.Schema:
    """The copies' own columns, and the names as text."""
    import pyarrow as pa

    own = [(POSITION, pa.int64()), (BROKEN, pa.string()), (LINE, pa.string())]
    return pa.schema([*own, *((name, pa.string()) for name in names)])


def text_table(
    names: Sequence[str],
    positions: Sequence[int],
    broken: Sequence[str | None],
    columns: Sequence[Sequence[str | None]],
    lines: Sequence[str | None] | None = None,
) -> pa.Table:
    """A batch from Python values, column by column."""
    import pyarrow as pa

    arrays = [pa.array(positions, pa.int64()), pa.array(broken, pa.string())]
    arrays.append(pa.array(lines, pa.string()) if lines is not None else pa.nulls(len(positions), pa.string()))
    arrays += [pa.array(column, pa.string()) for column in columns]
    return pa.Table.from_arrays(arrays, schema=text_schema(names))


def unreadable(path: Path, what: object) -> UserError:
    """The error for a file that cannot be read as what it should be."""
    lines = str(what).splitlines() or [type(what).__name__]
    return UserError(f"{path}: cannot be read ({lines[0]}); check the file, or correct `path` or `read` of its source")
