"""Finds, in one pass of array operations, the lines of a block that are plainly one record each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crm_pipeline.ingestion.reading.records import Dialect

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]
    Flags = npt.NDArray[np.bool_]

LF, CR = 10, 13


@dataclass(frozen=True)
class Lines:
    """Where the lines of a block begin and end (after their line end), and which are plainly one record."""

    starts: Ints
    ends: Ints
    is_plain: Flags


def find_plain_lines(data: bytes, dialect: Dialect, column_count: int) -> Lines:
    """Judge each line by itself; every line not found plain is to be read with care.

    Plain are lines with the right number of delimiters outside quotes, whose quotes open after a delimiter and close
    before one, that are valid UTF-8, and hold no zero byte, no escape character and no lone CR.
    """
    import numpy as np

    octets = np.frombuffer(data, np.uint8)
    starts, ends, is_plain = _lines(octets, data)
    delimiters = np.flatnonzero(octets == dialect.delimiter[0])
    if dialect.quote and dialect.quote in data:
        quotes = np.flatnonzero(octets == dialect.quote[0])
        is_plain &= _well_quoted(octets, starts, ends, quotes, dialect)
        line_of = np.searchsorted(ends, delimiters, side="right")
        before = np.searchsorted(quotes, starts)
        outside = ((np.searchsorted(quotes, delimiters) - before[line_of]) & 1) == 0
        counts = np.bincount(line_of[outside], minlength=len(ends))
    else:
        counts = np.diff(np.searchsorted(delimiters, ends), prepend=0)
    is_plain &= counts == column_count - 1
    is_plain &= ~_marked(octets, starts, ends, _unusual(data, dialect))
    if dialect.comment:
        is_plain &= octets[starts] != dialect.comment[0]
    if not data.isascii():
        _check_encoding(data, starts, ends, is_plain)
    return Lines(starts, ends, is_plain)


def _lines(octets: npt.NDArray[np.uint8], data: bytes) -> tuple[Ints, Ints, Flags]:
    import numpy as np

    ends = np.flatnonzero(octets == LF) + 1
    lone = np.empty(0, np.int64)
    if b"\r" in data:
        returns = np.flatnonzero(octets == CR)
        after = np.minimum(returns + 1, len(octets) - 1)
        lone = returns[(octets[after] != LF) | (returns + 1 == len(octets))] + 1
        ends = np.union1d(ends, lone)
    if not len(ends) or ends[-1] != len(octets):
        ends = np.append(ends, len(octets))
    starts = np.concatenate((np.zeros(1, np.int64), ends[:-1]))
    lengths = ends - starts
    is_plain = (lengths > 2) | ((octets[starts] != LF) & (octets[starts] != CR))
    is_plain &= ~np.isin(ends, lone)
    return starts, ends, is_plain


def _well_quoted(octets: npt.NDArray[np.uint8], starts: Ints, ends: Ints, quotes: Ints, dialect: Dialect) -> Flags:
    """Lines in which quotes come in pairs that open after a delimiter, close before one, or are doubled inside."""
    import numpy as np

    quote, delimiter = dialect.quote[0], dialect.delimiter[0]
    line_of = np.searchsorted(ends, quotes, side="right")
    first = np.searchsorted(quotes, starts)
    is_opening = ((np.arange(len(quotes)) - first[line_of]) & 1) == 0
    before = np.where(quotes > starts[line_of], octets[np.maximum(quotes - 1, 0)], delimiter)
    after = np.where(quotes + 1 < len(octets), octets[np.minimum(quotes + 1, len(octets) - 1)], LF)
    doubled = quote if dialect.escape == dialect.quote else delimiter
    opens = (before == delimiter) | (before == doubled)
    closes = (after == delimiter) | (after == LF) | (after == CR) | (after == doubled)
    wrong = np.where(is_opening, ~opens, ~closes)
    is_well = np.ones(len(ends), np.bool_)
    is_well[line_of[wrong]] = False
    is_well &= (np.bincount(line_of, minlength=len(ends)) & 1) == 0
    return is_well


def _unusual(data: bytes, dialect: Dialect) -> list[int]:
    unusual = [b"\0"] if b"\0" in data else []
    if dialect.escape and dialect.escape != dialect.quote and dialect.escape in data:
        unusual.append(dialect.escape)
    return [byte[0] for byte in unusual]


def _marked(octets: npt.NDArray[np.uint8], starts: Ints, ends: Ints, unusual: list[int]) -> Flags:
    """Lines that hold one of these bytes."""
    import numpy as np

    found = np.zeros(len(ends), np.bool_)
    for octet in unusual:
        found[np.searchsorted(ends, np.flatnonzero(octets == octet), side="right")] = True
    return found


def _check_encoding(data: bytes, starts: Ints, ends: Ints, is_plain: Flags) -> None:
    """Unset the lines that are not valid UTF-8."""
    import numpy as np

    try:
        data.decode()
        return
    except UnicodeDecodeError:
        pass
    octets = np.frombuffer(data, np.uint8)
    lines = np.unique(np.searchsorted(ends, np.flatnonzero(octets > 0x7F), side="right"))
    for line in lines:
        try:
            data[starts[line] : ends[line]].decode()
        except UnicodeDecodeError:
            is_plain[line] = False
