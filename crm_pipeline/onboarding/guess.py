"""Which entity of the customer model a file holds, and which of its columns is what."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from crm_pipeline.ingestion.entities import ENTITIES
from crm_pipeline.onboarding.columns import ColumnLook
from crm_pipeline.onboarding.names import concepts
from crm_pipeline.onboarding.roles import FILE_NAMES, LEAST, PATTERNS, SURE, fit

MISSING, DERIVED, OPTIONAL, NAMED, REPEATED, UNPLACED = -0.8, 0.4, 0.4, 1.5, -1.5, -1.0
MOSTLY = 0.95
LEAST_SCORE = 1.3
UNCLEAR = 0.5
_OTHER_DATES = frozenset({"birth", "shipping", "end", "close"})
ONE_OF_A_KIND = ("customers", "orders", "products", "campaigns", "tickets", "reviews")
"""Entities whose first key column names each row: where it repeats, the file holds something else."""


@dataclass(frozen=True)
class Assigned:
    """A file's column taken for an entity's column; ``score`` from 0 to 1; ``reason`` where the name did not say it."""

    look: ColumnLook
    score: float
    reason: str = ""


@dataclass(frozen=True)
class Guess:
    """A file as one entity: what its columns are, how well that fits, what is still missing."""

    entity: str
    score: float
    columns: Mapping[str, Assigned]
    missing: tuple[str, ...] = field(default=())


Known = Mapping[str, Assigned]
"""Entity columns settled by other means than the name (values that are another file's keys)."""


def assign(entity: str, looks: Sequence[ColumnLook], known: Known | None = None) -> dict[str, Assigned]:
    """Give each entity column the file's column that fits best, the best fit of all first; none is used twice."""
    found = {name: item for name, item in (known or {}).items() if name in PATTERNS[entity]}
    offers = [
        (-score, index, column_index, column)
        for column_index, column in enumerate(PATTERNS[entity])
        for index, look in enumerate(looks)
        if (score := fit(entity, column, look)) >= LEAST
    ]
    used = {item.look.name for item in found.values()}
    for cost, index, _, column in sorted(offers):
        if column not in found and looks[index].name not in used:
            found[column] = Assigned(looks[index], -cost)
            used.add(looks[index].name)
    return found


def _name_key(entity: str, stem: str, looks: Sequence[ColumnLook], columns: dict[str, Assigned]) -> None:
    """In a file whose name says what it lists, the first column in which no value repeats is the key."""
    key = ENTITIES[entity].key[0 if entity != "customers" else 1]
    if entity not in ONE_OF_A_KIND or key in columns or file_name_fit(entity, stem) < SURE:
        return
    used = {item.look.name for item in columns.values()}
    for look in looks:
        if look.is_unique and look.name not in used and look.kind in ("text", "number") and not look.words:
            columns[key] = Assigned(look, SURE, "no value of it occurs twice")
            return


def _take_first_dates(entity: str, looks: Sequence[ColumnLook], columns: dict[str, Assigned]) -> None:
    """When something happened and no name says which column has it: the first one with dates."""
    event = ENTITIES[entity].event_time
    if event is None or event in columns or not _is_required(entity, event):
        return
    used = {item.look.name for item in columns.values()}
    for look in looks:
        if look.kind == "date" and look.name not in used and not any(word & _OTHER_DATES for word in look.words):
            columns[event] = Assigned(look, UNCLEAR, "it is the first column with dates")
            return


def file_name_fit(entity: str, stem: str) -> float:
    """How well a file's name says the entity: 1 for the whole phrase, less for a weaker one or words too many."""
    words, _ = concepts(stem)
    best = 0.0
    for rank, phrase in enumerate(FILE_NAMES[entity]):
        wanted = phrase.split()
        if all(any(concept in word for word in words) for concept in wanted):
            extra = sum(not any(concept in word for concept in wanted) for word in words)
            best = max(best, 1.0 - 0.1 * rank - 0.25 * extra)
    return best


def guess(stem: str, looks: Sequence[ColumnLook], known: Known | None = None) -> list[Guess]:
    """Every entity that the file may be, the likeliest first; none when nothing fits."""
    found = []
    for entity in PATTERNS:
        columns = assign(entity, looks, known)
        _name_key(entity, stem, looks, columns)
        _take_first_dates(entity, looks, columns)
        missing = tuple(missing_columns(entity, columns))
        score = sum(item.score for name, item in columns.items() if _is_required(entity, name))
        score += OPTIONAL * sum(item.score for name, item in columns.items() if not _is_required(entity, name))
        score += sum(DERIVED if _is_derivable(entity, name, columns) else MISSING for name in _absent(entity, columns))
        score += NAMED * file_name_fit(entity, stem)
        score += sum(UNPLACED for look in looks if look.is_unique and _names_another(entity, look))
        score += sum(UNPLACED for thing in ("customer_id", "product_id") if _is_unplaced(entity, thing, looks))
        key = columns.get(ENTITIES[entity].key[0 if entity != "customers" else 1])
        if entity in ONE_OF_A_KIND and key is not None and key.look.distinct < MOSTLY * key.look.rows * key.look.filled:
            score += REPEATED
        found.append(Guess(entity, score, columns, missing))
    fitting = [item for item in found if item.score >= LEAST_SCORE and not _lacks_its_key(item)]
    return sorted(fitting, key=lambda item: (-item.score, item.entity))


def _is_unplaced(entity: str, thing: str, looks: Sequence[ColumnLook]) -> bool:
    """Whether a column surely names a customer or product, and the entity has no place for one."""
    if thing in PATTERNS[entity]:
        return False
    return any(fit("order_lines", thing, look) >= SURE for look in looks)


def _names_another(entity: str, look: ColumnLook) -> bool:
    """Whether the column surely is the key of another entity: the file then lists those."""
    return any(
        fit(other, ENTITIES[other].key[0], look) >= SURE and ENTITIES[other].key[0] not in PATTERNS[entity]
        for other in ("tickets", "reviews", "coupons", "campaigns")
        if other != entity and look.says(ENTITIES[other].key[0].removesuffix("_id"), "id")
    )


def _is_required(entity: str, name: str) -> bool:
    return any(column.name == name and column.required for column in ENTITIES[entity].columns)


def _absent(entity: str, columns: Collection[str]) -> list[str]:
    return [column.name for column in ENTITIES[entity].columns if column.required and column.name not in columns]


def _is_derivable(entity: str, name: str, columns: Collection[str]) -> bool:
    """Whether a needed column can be made from others: an amount from price and quantity, a date from the order."""
    if entity == "order_lines":
        return {
            "net_amount": "unit_price" in columns,
            "ordered_at": "order_id" in columns and "product_id" in columns,
            "quantity": "product_id" in columns and "net_amount" in columns,
            "order_id": "customer_id" in columns and "ordered_at" in columns and "product_id" in columns,
        }.get(name, False)
    if entity == "orders":
        return name == "net_amount" and "order_id" in columns and "ordered_at" in columns
    return False


def missing_columns(entity: str, columns: Collection[str]) -> list[str]:
    """The needed columns that are neither there nor can be derived."""
    return [name for name in _absent(entity, columns) if not _is_derivable(entity, name, columns)]


def _lacks_its_key(item: Guess) -> bool:
    """Whether what names the thing is missing, so that no edit of a line or two would mend the guess."""
    key = {"order_lines": "product_id", "customers": "customer_id"}.get(item.entity, ENTITIES[item.entity].key[0])
    return key in item.missing or (item.entity == "orders" and "ordered_at" in item.missing)
