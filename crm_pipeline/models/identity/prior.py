"""What is held about levels before any data is seen; a few hundred records outweigh it.

Orders of magnitude of ordinary populations: two strangers share a first name about once in 200 pairs, a birth date
once in 20,000, an e-mail address almost never. They keep a table of five records from learning that equal records are
what strangers look like.
"""

from __future__ import annotations

from crm_pipeline.models.identity.levels import Comparison

Levels = dict[str, tuple[float, ...]]
_EQUAL_STRANGERS = {
    "first_name": 5e-3,
    "last_name": 2e-3,
    "birth_date": 5e-5,
    "email": 1e-6,
    "phone": 1e-6,
    "street": 1e-3,
    "house_number": 2e-2,
    "address_2": 1e-3,
    "postcode": 1e-3,
    "city": 1e-2,
    "region": 0.1,
    "country": 0.7,
    "gender": 0.5,
    "organisation": 5e-4,
}
_EQUAL_SAME, _DIFFERENT_SAME = 0.82, 0.08
LEAST_RECORDS = 50
"""With fewer there is nothing to learn from, and what is held of ordinary populations serves."""
_STRANGER_PAIRS = 2_000.0
"""What is held about strangers counts as much as so many observed pairs."""


def of_strangers(comparison: Comparison) -> tuple[float, ...]:
    """Shares of levels among strangers; each level between equal and different is twice as frequent as equal."""
    equal = _EQUAL_STRANGERS[comparison.column]
    between = len(comparison.names) - 3
    shares = [equal, *[min(2 * equal, 0.1)] * between]
    return (*shares, max(1 - sum(shares), 0.05))


def of_same(comparison: Comparison) -> tuple[float, ...]:
    """Shares of levels among pairs of the same unit."""
    between = len(comparison.names) - 3
    if not between:
        return _EQUAL_SAME + _DIFFERENT_SAME, 1 - _EQUAL_SAME - _DIFFERENT_SAME
    rest = (1 - _EQUAL_SAME - _DIFFERENT_SAME) / between
    return (_EQUAL_SAME, *[rest] * between, _DIFFERENT_SAME)


def strangers(
    comparisons: tuple[Comparison, ...], observed: Levels, same: Levels, matched: float, pairs: float
) -> Levels:
    """Levels of strangers, from random pairs of which a share `matched` is the same unit, and the prior.

    Args:
        pairs: random pairs that were observed.
    """
    chance = {}
    for comparison in comparisons:
        column = comparison.column
        bare = [
            max((share - matched * m) * pairs, 0.02 * share * pairs * (1 - matched)) + _STRANGER_PAIRS * held
            for share, m, held in zip(observed[column], same[column], of_strangers(comparison), strict=True)
        ]
        chance[column] = tuple(share / sum(bare) for share in bare)
    return chance
