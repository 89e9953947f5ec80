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
        is_well = _well_quoted(octets, starts, ends, quotes, dialect)
        is_plain &= is_well
        rank = np.searchsorted(quotes, delimiters)
        if not is_well.all():  # else quotes come in pairs in each line, so those of lines before do not matter
            rank -= np.searchsorted(quotes, starts)[np.searchsorted(ends, delimiters, side="right")]
        delimiters = delimiters[(rank & 1) == 0]
    counts = np.diff(np.searchsorted(delimiters, ends), prepend=0)
    is_plain &= counts == column_count - 1
    is_plain &= ~_marked(octets, starts, ends, _unusual(data, dialect))
    if dialect.comment:
        is_plain &= octets[starts] != dialect.comment[0]
    if not _is_utf8(data):
        _unset_invalid(data, octets, starts, ends, is_plain)
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

    counts = np.diff(np.searchsorted(quotes, ends), prepend=0)
    is_well: Flags = (counts & 1) == 0
    if is_well.all():
        rank = np.arange(len(quotes))
    else:
        line_of = np.searchsorted(ends, quotes, side="right")
        rank = np.arange(len(quotes)) - np.searchsorted(quotes, starts)[line_of]
    wrong = quotes[~_fits(octets, quotes, (rank & 1) == 0, dialect)]
    is_well[np.searchsorted(ends, wrong, side="right")] = False
    return is_well


def _fits(octets: npt.NDArray[np.uint8], quotes: Ints, is_opening: Flags, dialect: Dialect) -> Flags:
    """Whether what stands before an opening quote, or after a closing one, lets it be one."""
    import numpy as np

    around = np.zeros(256, np.bool_)
    around[[dialect.delimiter[0], LF, CR, *(dialect.quote if dialect.escape == dialect.quote else b"")]] = True
    beside = np.where(is_opening, quotes - 1, quotes + 1)
    is_edge = (beside < 0) | (beside >= len(octets))
    fits: Flags = is_edge | around[octets[np.clip(beside, 0, len(octets) - 1)]]
    return fits


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


def _unset_invalid(data: bytes, octets: npt.NDArray[np.uint8], starts: Ints, ends: Ints, is_plain: Flags) -> None:
    """Unset the lines that are not valid UTF-8."""
    import numpy as np

    for line in np.unique(np.searchsorted(ends, np.flatnonzero(octets > 0x7F), side="right")):
        is_plain[line] &= _is_utf8(data[starts[line] : ends[line]])


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
