"""Copies source files into immutable Parquet named by their sha256: all text, plus each record's position."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from difflib import get_close_matches
from hashlib import file_digest
from pathlib import Path

import duckdb
import pyarrow as pa

from crm_pipeline.contract.sql import referenced_columns
from crm_pipeline.errors import CrmError, UserError
from crm_pipeline.project import Source
from crm_pipeline.warehouse.connection import is_full_disk

TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
COPY_MEMORY = "2GB"
COMPRESSED = (".gz", ".zst")
DELIMITERS = (",", ";", "\t", "|")
HEADER_BYTES = 1_000_000


def sha256_of(path: Path) -> str:
    """Digest of a file's bytes; UserError when it cannot be read."""
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); check the file and its permissions") from None


def _literal(text: str | Path) -> str:
    return "'" + str(text).replace("'", "''") + "'"


def _reader(connection: duckdb.DuckDBPyConnection, path: Path) -> tuple[str, str, list[str]]:
    """The table function that reads the file, its kind (`text`, `parquet`, `json`) and the names of its columns.

    Nothing is guessed from the values: they are read as the text that they are, in every file of a source alike.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    kind = next((suffix for suffix in reversed(suffixes) if suffix not in COMPRESSED), "")
    if kind in TEXT_SUFFIXES:
        delimiter, names, blank_lines = read_header(path)
        return (
            f"read_csv({_literal(path)}, auto_detect = false, header = true, skip = {blank_lines}, "
            f"delim = {_literal(delimiter)}, quote = '\"', escape = '\"', columns = {_all_text(names)}, "
            "store_rejects = true, rejects_limit = 0)",
            "text",
            names,
        )
    if kind == ".parquet":
        reader = f"read_parquet({_literal(path)}, file_row_number = true)"
        return reader, "parquet", [name for name in _described(connection, reader) if name != "file_row_number"]
    if kind in JSON_SUFFIXES:
        options = f"{_literal(path)}, maximum_object_size = 16777216"
        names = _described(connection, f"read_json({options}, sample_size = -1)")
        return f"read_json({options}, columns = {_all_text(names)})", "json", names
    raise UserError(
        f"{path}: the file type {kind or 'without a suffix'!r} is not supported; "
        "expected CSV, TSV, JSON, JSON lines or Parquet"
    )


def read_header(path: Path) -> tuple[str, list[str], int]:
    """Delimiter (the one of `,`, `;`, tab and `|` that splits it most), names and leading blank lines of a text file.

    Names are trimmed; a missing one is called by its number, a repeated one gets a number. UserError without a header.
    """
    with pa.input_stream(str(path), compression="detect") as stream:
        text = stream.read(HEADER_BYTES).decode("utf-8-sig", errors="replace")
    lines = text.splitlines(keepends=True)
    blank_lines = next((number for number, line in enumerate(lines) if line.strip()), None)
    if blank_lines is None:
        raise UserError(f"{path}: the file is empty; expected a line with the names of its columns")
    records = {mark: next(csv.reader(lines[blank_lines:], delimiter=mark)) for mark in DELIMITERS}
    delimiter = max(DELIMITERS, key=lambda mark: len(records[mark]))
    names: list[str] = []
    taken: set[str] = set()
    for number, name in enumerate(records[delimiter]):
        name = base = name.strip() or f"column{number}"
        repeat = 0
        while name.lower() in taken:
            repeat += 1
            name = f"{base}_{repeat}"
        taken.add(name.lower())
        names.append(name)
    return delimiter, names, blank_lines


def _all_text(names: Iterable[str]) -> str:
    return "{" + ", ".join(f"{_literal(name)}: 'varchar'" for name in names) + "}"


def _described(connection: duckdb.DuckDBPyConnection, reader: str) -> list[str]:
    return [row[0] for row in connection.execute(f"describe select * from {reader}").fetchall()]


def copy_file(path: Path, source_name: str, source: Source, target: Path) -> int:
    """Write the immutable copy of one file to ``target``; returns its number of rows. UserError names file and line."""
    if path.stat().st_size == 0:
        raise UserError(f"{path}: the file is empty; expected the rows of source {source_name!r}")
    draft = target.with_suffix(".parquet.new")
    connection = duckdb.connect(config={"memory_limit": COPY_MEMORY})
    try:
        connection.execute("set TimeZone = 'UTC'")  # how times with a zone are written, on any machine
        reader, kind, names = _reader(connection, path)
        _check_columns(path, source_name, source, names)
        position = "file_row_number + 1" if kind == "parquet" else "row_number() over ()"
        if (
            kind == "parquet"
        ):  # each row carries its position, and keeping the order would hold much of the file in memory
            connection.execute("set preserve_insertion_order = false")
        texts = ", ".join(f'cast("{_escaped(name)}" as varchar) as "{_escaped(name)}"' for name in names)
        connection.execute(
            f"create temp view whole as select {position} as __position, cast(null as varchar) as __broken, "
            f"{texts} from {reader}"
        )
        connection.execute(f"copy (select * from whole) to {_literal(draft)} (format parquet, compression zstd)")
        if kind == "text":
            _append_broken(connection, draft, names)
        row = connection.execute(f"select count(*) from read_parquet({_literal(draft)})").fetchone()
    except (duckdb.Error, OSError, csv.Error) as error:
        draft.unlink(missing_ok=True)
        if is_full_disk(error):
            raise
        first = str(error).splitlines()[0]
        raise UserError(
            f"{path}: cannot be read ({first}); check the file, or correct `path` of source {source_name!r}"
        ) from None
    finally:
        connection.close()
    os.replace(draft, target)
    return int(row[0]) if row else 0


def check_copy(path: Path, source_name: str, source: Source, copy: Path) -> None:
    """UserError when the mapping names a column that a copied file does not have; CrmError without the copy."""
    if not copy.is_file():
        raise CrmError(f"{copy}: the kept copy of {path} is gone; copy it anew with: crm-pipeline run --force")
    with duckdb.connect() as connection:
        described = connection.execute(f"describe select * from read_parquet({_literal(copy)})").fetchall()
    _check_columns(path, source_name, source, [row[0] for row in described if not row[0].startswith("__")])


def _append_broken(connection: duckdb.DuckDBPyConnection, draft: Path, names: Iterable[str]) -> None:
    """Lines that are no record stay accounted for: they follow the records, with their number and what is wrong."""
    count = connection.execute("select count(*) from reject_errors").fetchone()
    if not count or not count[0]:
        return
    second = draft.with_suffix(".all")
    nulls = ", ".join(f'cast(null as varchar) as "{_escaped(name)}"' for name in names)
    connection.execute(
        f"copy (select * from read_parquet({_literal(draft)}) union all "
        f"select -line::bigint, min(lower(replace(error_type::varchar, '_', ' '))), {nulls} "
        "from reject_errors group by line order by 1) "
        f"to {_literal(second)} (format parquet, compression zstd)"
    )
    os.replace(second, draft)


def _escaped(name: str) -> str:
    return name.replace('"', '""')


def _check_columns(path: Path, source_name: str, source: Source, names: list[str]) -> None:
    for target, mapping in source.columns.items():
        wanted = [mapping.column] if mapping.column is not None else list(referenced_columns(mapping.sql or ""))
        for name in wanted:
            if name is not None and name.lower() not in {known.lower() for known in names}:
                near = get_close_matches(name, names, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(names[:20])}"
                raise UserError(
                    f"{path}: sources.{source_name}.columns.{target} names the column {name!r}, "
                    f"which is not in the file; {hint}"
                )
