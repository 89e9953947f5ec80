"""How numbers are written: decimal mark, thousands mark, currency signs, percent."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

SIGNS = {
    "€": "EUR",
    "£": "GBP",
    "R$": "BRL",
    "US$": "USD",
    "$": "USD",
    "¥": "CNY",
    "￥": "CNY",
    "元": "CNY",
    "zł": "PLN",
    "CHF": "CHF",
    "EUR": "EUR",
    "USD": "USD",
    "GBP": "GBP",
    "PLN": "PLN",
    "CNY": "CNY",
    "BRL": "BRL",
    "RMB": "CNY",
    "Fr.": "CHF",
    "kr": "SEK",
}
_SIGN = re.compile("|".join(re.escape(sign) for sign in sorted(SIGNS, key=len, reverse=True)))
_POINT = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+|\d{1,3}([ '\u2019]\d{3})+)(\.\d+)?([eE][+-]?\d+)?")
_COMMA = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+|\d{1,3}([ '\u2019]\d{3})+)(,\d+)?([eE][+-]?\d+)?")
_SPACES = re.compile(r"[\u00a0\u202f\u2009]")


@dataclass(frozen=True)
class NumberLook:
    """How a column's numbers are written.

    ``share``: part of the values that are numbers in this way. ``decimal``: the mark, None where the values do not
    tell (whole numbers, or `1.234` alone). ``thousands``: the mark between groups, if any. ``currency``: what their
    signs say; ``signs``: those signs. ``is_whole``: no decimals occur. ``is_share``: none is beyond 1.
    """

    share: float
    decimal: str | None
    thousands: str | None
    currency: str | None
    signs: tuple[str, ...]
    is_percent: bool
    is_whole: bool
    has_negative: bool
    is_share: bool = False


def _bare(value: str) -> tuple[str, str | None]:
    """The number without spaces around, percent and currency sign; and the sign."""
    text = _SPACES.sub(" ", value).strip().removesuffix("%").strip()
    sign = _SIGN.search(text)
    if sign is None:
        return text, None
    negative = text.startswith("-") and sign.start() <= 2
    rest = (text[: sign.start()] + text[sign.end() :]).strip()
    if negative and rest.startswith("-"):
        rest = "-" + rest[1:].strip()
    return rest, sign.group()


def look_at_numbers(values: Sequence[str]) -> NumberLook | None:
    """How non-blank values are written as numbers; None when fewer than half of them are numbers."""
    bare = [_bare(value) for value in values]
    points = [bool(_POINT.fullmatch(text)) for text, _ in bare]
    commas = [bool(_COMMA.fullmatch(text)) for text, _ in bare]
    if not values or 2 * max(sum(points), sum(commas)) < len(values):
        return None
    point, comma = sum(points) / len(values), sum(commas) / len(values)
    texts = [text for (text, _), a, b in zip(bare, points, commas, strict=True) if a or b]
    marked = [text for text in texts if re.search(r"[.,]", text)]
    decimal: str | None = None
    if marked:
        decimal = "." if point > comma else "," if comma > point else _mark_by_digits(marked)
    groups = Counter(mark for text in texts for mark in set(re.findall(r"(?<=\d)([ '\u2019.,])(?=\d{3}(?!\d))", text)))
    thousands = next((mark for mark, _ in groups.most_common() if decimal is not None and mark != decimal), None)
    signs = Counter(sign for _, sign in bare if sign)
    commonest = signs.most_common(1)[0][0] if signs else None
    return NumberLook(
        share=max(point, comma),
        decimal=decimal,
        thousands=thousands,
        currency=SIGNS[commonest] if commonest else None,
        signs=tuple(sorted(signs)),
        is_percent=2 * sum(value.strip().endswith("%") for value in values) > len(values),
        is_whole=not marked,
        has_negative=any(text.startswith("-") for text in texts),
        is_share=all(re.fullmatch(r"[+-]?(0?[.,]\d+|[01]([.,]0*)?)", text) for text in texts),
    )


def _mark_by_digits(marked: Sequence[str]) -> str | None:
    """The one mark in numbers such as `1.234`, if it cannot part thousands: never, when three digits always follow."""
    marks = {mark for text in marked for mark in re.findall(r"[.,]", text)}
    if len(marks) != 1:
        return None
    mark = marks.pop()
    return None if all(re.search(rf"\{mark}\d{{3}}$", text) for text in marked) else mark
