"""How two records may be related, and which of them that makes of a pattern of agreement.

Fellegi and Sunter (1969) know matches and non-matches. Families break that: two of one household agree on surname,
address and phone as if they were one person; and so do moves: who lives elsewhere differs in street, postcode and city
at once. So a pair is the same unit, the same that has moved, of one household, twins, namesakes of one household (Sr.
and Jr.), strangers of the same name (first and last names come from one culture together), neighbours or strangers.
Each relation takes, column by column, a share of the levels of the
same unit and the rest of the levels of strangers; only how frequent each relation is, and the levels of the same unit,
are learned from the data (expectation maximisation over all candidate pairs; pairs never looked at are strangers).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crm_pipeline.models.identity.levels import BITS, Comparison
from crm_pipeline.models.identity.prior import of_same
from crm_pipeline.models.identity.settings import Unit

FloatArray = NDArray[np.float64]
SAME, MOVED, STRANGERS = "same", "moved", "strangers"
_HOME = {
    "street": 1.0,
    "house_number": 1.0,
    "address_2": 1.0,
    "postcode": 1.0,
    "city": 1.0,
    "region": 1.0,
    "country": 1.0,
}
_HOUSEHOLD = {**_HOME, "last_name": 0.8, "phone": 0.5, "email": 0.2, "organisation": 0.3}
_PERSON = ("first_name", "last_name", "birth_date", "email", "phone", "gender", "organisation", "country")
_MOVED = dict.fromkeys(_PERSON, 1.0)
_AREA = {"postcode": 1.0, "city": 1.0, "region": 1.0, "country": 1.0}
_OF_PEOPLE: dict[str, dict[str, float]] = {
    MOVED: _MOVED,
    "household": _HOUSEHOLD,
    "twins": {**_HOUSEHOLD, "last_name": 1.0, "birth_date": 1.0},
    "namesakes": {**_HOUSEHOLD, "last_name": 1.0, "first_name": 1.0, "gender": 1.0},
    "same_name": {"first_name": 1.0, "last_name": 1.0, "gender": 1.0, "country": 1.0},
    "neighbours": _AREA,
}
_OF_ORGANISATIONS: dict[str, dict[str, float]] = {
    MOVED: _MOVED,
    "one_building": {**_HOME, "phone": 0.2},
    "neighbours": _AREA,
}
_START = {MOVED: 0.05, "household": 0.3, "twins": 0.003, "namesakes": 0.003, "same_name": 0.05, "one_building": 0.3}
"""Pairs of the relation for each pair of the same unit, to start from."""
_ROUNDS, _CHANGE, _LOWEST = 200, 1e-7, 1e-9


@dataclass(frozen=True)
class Patterns:
    """Distinct patterns of levels: (p, c) level numbers with 0 for missing, and how many pairs have each."""

    levels: NDArray[np.int64]
    counts: FloatArray

    @classmethod
    def of(cls, codes: NDArray[np.int64], counts: FloatArray, comparisons: tuple[Comparison, ...]) -> Patterns:
        """From the whole numbers that SQL makes."""
        shifts = np.arange(len(comparisons)) * BITS
        return cls((codes[:, None] >> shifts) & ((1 << BITS) - 1), counts)


def sharing(unit: Unit) -> dict[str, dict[str, float]]:
    """By relation, the share of the same unit's levels that a column takes; columns left out are as among strangers."""
    return _OF_ORGANISATIONS if unit == "organisation" else _OF_PEOPLE


def log_likelihoods(
    patterns: Patterns,
    comparisons: tuple[Comparison, ...],
    same: dict[str, tuple[float, ...]],
    chance: dict[str, tuple[float, ...]],
    shares: dict[str, float],
) -> FloatArray:
    """(p,) log2 of the probability of each pattern, given the relation whose shares these are."""
    total = np.zeros(len(patterns.levels))
    for place, comparison in enumerate(comparisons):
        share = shares.get(comparison.column, 0.0)
        mixed = share * np.array(same[comparison.column]) + (1 - share) * np.array(chance[comparison.column])
        total += np.concatenate([[0.0], np.log2(np.maximum(mixed, _LOWEST))])[patterns.levels[:, place]]
    return total


