"""How alike two values of a column are: levels from equal to different, as SQL over `l` and `r`.

Level 0 of every comparison means that a value is missing, then come the levels in order, the first that holds counts,
and the last is `different`. Similarity is by Jaro-Winkler (Winkler, 1990) and by Damerau-Levenshtein edits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from crm_pipeline.models.identity.settings import Unit

EXACT = "exact"
DIFFERENT = "different"
MISSING = "missing"
_SIDE = re.compile(r"\b([lr])\.(\w+)")


@dataclass(frozen=True)
class Comparison:
    """A column with its levels (name, SQL condition), without `missing` and `different`.

    Attributes:
        by_frequency: equal rare values say more than equal frequent ones.
        told_elsewhere: pairs for which another comparison says it all, so that this one counts as missing.
    """

    column: str
    levels: tuple[tuple[str, str], ...]
    by_frequency: bool = False
    told_elsewhere: str = "false"

    @property
    def names(self) -> tuple[str, ...]:
        """All levels by number: missing, the stated ones, different."""
        return (MISSING, *(name for name, _ in self.levels), DIFFERENT)

    @property
    def sql(self) -> str:
        """The number of the level of a pair."""
        cases = " ".join(f"when {condition} then {place}" for place, (_, condition) in enumerate(self.levels, start=1))
        return f"case when {self._missing} then 0 {cases} else {len(self.levels) + 1} end"

    @property
    def _missing(self) -> str:
        return f"l.{self.column} is null or r.{self.column} is null or ({self.told_elsewhere})"

    def splink_levels(self) -> list[dict[str, object]]:
        """The levels as splink states them."""
        null: dict[str, object] = {
            "sql_condition": _SIDE.sub(r"\2_\1", self._missing),
            "label_for_charts": MISSING,
            "is_null_level": True,
        }
        stated: list[dict[str, object]] = [
            {"sql_condition": _SIDE.sub(r"\2_\1", condition), "label_for_charts": name}
            for name, condition in self.levels
        ]
        return [null, *stated, {"sql_condition": "ELSE", "label_for_charts": DIFFERENT}]


def _equal(column: str) -> tuple[str, str]:
    return EXACT, f"l.{column} = r.{column}"


def _edits(column: str, edits: int) -> str:
    return f"damerau_levenshtein(l.{column}, r.{column}) <= {edits}"


def _alike(left: str, right: str, similarity: float) -> str:
    return f"jaro_winkler_similarity({left}, {right}) >= {similarity}"


def _text(column: str, *extra: tuple[str, str]) -> Comparison:
    """Free text: equal, a typing error away, alike."""
    left, right = f"l.{column}", f"r.{column}"
    close = (
        f"{_alike(left, right, 0.92)} or {_edits(column, 1)} or replace({left}, ' ', '') = replace({right}, ' ', '')"
    )
    return Comparison(
        column,
        (_equal(column), *extra, ("close", close), ("similar", _alike(left, right, 0.8))),
        by_frequency=True,
    )


_SWAPPED = "coalesce(l.first_name = r.last_name and l.last_name = r.first_name, false)"
_NEARLY_SWAPPED = (
    "coalesce(jaro_winkler_similarity(l.first_name, r.last_name) >= 0.85 "
    "and jaro_winkler_similarity(l.last_name, r.first_name) >= 0.85, false)"
)


def _name(column: str) -> Comparison:
    """A person's name, also shortened to an initial or to a part of it.

    Names that change places are a level of the first name: counting them for both would count one event twice.
    """
    left, right = f"l.{column}", f"r.{column}"
    exchanged = f"({_SWAPPED} or {_NEARLY_SWAPPED} and not (l.first_name = r.first_name or l.last_name = r.last_name))"
    part = (
        f"(length({left}) = 1 or length({right}) = 1) and left({left}, 1) = left({right}, 1) "
        f"or contains(' ' || {left} || ' ', ' ' || {right} || ' ') "
        f"or contains(' ' || {right} || ' ', ' ' || {left} || ' ')"
    )
    long_enough = f"length({left}) > 2 and length({right}) > 2"  # of two initials, one edit leaves nothing alike
    return Comparison(
        column,
        (
            _equal(column),
            *([("swapped", exchanged)] if column == "first_name" else []),
            ("close", f"{_alike(left, right, 0.92)} or {_edits(column, 1)} and {long_enough}"),
            ("part", part),
            ("sound", f"l.{column}_sound = r.{column}_sound and length(l.{column}_sound) > 1"),
            ("similar", _alike(left, right, 0.8)),
        ),
        by_frequency=True,
        told_elsewhere="false" if column == "first_name" else exchanged,
    )


def _code(column: str, edits: int = 1, by_frequency: bool = False) -> Comparison:
    """A code or number: equal, or a typing error away."""
    return Comparison(column, (_equal(column), ("one_edit", _edits(column, edits))), by_frequency=by_frequency)


_DAY_MONTH = (
    "left(l.birth_date, 4) = left(r.birth_date, 4) and substr(l.birth_date, 5, 2) = right(r.birth_date, 2) "
    "and right(l.birth_date, 2) = substr(r.birth_date, 5, 2)"
)
_TWO_PARTS = (
    "(left(l.birth_date, 4) = left(r.birth_date, 4))::integer "
    "+ (substr(l.birth_date, 5, 2) = substr(r.birth_date, 5, 2))::integer "
    "+ (right(l.birth_date, 2) = right(r.birth_date, 2))::integer >= 2"
)

_DIGITS = "regexp_replace({}, '[^0-9]', '', 'g')"

COMPARISONS = (
    _name("first_name"),
    _name("last_name"),
    Comparison(
        "birth_date",
        (
            _equal("birth_date"),
            ("swapped", _DAY_MONTH),
            ("one_edit", _edits("birth_date", 1)),
            ("two_parts", _TWO_PARTS),
            ("two_edits", _edits("birth_date", 2)),
        ),
        by_frequency=True,
    ),
    Comparison(
        "email",
        (
            _equal("email"),
            ("same_mailbox", "split_part(l.email, '@', 1) = split_part(r.email, '@', 1)"),
            # Namesakes have alike addresses that differ in their numbers, so these must be equal.
            ("close", f"{_edits('email', 2)} and {_DIGITS.format('l.email')} = {_DIGITS.format('r.email')}"),
        ),
        by_frequency=True,
    ),
    Comparison(
        "phone",
        (_equal("phone"), ("one_edit", _edits("phone", 1)), ("two_edits", _edits("phone", 2))),
        by_frequency=True,
    ),
    _text("street", ("swapped", "l.street = r.address_2 and coalesce(l.address_2 = r.street, true)")),
    _code("house_number"),
    _text("address_2", ("swapped", "l.address_2 = r.street and coalesce(l.street = r.address_2, true)")),
    Comparison(
        "postcode",
        (
            _equal("postcode"),
            ("one_edit", _edits("postcode", 1)),
            ("two_edits", f"length(l.postcode) >= 4 and {_edits('postcode', 2)}"),
        ),
        by_frequency=True,
    ),
    _text("city"),
    Comparison(
        "region", (_equal("region"), ("close", f"{_edits('region', 1)} or left(l.region, 3) = left(r.region, 3)"))
    ),
    Comparison("country", (_equal("country"),)),
    Comparison("gender", (_equal("gender"),)),
    Comparison(
        "organisation",
        (
            _equal("organisation"),
            ("close", f"{_alike('l.organisation', 'r.organisation', 0.92)} or {_edits('organisation', 1)}"),
            (
                "part",
                "starts_with(l.organisation, r.organisation || ' ') "
                "or starts_with(r.organisation, l.organisation || ' ')",
            ),
            ("similar", _alike("l.organisation", "r.organisation", 0.85)),
        ),
        by_frequency=True,
    ),
)
BY_COLUMN = {comparison.column: comparison for comparison in COMPARISONS}
BITS = 3
"""Of the number of a level in a pattern; no comparison has more than eight levels."""
_OF_A_PERSON = ("first_name", "last_name", "birth_date", "gender")


def comparisons_of(columns: tuple[str, ...], unit: Unit) -> tuple[Comparison, ...]:
    """The comparisons of columns that tell one unit from another; people do not tell organisations apart."""
    left_out = _OF_A_PERSON if unit == "organisation" else ()
    return tuple(c for c in COMPARISONS if c.column in columns and c.column not in left_out)


def pattern_sql(comparisons: tuple[Comparison, ...]) -> str:
    """All levels of a pair as one whole number, three bits for each comparison."""
    return (
        " + ".join(f"({c.sql})::bigint * {1 << (BITS * place)}" for place, c in enumerate(comparisons)) or "0::bigint"
    )
