"""Reads JSON: one record per line, or one document that holds the records in a list."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crm_pipeline.errors import UserError
from crm_pipeline.ingestion.reading.blocks import Blocks, open_bytes
from crm_pipeline.ingestion.reading.flatten import MOST_COLUMNS, NotARecordError, Row, parse_line, records_in
from crm_pipeline.ingestion.reading.reader import Facts, LineCounts, text_table, unique_names, unreadable
from crm_pipeline.ingestion.reading.records import shown
from crm_pipeline.ingestion.reading.settings import ReadSettings

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 20_000
_END = object()

Found = tuple[int, str | None, str | None, Row]
"""Position; of what is no record the reason and the line; values."""


def is_json_lines(path: Path, encoding: str | None) -> bool:
    """Whether a file's first line is a JSON object by itself and the next one begins another."""
    block = next((block for block in Blocks(path, encoding) if block.data.strip()), None)
    lines = [line for line in block.data.splitlines() if line.strip()][:2] if block else []
    if not lines or (len(lines) == 2 and not lines[1].lstrip().startswith(b"{")):
        return False
    try:
        return isinstance(parse_line(lines[0]), dict) and len(lines) == 2
    except NotARecordError:
        return False


class _JsonReader(ABC):
    """What both kinds share. ``sample`` limits how many records are asked for names (all, by default)."""

    lines: LineCounts | None

    def __init__(self, path: Path, settings: ReadSettings, sample: int | None) -> None:
        self._path, self._settings = path, settings
        self._names: dict[str, str] = self._find_names(sample)

    @abstractmethod
    def _found(self) -> Iterator[Found]:
        """What the file holds, in its order."""

    def _find_names(self, sample: int | None) -> dict[str, str]:
        """Every field's path and the column that holds it, in the order in which they first occur."""
        fields: dict[str, None] = {}
        for _, _, _, row in islice(self._found(), sample):
            if not row.keys() <= fields.keys():
                fields |= dict.fromkeys(row)
                if len(fields) > MOST_COLUMNS:
                    raise UserError(
                        f"{self._path}: more than {MOST_COLUMNS} different fields; say with `read: {{records: path}}` "
                        "where the records are"
                    )
        return dict(zip(fields, unique_names(list(fields)), strict=True))

    def batches(self) -> Iterator[pa.Table]:
        """Tables in the order of the file; see `Reader.batches`."""
        found = self._found()
        while batch := list(islice(found, BATCH_ROWS)):
            positions, broken, lines, rows = zip(*batch, strict=True)
            columns = [[row.get(field) for row in rows] for field in self._names]
            yield text_table(list(self._names.values()), positions, broken, columns, lines)


class JsonLinesReader(_JsonReader):
    """One JSON object per line; a line that is none is rejected."""

    def __init__(self, path: Path, settings: ReadSettings, sample: int | None = None) -> None:
        self.lines = LineCounts()
        self._blocks = Blocks(path, settings.encoding)
        super().__init__(path, settings, sample)

    @property
    def facts(self) -> Facts:
        """Encoding and names."""
        encoding = self._blocks.encoding
        notes = () if encoding.is_sure else (f"the encoding {encoding.name} is a guess from the letters",)
        records = self._settings.records
        return Facts("json_lines", tuple(self._names.values()), encoding.name, records=records, notes=notes)

    def _found(self) -> Iterator[Found]:
        self.lines = counts = LineCounts()
        number, path = 0, self._settings.records or ""
        for block in self._blocks:
            if block.problem:
                counts.rejected += 1
                yield -block.first_line, block.problem, None, {}
            for at, line in enumerate(block.data.splitlines(), start=block.first_line):
                if not line.strip():
                    counts.skipped += 1
                    continue
                try:
                    rows = list(records_in(parse_line(line), path))
                except NotARecordError as error:
                    counts.rejected += 1
                    yield -at, str(error), shown(line), {}
                    continue
                counts.of_records += 1
                for number, row in enumerate(rows, start=number + 1):  # noqa: B020
                    yield number, None, None, row
        counts.total = self._blocks.line_count


class JsonDocumentReader(_JsonReader):
    """One document, read as a stream: a list of records, or an object that holds one.

    A document that breaks off keeps the records before the break. What is no record has minus its place in the list as
    its position.
    """

    lines = None

    def __init__(self, path: Path, settings: ReadSettings, sample: int | None = None) -> None:
        self._outer, self._inner = self._locate(path, settings)
        super().__init__(path, settings, sample)

    @property
    def facts(self) -> Facts:
        """Names, and where the records are."""
        records = ".".join(step for step in (self._outer or "", self._inner) if step)
        return Facts("json", tuple(self._names.values()), "utf-8", records=records or None)

    @staticmethod
    def _locate(path: Path, settings: ReadSettings) -> tuple[str | None, str]:
        """The path of the list to stream (None: the document is one record) and the path of the records inside it."""
        import ijson

        wanted = settings.records or ""
        try:
            with open_bytes(path) as stream:
                for prefix, event, _ in ijson.parse(stream):
                    if event != "start_array" or "item" in prefix.split("."):
                        continue
                    if not prefix or not wanted or wanted == prefix or wanted.startswith(f"{prefix}."):
                        return prefix, wanted[len(prefix) :].lstrip(".")
        except (ijson.JSONError, UnicodeError) as error:
            raise unreadable(path, f"not JSON: {error}") from None
        return None, wanted

    def _found(self) -> Iterator[Found]:
        import ijson

        prefix = "" if self._outer is None else f"{self._outer}.item" if self._outer else "item"
        number, at = 0, 0
        with open_bytes(self._path) as stream:
            items = ijson.items(stream, prefix)
            while True:
                at += 1
                try:
                    value: Any = next(items, _END)
                    if value is _END:
                        return
                    rows = list(records_in(value, self._inner))
                except NotARecordError as error:
                    yield -at, str(error), None, {}
                    continue
                except (ijson.JSONError, UnicodeError, RecursionError) as error:
                    if not number:
                        raise unreadable(self._path, f"not JSON: {error}") from None
                    yield -at, "not JSON from here on", None, {}
                    return
                for row in rows:
                    number += 1
                    yield number, None, None, row
