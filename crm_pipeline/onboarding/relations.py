"""How files hang together: a column whose values are another file's keys names that thing, whatever it is called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crm_pipeline.ingestion.entities import ENTITIES
from crm_pipeline.onboarding.columns import ColumnLook
from crm_pipeline.onboarding.files import FileGroup
from crm_pipeline.onboarding.guess import Assigned, Guess
from crm_pipeline.onboarding.roles import PATTERNS, SURE

MASTERS = {"customers": "customer_id", "products": "product_id", "orders": "order_id", "campaigns": "campaign_id"}
"""Entities whose keys other files name, and how."""
CONTAINED, CONTAINED_NUMBERS = 0.6, 0.9
"""Least share of values that are keys: guests and typing errors are no keys, but numbers often are keys by chance."""
LEAST_VALUES = 10
COVERED = 0.2
_THINGS = frozenset(column.removesuffix("_id") for column in MASTERS.values())
_NEVER_KEYS = frozenset({"quantity", "price", "amount", "discount", "tax", "rating", "date", "time", "line", "percent"})


@dataclass(frozen=True)
class Keys:
    """The keys of one master file."""

    column: str
    label: str
    values: frozenset[str]


def keys_of(group: FileGroup, guess: Guess) -> Keys | None:
    """The keys of a file that describes things, each once; None for others."""
    column = MASTERS.get(guess.entity)
    assigned = guess.columns.get(column or "")
    if column is None or assigned is None:
        return None
    return Keys(column, group.label, frozenset(values_of(group, assigned.look)))


def merged(masters: Sequence[Keys]) -> list[Keys]:
    """One set of keys for each column: customers of two systems are customers."""
    found: dict[str, Keys] = {}
    for keys in masters:
        before = found.get(keys.column)
        label = f"{before.label}, {keys.label}" if before else keys.label
        found[keys.column] = Keys(keys.column, label, keys.values | (before.values if before else frozenset()))
    return list(found.values())


def values_of(group: FileGroup, look: ColumnLook) -> set[str]:
    """The different values of a column in the sample."""
    values = group.sample.rows.column(look.name).unique().to_pylist()
    return {value.strip() for value in values if value is not None and value.strip()}


def contained(group: FileGroup, guess: Guess, masters: Sequence[Keys]) -> dict[str, Assigned]:
    """Columns of a file, by entity column, whose values are keys of another file.

    Only entity columns that the names left open are looked for, and only in columns that mean nothing else: small
    numbers are contained in every numbered list.
    """
    used = {item.look.name for item in guess.columns.values() if item.score >= SURE}
    found: dict[str, Assigned] = {}
    for keys in masters:
        current = guess.columns.get(keys.column)
        if keys.column not in PATTERNS[guess.entity] or (current is not None and current.score >= SURE):
            continue
        if keys.column == ENTITIES[guess.entity].key[0] and guess.entity in MASTERS:
            continue
        offers = [
            (share, look)
            for look in group.looks
            if look.name not in used
            and _may_be_key(look, keys.column)
            and (share := _share(group, look, keys)) >= _least(look)
        ]
        if offers:
            share, look = max(offers, key=lambda offer: (offer[0], offer[1].distinct))
            used.add(look.name)
            reason = f"{100 * share:.0f} % of its values are keys of {keys.label}"
            found[keys.column] = Assigned(look, SURE, reason)
    return found


def _least(look: ColumnLook) -> float:
    return CONTAINED_NUMBERS if look.kind == "number" else CONTAINED


def _may_be_key(look: ColumnLook, column: str) -> bool:
    whole = look.numbers is None or look.numbers.is_whole
    is_other = any(word & _NEVER_KEYS for word in look.words) or (look.kind == "number" and _names_other(look, column))
    return whole and look.kind in ("number", "text", "phone") and not is_other


def _names_other(look: ColumnLook, column: str) -> bool:
    """Whether the name says another thing: the number of an order is no product's, whatever the numbers are."""
    return any(word & _THINGS and column.removesuffix("_id") not in word for word in look.words)


def _share(group: FileGroup, look: ColumnLook, keys: Keys) -> float:
    values = values_of(group, look)
    counts = look.kind == "number"  # numbers are easily contained in a numbered list
    if len(values) < max(LEAST_VALUES, COVERED * len(keys.values) if counts else 0):
        return 0.0
    return len(values & keys.values) / len(values)


def found_in(group: FileGroup, look: ColumnLook, keys: Keys) -> float:
    """Share of a column's different values that are among the keys."""
    values = values_of(group, look)
    return len(values & keys.values) / len(values) if values else 0.0
