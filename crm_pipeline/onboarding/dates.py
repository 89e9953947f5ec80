"""How dates and times are written: which layouts occur, and whether the day or the month comes first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

Order = Literal["day", "month", "unknown"]

_TIME = (
    r"(?P<gap>[ T]|,? +)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?P<second>:\d{2})?(?P<fraction>\.\d{1,6})?"
    r"(?P<half> ?[AaPp][Mm])?(?P<zone> ?(?:Z|[+-]\d{2}(?::?\d{2})?))?"
)
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_YEAR_FIRST = re.compile(rf"(?P<year>\d{{4}})(?P<mark>[-/.])(?P<b>\d{{1,2}})(?P=mark)(?P<c>\d{{1,2}})(?:{_TIME})?")
_YEAR_LAST = re.compile(
    rf"(?P<a>\d{{1,2}})(?P<mark>[-/.])(?P<b>\d{{1,2}})(?P=mark)(?P<year>\d{{4}}|\d{{2}})(?:{_TIME})?"
)
_NAMED = re.compile(
    rf"(?P<a>\d{{1,2}})(?P<mark>[-/. ])(?P<month>{_MONTHS})[a-z]*(?P=mark)(?P<year>\d{{4}}|\d{{2}})(?:{_TIME})?",
    re.IGNORECASE,
)
_CHINESE = re.compile(rf"(?P<year>\d{{4}})年(?P<b>\d{{1,2}})月(?P<c>\d{{1,2}})日(?:{_TIME})?")
_COMPACT = re.compile(r"(?P<year>(?:19|20)\d{2})(?P<b>0[1-9]|1[0-2])(?P<c>0[1-9]|[12]\d|3[01])")
EPOCH_SECONDS, EPOCH_MILLISECONDS = "epoch seconds", "epoch milliseconds"
_EPOCH = {EPOCH_SECONDS: re.compile(r"[01]\d{9}"), EPOCH_MILLISECONDS: re.compile(r"[01]\d{12}")}
TIME_ONLY = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")
_TWELVE = 12


@dataclass(frozen=True)
class DateLook:
    """How a column's dates are written.

    ``formats``: strptime formats, most frequent first; an empty one is read without a format, those of `_EPOCH` are
    numbers since 1970. ``share``: part of the
    values that have one of them. ``order``: what comes first where the month is a number after or before the day.
    ``is_decided``: whether a value proves the order (a number above 12), or there is nothing to decide.
    """

    formats: tuple[str, ...]
    share: float
    order: Order
    is_decided: bool
    has_time: bool


def _time_format(match: re.Match[str]) -> str:
    parts = match.groupdict()
    if parts.get("hour") is None:
        return ""
    half, zone = parts["half"], parts["zone"]
    text = parts["gap"] + ("%I" if half else "%H") + ":%M" + (":%S" if parts["second"] else "")
    text += ".%f" if parts["fraction"] else ""
    text += (" %p" if half.startswith(" ") else "%p") if half else ""
    return text + ((" %z" if zone.startswith(" ") else "%z") if zone else "")


def _layout(value: str) -> tuple[str, bool, re.Match[str]] | None:
    """A value's format (`<a>`, `<b>` where day and month are open), whether reading needs it, and the match."""
    if match := _YEAR_FIRST.fullmatch(value):
        mark, time = match["mark"], _time_format(match)
        return f"%Y{mark}%m{mark}%d{time}", mark == "." or "%p" in time or time.endswith(" %z"), match
    if match := _YEAR_LAST.fullmatch(value):
        mark, year = match["mark"], "%Y" if len(match["year"]) == 4 else "%y"
        return f"<a>{mark}<b>{mark}{year}{_time_format(match)}", True, match
    if match := _NAMED.fullmatch(value):
        mark, year = match["mark"], "%Y" if len(match["year"]) == 4 else "%y"
        return f"%d{mark}%b{mark}{year}{_time_format(match)}", True, match
    if match := _CHINESE.fullmatch(value):
        return f"%Y年%m月%d日{_time_format(match)}", True, match
    if match := _COMPACT.fullmatch(value):
        return "%Y%m%d", True, match
    return None


def _order(pairs: Sequence[tuple[int, int, int]]) -> tuple[Order, bool]:
    """Which of (first, second, year) is the day; decided by numbers above 12, else by which reading runs on in time."""
    firsts = sum(first > _TWELVE for first, _, _ in pairs)
    seconds = sum(second > _TWELVE for _, second, _ in pairs)
    if firsts or seconds:
        return ("day" if firsts >= seconds else "month"), min(firsts, seconds) * 20 <= max(firsts, seconds)
    days = [(year, second, first) for first, second, year in pairs]
    months = [(year, first, second) for first, second, year in pairs]
    back = [sum(b < a for a, b in pairwise(read)) for read in (days, months)]
    if 4 * min(back) < max(back):  # files are mostly written in order of time
        return ("day" if back[0] < back[1] else "month"), False
    return "unknown", False


def look_at_dates(values: Sequence[str]) -> DateLook | None:
    """How non-blank values are written as dates; None when fewer than half of them are dates."""
    found = [layout for value in values if (layout := _layout(value.strip())) is not None]
    if not values or 2 * len(found) < len(values):
        return None
    open_ones = [
        (int(match["a"]), int(match["b"]), int(match["year"])) for text, _, match in found if text.startswith("<a>")
    ]
    order, is_decided = _order(open_ones) if open_ones else ("unknown", True)
    if not is_decided and order == "unknown" and all("." in text for text, _, _ in found):
        order, is_decided = "day", True  # nobody writes the month first with points
    first, second = ("%m", "%d") if order == "month" else ("%d", "%m")
    counts = Counter(
        text.replace("<a>", first).replace("<b>", second) if is_needed else "" for text, is_needed, _ in found
    )
    formats = tuple(sorted(counts, key=lambda text: (-counts[text], text)))
    has_time = any(match.groupdict().get("hour") is not None for _, _, match in found)
    return DateLook(formats, len(found) / len(values), order, is_decided, has_time)


def look_at_epochs(values: Sequence[str]) -> DateLook | None:
    """Times as seconds or milliseconds since 1970; only where a name says that it is a time, for ids look alike."""
    for unit, pattern in _EPOCH.items():
        share = sum(pattern.fullmatch(value) is not None for value in values) / max(len(values), 1)
        if share > 0.5:
            return DateLook((unit,), share, "unknown", True, True)
    return None
