"""Components that contradict themselves, taken apart and put together again from the strongest link down."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import groupby

_MOST_SAID = 20.0
"""Limit of the log2 odds that one pair contributes for or against joining two clusters."""
NEVER, ALWAYS, SAME_KEY = -100_000.0, 1_000.0, 1_000_000.0
"""Weights of pairs that people or keys state: same keys come first, then who may not, then who must be one."""
CONTRADICTED = -500.0
"""Weight of a pair that other pairs cannot outweigh, but what is stated does."""


@dataclass(frozen=True)
class Evidence:
    """log2 odds that two records of a component are one unit; or what was stated of them."""

    component: int
    a: int
    b: int
    weight: float


def split(evidence: list[Evidence], doubtful: dict[int, str], largest: int) -> tuple[dict[int, int], dict[int, str]]:
    """Cut doubtful components.

    Args:
        evidence: ordered by component, then from the strongest.
        doubtful: by component the reason to look at it.
        largest: records of a cluster.

    Returns: by record its cluster's smallest record, and by record the reason, for the components that were cut.
    """
    final: dict[int, int] = {}
    reasons: dict[int, str] = {}
    for component, group in groupby(evidence, key=lambda each: each.component):
        if component not in doubtful:
            continue
        clusters = _clusters(list(group), largest)
        if len(clusters) == 1:
            continue
        for members in clusters:
            for record in members:
                final[record] = min(members)
                reasons[record] = doubtful[component]
    return final, reasons


def _clusters(pairs: list[Evidence], largest: int) -> list[list[int]]:
    """Greedy correlation clustering of one component."""
    said: dict[int, dict[int, float]] = defaultdict(dict)
    for pair in pairs:
        said[pair.a][pair.b] = said[pair.b][pair.a] = pair.weight
    head = {record: record for record in said}
    members = {record: [record] for record in said}
    for pair in pairs:
        one, other = head[pair.a], head[pair.b]
        if pair.weight <= 0 or one == other:
            continue
        if pair.weight < ALWAYS and len(members[one]) + len(members[other]) > largest:
            continue
        if _balance(said, members[one], members[other]) <= 0:
            continue
        for record in members[other]:
            head[record] = one
        members[one] += members.pop(other)
    return list(members.values())


def _balance(said: dict[int, dict[int, float]], ones: list[int], others: list[int]) -> float:
    """The evidence of all pairs between two clusters; what is stated outweighs it, and the unknown says nothing."""
    weights = [said[one][other] for one in ones for other in others if other in said[one]]
    if not weights:
        return 0.0
    if max(weights) >= SAME_KEY:
        return SAME_KEY
    if min(weights) <= NEVER:
        return NEVER
    if max(weights) >= ALWAYS:
        return ALWAYS
    if min(weights) <= CONTRADICTED:
        return CONTRADICTED
    return sum(max(-_MOST_SAID, min(_MOST_SAID, weight)) for weight in weights)