def weights(
    patterns: Patterns,
    comparisons: tuple[Comparison, ...],
    unit: Unit,
    same: dict[str, tuple[float, ...]],
    chance: dict[str, tuple[float, ...]],
    shares_of_pairs: dict[str, float],
) -> dict[str, FloatArray]:
    """By relation, (p,) log2 of the joint probability of relation and pattern."""
    everywhere = dict.fromkeys(same, 1.0)
    of = {SAME: everywhere, **sharing(unit), STRANGERS: {}}
    return {
        relation: log_likelihoods(patterns, comparisons, same, chance, of[relation]) + np.log2(max(share, 1e-300))
        for relation, share in shares_of_pairs.items()
    }


def posteriors(joint: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """By relation, (p,) its probability given the pattern."""
    stacked = np.stack(list(joint.values()))
    scaled = np.exp2(stacked - stacked.max(axis=0))
    return dict(zip(joint, scaled / scaled.sum(axis=0), strict=True))


def learn(
    patterns: Patterns,
    comparisons: tuple[Comparison, ...],
    unit: Unit,
    same: dict[str, tuple[float, ...]],
    chance: dict[str, tuple[float, ...]],
    all_pairs: float,
    matches: float,
) -> tuple[dict[str, float], dict[str, tuple[float, ...]]]:
    """How frequent each relation is among all pairs, and the levels of the same unit.

    Args:
        same: levels of the same unit to start from (splink's m).
        chance: levels of strangers (splink's u), kept.
        all_pairs: of records, looked at or not.
        matches: a first guess of the pairs of the same unit.
    """
    shares = {SAME: matches / all_pairs}
    for relation in sharing(unit):
        shares[relation] = matches * _START.get(relation, 0.0) / all_pairs
    if "neighbours" in shares:
        shares["neighbours"] = _neighbours(comparisons, same, chance)
    fixed = {"neighbours"}
    shares[STRANGERS] = max(1 - sum(shares.values()), 1e-6)
    for _ in range(_ROUNDS):
        found = posteriors(weights(patterns, comparisons, unit, same, chance, shares))
        renewed = {
            relation: share
            if relation in fixed
            else max(float((found[relation] * patterns.counts).sum()), 0.01) / all_pairs
            for relation, share in shares.items()
            if relation != STRANGERS
        }
        renewed[STRANGERS] = max(1 - sum(renewed.values()), 1e-6)
        change = max(abs(np.log(renewed[each] / shares[each])) for each in shares if each not in fixed)
        same = _levels_of_same(patterns, comparisons, found[SAME] * patterns.counts, same)
        shares = renewed
        if change < _CHANGE:
            break
    return shares, same


def _neighbours(
    comparisons: tuple[Comparison, ...], same: dict[str, tuple[float, ...]], chance: dict[str, tuple[float, ...]]
) -> float:
    """Share of pairs that agree on the narrowest area that is known, beyond what its levels give by chance."""
    for column in ("postcode", "city", "region"):
        if any(comparison.column == column for comparison in comparisons):
            return min(chance[column][0] / max(same[column][0], 0.1), 0.5)
    return 1e-12


def _levels_of_same(
    patterns: Patterns, comparisons: tuple[Comparison, ...], counts: FloatArray, before: dict[str, tuple[float, ...]]
) -> dict[str, tuple[float, ...]]:
    """Shares of levels among pairs weighted as the same unit; the former count as two pairs, the prior as five."""
    renewed = {}
    for place, comparison in enumerate(comparisons):
        levels = len(comparison.names) - 1
        seen = np.bincount(patterns.levels[:, place], weights=counts, minlength=levels + 1)[1:]
        seen = seen + 2 * np.array(before[comparison.column]) + 5 * np.array(of_same(comparison))
        renewed[comparison.column] = tuple(float(each) for each in seen / seen.sum())
    return renewed
