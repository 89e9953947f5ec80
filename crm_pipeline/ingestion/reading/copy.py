"""Copies files into immutable Parquet: all text, each record with its position, every physical line accounted for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from hashlib import file_digest
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from crm_pipeline.errors import UserError
from crm_pipeline.ingestion.reading.look import open_reader
from crm_pipeline.ingestion.reading.reader import BROKEN, LINE, POSITION, Facts, LineCounts, text_schema, unreadable
from crm_pipeline.ingestion.reading.settings import READER_VERSION, ReadSettings
from crm_pipeline.ingestion.reading.visible_ends import VisibleEnds
from crm_pipeline.warehouse.connection import is_full_disk

if TYPE_CHECKING:
    import pyarrow as pa

DICTIONARY_SAMPLE = 20_000
LARGEST_DICTIONARY_SHARE = 0.1
_LINE_ENDS = r"\r\n|\n|\r"


@dataclass(frozen=True)
class CopiedFile:
    """What was copied: rows (records and rejected lines), what was found, and what became of the lines.

    Of ``lines`` the total and the skipped ones are counted while reading; those of records and the rejected ones are
    counted again in the copy. None for files without lines.
    """

    row_count: int
    facts: Facts
    lines: LineCounts | None


def sha256_of(path: Path) -> str:
    """Digest of a file's bytes; UserError when it cannot be read.

    A process computes it once for a file that keeps its inode, size and times: a run asks several times, and years of
    files take their time.
    """
    try:
        state = path.stat()
        return _sha256(path, (state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns))
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); check the file and its permissions") from None


@lru_cache(maxsize=100_000)
def _sha256(path: Path, state: tuple[int, ...]) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def copy_name(sha256: str, read: ReadSettings) -> str:
    """The copy's file name: content, reader and the settings that decide what is read."""
    return ".".join(part for part in (sha256, f"r{READER_VERSION}", read.copy_digest, "parquet") if part)


def write_copy(
    path: Path, read: ReadSettings, target: Path, check: Callable[[Sequence[str]], None] = lambda names: None
) -> CopiedFile:
    """Write the copy of one file to ``target``, which appears only when it is whole.

    ``check`` is given the file's column names before anything is written.
    UserError when the file cannot be read; OSError when the disk is full.
    """
    draft = target.with_name(f"{target.name}.new")
    try:
        reader = open_reader(path, read)
        check(reader.facts.names)
        rows = _write(reader.batches(), draft, list(reader.facts.names))
        lines = _recounted(draft, reader.lines, reader.facts) if reader.lines else None
        os.replace(draft, target)
    except OSError as error:
        if is_full_disk(error):
            raise
        raise unreadable(path, error.strerror or error) from None
    finally:
        draft.unlink(missing_ok=True)
    return CopiedFile(rows, reader.facts, lines)


def _write(batches: Iterable[pa.Table], draft: Path, names: list[str]) -> int:
    """Write the batches while the next one is read; returns the number of rows."""
    from pyarrow import parquet

    rows, found, ends = 0, iter(batches), VisibleEnds(names)
    first = next(found, None)
    options = {
        "compression": "zstd",
        "use_dictionary": [BROKEN, LINE, *_repetitive(first, names)],
        "column_encoding": {POSITION: "DELTA_BINARY_PACKED"},
    }
    with parquet.ParquetWriter(draft, text_schema(names), **options) as writer, ThreadPoolExecutor(1) as pool:
        writing: Future[Any] | None = None
        for batch in chain([] if first is None else [first], found):
            if writing is not None:
                writing.result()
            writing = pool.submit(writer.write_table, batch)
            ends.look(batch)
            rows += batch.num_rows
        if writing is not None:
            writing.result()
        writer.add_key_value_metadata(ends.metadata)
    return rows


def _repetitive(batch: pa.Table | None, names: Sequence[str]) -> list[str]:
    """The columns whose values repeat: a dictionary of the others' values costs time, and space as well."""
    from pyarrow import compute

    if batch is None:
        return list(names)
    head = batch.slice(0, DICTIONARY_SAMPLE)
    counts = {name: compute.count_distinct(head.column(name)).as_py() for name in names}
    return [name for name, count in counts.items() if count <= LARGEST_DICTIONARY_SHARE * head.num_rows]


def _recounted(copy: Path, lines: LineCounts, facts: Facts) -> LineCounts:
    """The lines of records and the rejected ones, counted anew in what was written.

    A record of a delimited file takes one line and one more for each line end in its values.
    """
    from pyarrow import parquet

    broken = parquet.read_table(copy, columns=[BROKEN]).column(BROKEN)
    records, rejected = broken.null_count, len(broken) - broken.null_count
    if facts.kind == "json_lines":  # a line may hold several records, or none
        return LineCounts(lines.total, lines.skipped, lines.of_records, rejected)
    if records != lines.of_records:
        records += _line_ends(copy, facts.names)
    return LineCounts(lines.total, lines.skipped, records, rejected)


def _line_ends(copy: Path, names: Sequence[str]) -> int:
    """Line ends inside the values of a copy."""
    quoted = [name.replace('"', '""') for name in names]
    ends = [f"coalesce(sum(len(regexp_extract_all(\"{name}\", '{_LINE_ENDS}'))), 0)" for name in quoted]
    with duckdb.connect() as connection:
        row = connection.execute(
            f"select ({' + '.join(ends)})::bigint from read_parquet($copy)", {"copy": str(copy)}
        ).fetchone()
    return int(row[0]) if row else 0
