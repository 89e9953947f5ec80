"""What one column looks like: the concepts of its name and the kind of its values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from crm_pipeline.onboarding.dates import TIME_ONLY, DateLook, look_at_dates, look_at_epochs
from crm_pipeline.onboarding.missing_words import DOUBTFUL, SURE, words_among
from crm_pipeline.onboarding.names import Concepts, concepts, plain, word_set
from crm_pipeline.onboarding.numbers import NumberLook, look_at_numbers

Kind = Literal["empty", "date", "time", "number", "boolean", "email", "phone", "text"]

STRICT: tuple[Kind, ...] = ("date", "time", "number", "email", "phone")
"""Kinds of which a word is none."""
MOST = 0.8
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_PHONE = re.compile(r"(\+|00|0|\()[\d ()/.\-]{6,20}")
_DATE_WORDS = frozenset({"date", "birth", "start", "end", "open", "close", "registered"})
YES = word_set("true yes y t 1 ja j oui o si s sim tak wahr vrai vero 是")
NO = word_set("false no n f 0 nein non nao nie nee falsch faux falso 否")
READ_AS_TRUE = word_set("true yes y t 1")
READ_AS_FALSE = word_set("false no n f 0")


@dataclass(frozen=True)
class ColumnLook:
    """A column as a sample shows it.

    ``words``: the concepts that each word of its name may stand for; ``unknown_words``: tokens that mean nothing to us.
    ``filled``: share of rows with a value. ``distinct``: different values in the sample, of ``rows`` rows.
    ``true_words``: the words for true, where they need translation. ``missing_words``: what stands for no value.
    """

    name: str
    words: tuple[Concepts, ...]
    unknown_words: int
    kind: Kind
    rows: int
    filled: float
    distinct: int
    dates: DateLook | None = None
    numbers: NumberLook | None = None
    true_words: tuple[str, ...] = ()
    longest: int = 0
    missing_words: tuple[str, ...] = ()

    @property
    def is_unique(self) -> bool:
        """Whether every row of the sample has a value of its own."""
        return self.rows > 0 and self.distinct == self.rows

    def says(self, *wanted: str) -> bool:
        """Whether every wanted concept is among the words of the name."""
        return all(any(concept in word for word in self.words) for concept in wanted)


def look_at(name: str, values: Sequence[str | None]) -> ColumnLook:
    """Judge a column by its name and a sample of its values as text; blank ones, and words for them, are missing."""
    given = [text.strip() for value in values if (text := value) is not None and text.strip()]
    words, unknown = concepts(name)
    missing = words_among(given, SURE)
    filled = [value for value in given if value not in missing] if missing else given
    kind, dates, numbers = _values(filled, words)
    if doubtful := words_among(filled, DOUBTFUL):
        rest = [value for value in filled if value not in doubtful]
        again = _values(rest, words)
        if again[0] in STRICT:
            kind, dates, numbers = again
            filled, missing = rest, {**missing, **doubtful}
    return ColumnLook(
        name,
        tuple(words),
        unknown,
        kind,
        rows=len(values),
        filled=len(filled) / len(values) if values else 0.0,
        distinct=len(set(filled)),
        dates=dates if kind == "date" else None,
        numbers=numbers if kind == "number" else None,
        true_words=_true_words(filled) if kind == "boolean" else (),
        longest=max(map(len, filled), default=0),
        missing_words=tuple(sorted(missing)),
    )


def _values(filled: Sequence[str], words: Sequence[Concepts]) -> tuple[Kind, DateLook | None, NumberLook | None]:
    """What values are, under a name of these concepts."""
    dates, numbers = look_at_dates(filled), look_at_numbers(filled)
    if dates is not None and dates.formats == ("%Y%m%d",) and not any(word & _DATE_WORDS for word in words):
        dates = None  # eight digits are a date only where the name says so
    if dates is None and any("date" in word for word in words):
        dates = look_at_epochs(filled)
    return _kind(filled, dates, numbers), dates, numbers


def _share(values: Sequence[str], pattern: re.Pattern[str]) -> float:
    return sum(pattern.fullmatch(value) is not None for value in values) / len(values)


def _kind(values: Sequence[str], dates: DateLook | None, numbers: NumberLook | None) -> Kind:
    if not values:
        return "empty"
    words = {plain(value) for value in values}
    if len(words) == 2 and words & YES and words & NO and words <= YES | NO and words != {"1", "0"}:
        return "boolean"
    if _share(values, _EMAIL) >= MOST:
        return "email"
    if dates is not None:
        return "date"
    if _share(values, TIME_ONLY) >= MOST:
        return "time"
    if numbers is not None and not all(value.startswith(("0", "+")) and len(value) > 6 for value in values):
        return "number"
    return "phone" if _share(values, _PHONE) >= MOST else "text"


def _true_words(values: Sequence[str]) -> tuple[str, ...]:
    """The words for true as they are written, unless all are read without help."""
    lowered = {value.lower() for value in values}
    if lowered <= READ_AS_TRUE | READ_AS_FALSE:
        return ()
    return tuple(sorted({value for value in values if plain(value) in YES}))
