"""Delimited text read with care, line by line: which lines are a record, which are none, and why.

This defines what a record is; `plain_lines` finds, in one pass over many bytes, the lines for which that is plain.

- A field that begins with the quote ends at the next quote that is not doubled (or escaped); after it comes a delimiter
  or the line's end. It may hold delimiters and line ends. Elsewhere a quote is a character like any other.
- A record has as many fields as there are columns. A line that begins none is rejected, and reading goes on with the
  next line: a quote that is never closed costs its own line only.
- A quoted field over several lines counts as never closed when most lines inside it are complete records themselves.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

LONGEST_RECORD_BYTES = 4 << 20
TOO_FEW, TOO_MANY = "too few fields", "too many fields"
AFTER_QUOTE = "text after a closing quote"
NEVER_CLOSED = "a quote is never closed"
INVALID_BYTES, ZERO_BYTES = "not valid in the file's encoding", "zero bytes"


@dataclass(frozen=True)
class Dialect:
    """How fields are written; ``quote``, ``escape`` and ``comment`` may be empty. All are single ASCII bytes."""

    delimiter: bytes
    quote: bytes = b'"'
    escape: bytes = b'"'
    comment: bytes = b""


@dataclass(frozen=True)
class Record:
    """The fields of ``line_count`` lines."""

    fields: list[str]
    line_count: int = 1


@dataclass(frozen=True)
class Rejected:
    """``line_count`` lines that are no record."""

    reason: str
    line_count: int = 1


@dataclass(frozen=True)
class Skipped:
    """An empty line or a comment."""

    line_count: int = 1


class MoreNeededError(Exception):
    """A quoted field is open where the lines at hand end, and more may follow."""


class RecordParser:
    """Parses records of one dialect; ``column_count`` None takes any number of fields (the header)."""

    def __init__(self, dialect: Dialect, column_count: int | None) -> None:
        self.dialect = dialect
        self.column_count = column_count
        quote, escape = re.escape(dialect.quote), re.escape(dialect.escape)
        doubled = dialect.escape == dialect.quote
        inside = rb"[^%b]++|%b%b" % (quote, quote, quote) if doubled else rb"[^%b%b]++|%b." % (quote, escape, escape)
        self._to_end = re.compile(rb"(?:%b)*+%b" % (inside, quote), re.DOTALL) if quote else None

    def next(self, lines: Sequence[bytes], at: int, is_end: bool) -> Record | Rejected | Skipped:
        """What stands at line ``at``. MoreNeededError when that takes further lines and ``is_end`` is false."""
        line = without_end(lines[at])
        if not line or (self.column_count != 1 and line.isspace() and self.dialect.delimiter not in line):
            return Skipped()
        if self.dialect.comment and line.startswith(self.dialect.comment):
            return Skipped()
        if not self.dialect.quote or self.dialect.quote not in line:
            return self._judged(line.split(self.dialect.delimiter), [lines[at]], [])
        return self._with_quotes(lines, at, is_end)

    def _with_quotes(self, lines: Sequence[bytes], at: int, is_end: bool) -> Record | Rejected:
        """Parse field by field; only a quoted field goes on to further lines."""
        quote, delimiter, to_end = self.dialect.quote, self.dialect.delimiter, self._to_end
        assert to_end is not None
        line, used, fields, start = without_end(lines[at]), 1, [], 0
        inside: list[bytes] = []  # whole lines of quoted values
        while True:
            if not line.startswith(quote, start):
                end = line.find(delimiter, start)
                fields.append(line[start:] if end < 0 else line[start:end])
                if end < 0:
                    return self._judged(fields, lines[at : at + used], inside)
                start = end + 1
                continue
            found = to_end.match(line, start + 1)
            if found is not None:
                fields.append(self._unescaped(line[start + 1 : found.end() - 1]))
            else:
                more = self._closing_line(lines, at + used, is_end)
                if more is None:
                    return Rejected(NEVER_CLOSED)
                found = to_end.match(lines[more])
                assert found is not None
                parts = [lines[at + used - 1][start + 1 :], *lines[at + used : more], lines[more][: found.end() - 1]]
                inside += parts[1:-1]
                fields.append(self._unescaped(b"".join(parts)))
                line, used = without_end(lines[more]), more - at + 1
            start = found.end() + 1
            if found.end() == len(line):
                return self._judged(fields, lines[at : at + used], inside)
            if not line.startswith(delimiter, found.end()):
                return Rejected(AFTER_QUOTE if used == 1 else NEVER_CLOSED)

    def _closing_line(self, lines: Sequence[bytes], at: int, is_end: bool) -> int | None:
        """The first line from ``at`` on that closes an open quote; None when none does, or none near enough."""
        assert self._to_end is not None
        size = 0
        for more in range(at, len(lines)):
            line = lines[more]
            size += len(line)
            if size > LONGEST_RECORD_BYTES:
                return None
            if self.dialect.quote in line and self._to_end.match(line):
                return more
        if not is_end:
            raise MoreNeededError
        return None

    def _unescaped(self, quoted: bytes) -> bytes:
        quote, escape = self.dialect.quote, self.dialect.escape
        if escape not in quoted:
            return quoted
        if quote == escape:
            return quoted.replace(quote + quote, quote)
        return re.sub(re.escape(escape) + rb"(.)", rb"\1", quoted, flags=re.DOTALL)

    def _judged(self, fields: list[bytes], lines: Sequence[bytes], inside: Sequence[bytes]) -> Record | Rejected:
        """The record of these lines, if it is one. ``inside`` are those that lie within a quoted value as a whole."""
        count, used = self.column_count, len(lines)
        if inside and count is not None and count > 2:
            complete = sum(self._is_complete(line) for line in inside)
            if 2 * complete > sum(bool(without_end(line)) for line in inside):
                return Rejected(NEVER_CLOSED)
        if count is not None and len(fields) != count:
            if used > 1 and count > 2 and self._is_complete(lines[-1]):
                return Rejected(NEVER_CLOSED)
            return Rejected(TOO_FEW if len(fields) < count else TOO_MANY, used)
        if any(b"\0" in field for field in fields):
            return Rejected(ZERO_BYTES, used)
        try:
            return Record([field.decode() for field in fields], used)
        except UnicodeDecodeError:
            return Rejected(INVALID_BYTES, used)

    def _is_complete(self, line: bytes) -> bool:
        """Whether a line is a record by itself, if the quotes inside it are taken for characters."""
        return without_end(line).count(self.dialect.delimiter) + 1 == self.column_count


def shown(line: bytes) -> str:
    """A line that is no record as text: what does not decode, and zero bytes, become question marks."""
    return without_end(line).decode(errors="replace").replace("\0", "\ufffd")


def without_end(line: bytes) -> bytes:
    """The line without its LF, CR LF or CR."""
    if line.endswith(b"\n"):
        return line[:-2] if line.endswith(b"\r\n") else line[:-1]
    return line[:-1] if line.endswith(b"\r") else line
