"""Opens the reader that fits a file, and looks at files without copying them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from crm_pipeline.errors import UserError
from crm_pipeline.ingestion.reading.delimited import DelimitedReader
from crm_pipeline.ingestion.reading.json_files import JsonDocumentReader, JsonLinesReader, is_json_lines
from crm_pipeline.ingestion.reading.reader import BROKEN, OWN_COLUMNS, Facts, Reader, kind_of, unreadable
from crm_pipeline.ingestion.reading.settings import DEFAULT, Kind, ReadSettings

SAMPLE_ROWS = 1000


@dataclass(frozen=True)
class FileLook:
    """What was found by looking at the beginning of a file.

    ``names`` are its columns, ``rows`` up to 1,000 records as text (None: no value), ``rejected`` the reasons of lines
    among them that are no record; ``notes`` say what is doubtful. ``sheets`` are those of a workbook.
    """

    path: Path
    kind: Kind
    encoding: str | None
    delimiter: str | None
    names: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    rejected: tuple[str, ...] = ()
    sheet: str | None = None
    sheets: tuple[str, ...] = ()
    records: str | None = None
    notes: tuple[str, ...] = ()
    summary: str = ""


def open_reader(path: Path, settings: ReadSettings = DEFAULT, sample: int | None = None) -> Reader:
    """The reader for a file. ``sample`` limits how many JSON records are asked for their fields (default: all).

    UserError when the file is empty, of no known kind, or cannot be read as what it is.
    """
    try:
        if path.stat().st_size == 0:
            raise UserError(f"{path}: the file is empty; expected rows")
        return _open(path, settings, sample)
    except OSError as error:
        raise unreadable(path, error.strerror or error) from None


def _open(path: Path, settings: ReadSettings, sample: int | None) -> Reader:
    kind = _kind(path, settings)
    try:
        settings.check_kind(kind)
    except ValueError as error:
        raise UserError(f"{path}: `read`: {error}; correct `read` of its source in crm.yaml") from None
    if kind == "csv":
        return DelimitedReader(path, settings)
    if kind == "json":
        return JsonDocumentReader(path, settings, sample)
    if kind == "json_lines":
        return JsonLinesReader(path, settings, sample)
    if kind == "excel":
        from crm_pipeline.ingestion.reading.excel import ExcelReader

        return ExcelReader(path, settings)
    if kind == "parquet":
        from crm_pipeline.ingestion.reading.parquet import ParquetReader

        return ParquetReader(path)
    from crm_pipeline.ingestion.reading.log_lines import LogReader

    return LogReader(path, settings)


def _kind(path: Path, settings: ReadSettings) -> Kind:
    if settings.kind is not None:
        return settings.kind
    if settings.pattern is not None:
        return "log"
    found = kind_of(path)
    if found == "json" and is_json_lines(path, settings.encoding):
        return "json_lines"
    if found is None and settings.delimiter is not None:
        return "csv"
    if found is None:
        suffix = path.suffix or "without a suffix"
        raise UserError(
            f"{path}: the file type {suffix!r} is not supported; expected CSV, TSV, JSON, JSON lines, Parquet, Excel, "
            "or say what it is with `read: {kind: csv}`"
        )
    return found


def inspect_file(path: Path | str, read: ReadSettings | None = None) -> FileLook:
    """Look at the first records of a file; nothing is written.

    Args:
        path: the file.
        read: what is known about how it is written; the rest is found.

    Raises:
        UserError: it cannot be read, is empty or of no known kind.
    """
    path, settings = Path(path), read or DEFAULT
    reader = open_reader(path, settings, sample=SAMPLE_ROWS)
    rows: list[tuple[str | None, ...]] = []
    rejected: list[str] = []
    try:
        for table in reader.batches():
            head = table.slice(0, 2 * SAMPLE_ROWS)
            broken = head.column(BROKEN).to_pylist()
            values = zip(*(column.to_pylist() for column in head.columns[len(OWN_COLUMNS) :]), strict=True)
            rejected += [reason for reason in broken if reason is not None]
            rows += [row for row, reason in zip(values, broken, strict=True) if reason is None]
            if len(rows) >= SAMPLE_ROWS:
                break
    except OSError as error:
        raise unreadable(path, error.strerror or error) from None
    facts: Facts = reader.facts
    sheets = tuple(getattr(reader, "sheets", ()))
    return FileLook(
        path,
        facts.kind,
        facts.encoding,
        facts.delimiter,
        facts.names,
        tuple(rows[:SAMPLE_ROWS]),
        tuple(rejected),
        facts.sheet,
        sheets,
        facts.records,
        facts.notes,
        facts.summary,
    )
