"""How much must be known before a model is graded; without heavy imports, for contracts state the same limits."""

from __future__ import annotations

from collections.abc import Mapping

MINIMUM_CUSTOMERS = 100
MINIMUM_OUTCOMES = 50
"""Customers, and outcomes of either kind, below which a model is not graded above D."""


def lacking_evidence(customers: int, outcomes: Mapping[str, int]) -> str:
    """What a grade above D would need more of, in words; '' where there is enough.

    Args:
        customers: different ones that were judged.
        outcomes: how often each kind of outcome was seen, by a word for it.
    """
    wanted = [f"{customers:,} customers (at least {MINIMUM_CUSTOMERS})"] if customers < MINIMUM_CUSTOMERS else []
    wanted += [f"{n:,} {kind} (at least {MINIMUM_OUTCOMES})" for kind, n in outcomes.items() if n < MINIMUM_OUTCOMES]
    return ", ".join(wanted)
