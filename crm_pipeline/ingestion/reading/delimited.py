"""Reads delimited text: plain lines in bulk, all others with care, and every physical line accounted for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crm_pipeline.errors import UserError
from crm_pipeline.ingestion.reading.blocks import Block, Blocks, count_lines
from crm_pipeline.ingestion.reading.dialect import find_delimiter, looks_like_data
from crm_pipeline.ingestion.reading.encoding import CHUNK_BYTES
from crm_pipeline.ingestion.reading.plain_lines import Lines, find_plain_lines
from crm_pipeline.ingestion.reading.reader import Facts, LineCounts, text_schema, text_table, unique_names
from crm_pipeline.ingestion.reading.records import Dialect, MoreNeededError, Record, RecordParser, Rejected, shown
from crm_pipeline.ingestion.reading.settings import ReadSettings

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

SMALLEST_PARSE_BYTES = 1 << 20


@dataclass
class _Careful:
    """What the careful parser made of a block's lines: index of the line -> fields or reason; where it stopped."""

    records: dict[int, list[str]] = field(default_factory=dict)
    rejected: dict[int, str] = field(default_factory=dict)
    lines: list[bytes] = field(default_factory=list)
    record_lines: int = 0
    skipped_lines: int = 0
    end: int = 0


class DelimitedReader:
    """Reads CSV and its kin. UserError when the file has no header; OSError when it cannot be read at all."""

    def __init__(self, path: Path, settings: ReadSettings, chunk_bytes: int = CHUNK_BYTES) -> None:
        self._path, self._settings = path, settings
        self._blocks = Blocks(path, settings.encoding, chunk_bytes)
        self.lines = LineCounts()
        self._dialect, self._names, self._header_lines, self._notes = self._look(chunk_bytes)
        self._parser = RecordParser(self._dialect, len(self._names))
        self._number = 0

    @property
    def facts(self) -> Facts:
        """Encoding, delimiter and names."""
        notes = list(self._notes)
        if not self._blocks.encoding.is_sure:
            notes.append(f"the encoding {self._blocks.encoding.name} is a guess from the letters")
        delimiter = self._dialect.delimiter.decode()
        return Facts("csv", tuple(self._names), self._blocks.encoding.name, delimiter, notes=tuple(notes))

    def _look(self, chunk_bytes: int) -> tuple[Dialect, list[str], int, list[str]]:
        """Dialect, names, number of lines up to the first record, and doubts, from the file's first block."""
        given = self._settings
        first = next((block for block in self._blocks if block.data), Block(b"", 1, 0))
        lines = first.data.splitlines(keepends=True)
        quote = given.quote.encode()
        escape = (given.escape or given.quote).encode()
        comment = (given.comment or "").encode()
        rest = lines[given.skip_lines :]
        delimiter = given.delimiter.encode() if given.delimiter else find_delimiter(rest, quote, escape, comment)
        dialect = Dialect(delimiter, quote, escape, comment)
        parser = RecordParser(dialect, None)
        at = given.skip_lines
        while at < len(lines):
            found = parser.next(lines, at, True)
            at += found.line_count
            if isinstance(found, Rejected):
                raise UserError(
                    f"{self._path}, line {at}: the header cannot be read ({found.reason}); "
                    "expected the names of the columns, or `read: {header: [names]}` in crm.yaml"
                )
            if isinstance(found, Record):
                return self._named(dialect, found, at)
        raise UserError(f"{self._path}: the file is empty; expected a line with the names of its columns")

    def _named(self, dialect: Dialect, first: Record, end: int) -> tuple[Dialect, list[str], int, list[str]]:
        header = self._settings.header
        if header is True:
            doubts = ["the first line looks like values, not names"] if looks_like_data(first.fields) else []
            return dialect, unique_names(first.fields), end, doubts
        names = header or [f"column{number}" for number in range(len(first.fields))]
        return dialect, unique_names(names), end - first.line_count, []

    def batches(self) -> Iterator[pa.Table]:
        """Tables in the order of the file; see `Reader.batches`."""
        self.lines, self._number = LineCounts(skipped=self._header_lines), 0
        to_skip, pending = self._header_lines, Block(b"", 1, 0)
        for block, is_last in _with_last(self._blocks):
            if block.problem is not None:
                if pending.data:
                    table, pending = self._read(pending, True)
                    yield table
                self.lines.rejected += 1
                yield text_table(self._names, [-block.first_line], [block.problem], [[None] for _ in self._names])
                continue
            if to_skip:
                block = _without_lines(block, to_skip)
                to_skip = 0 if block.data else to_skip - block.line_count
            if block.data:
                table, pending = self._read(_joined(pending, block), is_last)
                yield table
        self.lines.total = self._blocks.line_count

    def _read(self, block: Block, is_end: bool) -> tuple[pa.Table, Block]:
        """The records and rejected lines of a block, and its last lines where they need more to be judged."""
        import numpy as np

        if (whole := self._parse_whole(block)) is not None:
            self.lines.of_records += whole.num_rows
            return self._in_order(whole, np.arange(whole.num_rows), _Careful(), block.first_line), Block(b"", 1, 0)
        found = find_plain_lines(block.data, self._dialect, len(self._names))
        careful = self._read_carefully(block.data, found, is_end)
        plain = np.flatnonzero(found.is_plain[: careful.end])
        bulk = self._parse_lines(block.data, found, plain)
        if bulk is None:  # the two parsers disagree: take the one that says what a record is
            found.is_plain[:] = False
            careful = self._read_carefully(block.data, found, is_end)
            plain, bulk = plain[:0], self._empty()
        self.lines.of_records += len(plain) + careful.record_lines
        self.lines.rejected += len(careful.rejected)
        self.lines.skipped += careful.skipped_lines
        rest = Block(b"", 1, 0)
        if careful.end < len(found.starts):
            rest = Block(block.data[found.starts[careful.end] :], block.first_line + careful.end, 0)
        return self._in_order(bulk, plain, careful, block.first_line), rest

    def _parse_whole(self, block: Block) -> pa.Table | None:
        """All lines in one go, where nothing in them can be misread and each is a record; else None."""
        data, dialect = block.data, self._dialect
        doubtful = [b"\0", dialect.quote, dialect.comment, b"" if dialect.escape == dialect.quote else dialect.escape]
        if any(mark and mark in data for mark in doubtful):
            return None
        if b"\r" in data and data.count(b"\r") != data.count(b"\r\n"):
            return None
        return self._parse(data, count_lines(data), SMALLEST_PARSE_BYTES)

    def _read_carefully(self, data: bytes, found: Lines, is_end: bool) -> _Careful:
        """Parse every line that is not plain; lines that turn out to belong to its record are no longer plain."""
        import numpy as np

        careful = _Careful(end=len(found.starts))
        doubtful = np.flatnonzero(~found.is_plain).tolist()
        if not doubtful:
            return careful
        lines, free = _Lines(data, found), 0
        for at in doubtful:
            if at < free:
                continue
            try:
                result = self._parser.next(lines, at, is_end)
            except MoreNeededError:
                careful.end = at
                break
            free = at + result.line_count
            found.is_plain[at:free] = False
            if isinstance(result, Record):
                careful.records[at] = result.fields
                careful.record_lines += result.line_count
            elif isinstance(result, Rejected):
                careful.rejected |= dict.fromkeys(range(at, free), result.reason)
                careful.lines += lines[at:free]
            else:
                careful.skipped_lines += 1
        return careful

    def _parse_lines(self, data: bytes, found: Lines, plain: npt.NDArray[np.int64]) -> pa.Table | None:
        """The plain lines as columns; None unless each became one row."""
        import numpy as np

        if not len(plain):
            return self._empty()
        if len(plain) < len(found.starts):
            breaks = np.flatnonzero(np.diff(plain) > 1)
            firsts, lasts = plain[np.append(0, breaks + 1)], plain[np.append(breaks, len(plain) - 1)]
            runs = zip(found.starts[firsts].tolist(), found.ends[lasts].tolist(), strict=True)
            data = b"".join(data[start:end] for start, end in runs)
        longest = int((found.ends[plain] - found.starts[plain]).max())
        return self._parse(data, len(plain), max(SMALLEST_PARSE_BYTES, 2 * longest))

    def _empty(self) -> pa.Table:
        import pyarrow as pa

        return pa.table({f"c{number}": pa.array([], pa.string()) for number in range(len(self._names))})

    def _parse(self, data: bytes, row_count: int, block_size: int) -> pa.Table | None:
        """The lines as columns; None unless there are as many rows, each with all fields, and all is valid UTF-8."""
        import pyarrow as pa
        from pyarrow import csv

        names = [f"c{number}" for number in range(len(self._names))]
        quote = self._dialect.quote.decode() or False
        try:
            table = csv.read_csv(
                pa.py_buffer(data),
                read_options=csv.ReadOptions(column_names=names, block_size=block_size),
                parse_options=csv.ParseOptions(
                    delimiter=self._dialect.delimiter.decode(), quote_char=quote, double_quote=bool(quote)
                ),
                convert_options=csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    strings_can_be_null=False,
                    check_utf8=not data.isascii(),
                ),
            )
        except pa.ArrowInvalid:
            return None
        return table if table.num_rows == row_count else None

    def _in_order(self, bulk: pa.Table, plain: npt.NDArray[np.int64], careful: _Careful, first_line: int) -> pa.Table:
        """One table in the order of the lines, with positions."""
        import numpy as np
        import pyarrow as pa

        schema = text_schema(self._names)
        before, self._number = self._number, self._number + len(plain) + len(careful.records)
        if not careful.records and not careful.rejected:
            position = pa.array(np.arange(before + 1, self._number + 1))
            nothing = pa.nulls(len(plain), pa.string())
            return pa.Table.from_arrays([position, nothing, nothing, *bulk.columns], schema=schema)
        parsed = list(careful.records.values())
        nothing = [None] * (len(plain) + len(parsed))
        reasons = [*nothing, *careful.rejected.values()]
        lines = [*nothing, *(shown(line) for line in careful.lines)]
        at = np.concatenate((plain, np.array([*careful.records, *careful.rejected], np.int64)))
        order = np.argsort(at)
        is_record = np.arange(len(at)) < len(plain) + len(parsed)
        number = before + np.cumsum(is_record[order])
        position = np.where(is_record[order], number, -(at[order] + first_line))
        values = [
            pa.chunked_array(
                [
                    *column.chunks,
                    pa.array([*(row[index] for row in parsed), *([None] * len(careful.rejected))], pa.string()),
                ]
            ).take(pa.array(order))
            for index, column in enumerate(bulk.columns)
        ]
        own = [pa.array(item, pa.string()).take(pa.array(order)) for item in (reasons, lines)]
        return pa.Table.from_arrays([pa.array(position), *own, *values], schema=schema)


class _Lines(Sequence[bytes]):
    """The lines of a block, cut out when they are asked for."""

    def __init__(self, data: bytes, found: Lines) -> None:
        self._data, self._starts, self._ends = data, found.starts.tolist(), found.ends.tolist()

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return [self[index] for index in range(*at.indices(len(self)))]
        return self._data[self._starts[at] : self._ends[at]]


def _with_last(blocks: Iterable[Block]) -> Iterator[tuple[Block, bool]]:
    """Each block, and whether it is the last."""
    former: Block | None = None
    for block in blocks:
        if former is not None:
            yield former, False
        former = block
    if former is not None:
        yield former, True


def _joined(pending: Block, block: Block) -> Block:
    if not pending.data:
        return block
    return Block(pending.data + block.data, pending.first_line, pending.line_count + block.line_count)


def _without_lines(block: Block, count: int) -> Block:
    """The block without its first lines; empty, with its number of lines, when it has no more than these."""
    if count >= block.line_count:
        return Block(b"", block.first_line, block.line_count)
    start = 0
    for end_of_line in islice(re.finditer(rb"\r\n|\n|\r", block.data), count):
        start = end_of_line.end()
    return Block(block.data[start:], block.first_line + count, block.line_count - count)
