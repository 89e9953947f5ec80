"""A text file in blocks of whole physical lines, as UTF-8, with bounded memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from crm_pipeline.ingestion.reading.encoding import CHUNK_BYTES, Encoding, Utf8Chunks

LONGEST_LINE_BYTES = 16 << 20
TOO_LONG = "longer than 16 MB"
_LINE_END = re.compile(rb"\n|\r\n|\r(?=[^\n])")


@dataclass(frozen=True)
class Block:
    """Whole lines (each with its end; the file's last may have none), the first one's number, from 1, and how many.

    A line beyond the longest one that is read comes as a block of its own, without its bytes and with what is wrong.
    """

    data: bytes
    first_line: int
    line_count: int
    problem: str | None = None


def count_lines(data: bytes) -> int:
    """Physical lines: ended by LF, CR LF or CR, the last one maybe by nothing."""
    if not data:
        return 0
    ends = data.count(b"\n")
    if b"\r" in data:
        ends += data.count(b"\r") - data.count(b"\r\n")
    return ends + (data[-1:] not in (b"\n", b"\r"))


def _cut(data: bytes) -> int:
    """Length of the whole lines at the front. A CR at the very end may be half of a CR LF."""
    return max(data.rfind(b"\n"), data.rfind(b"\r", 0, len(data) - 1)) + 1


class Blocks:
    """Iterates over the blocks of one file; afterwards ``line_count`` is the number of its physical lines.

    OSError when the file, or the compressed stream in it, cannot be read to its end.
    """

    def __init__(self, path: Path, encoding: str | None = None, chunk_bytes: int = CHUNK_BYTES) -> None:
        self._path = path
        self._given = encoding
        self._chunk_bytes = chunk_bytes
        self._chunks: Utf8Chunks | None = None
        self.line_count = 0

    @property
    def encoding(self) -> Encoding:
        """The encoding given, or found so far."""
        return self._chunks.encoding if self._chunks else Encoding(self._given or "utf-8", self._given is not None)

    def __iter__(self) -> Iterator[Block]:
        self.line_count = 0
        with open_bytes(self._path) as stream:
            self._chunks = Utf8Chunks(stream, self._given, self._chunk_bytes)
            yield from self._split(self._chunks)

    def _split(self, chunks: Utf8Chunks) -> Iterator[Block]:
        rest, is_skipping = b"", False
        for chunk in chunks:
            data = rest + chunk
            if is_skipping:
                end_of_line = _LINE_END.search(data)
                if end_of_line is None:
                    rest = b"\r" if data.endswith(b"\r") else b""
                    continue
                data, is_skipping = data[end_of_line.end() :], False
            end = _cut(data)
            if end:
                yield self._block(data[:end], count_lines(data[:end]))
            rest = data[end:]
            if len(rest) > LONGEST_LINE_BYTES:
                yield self._block(b"", 1, TOO_LONG)
                rest, is_skipping = b"", True
        if rest and not is_skipping:
            yield self._block(rest, count_lines(rest))

    def _block(self, data: bytes, lines: int, problem: str | None = None) -> Block:
        first = self.line_count + 1
        self.line_count += lines
        return Block(data, first, lines, problem)


def open_bytes(path: Path) -> BinaryIO:
    """The file's bytes, decompressed where its name ends in `.gz` or `.zst`."""
    import pyarrow as pa

    return cast(BinaryIO, pa.input_stream(str(path), compression="detect"))
