"""Which pairs of records are looked at: blocking rules found from the data's columns.

A rule is a set of keys that both records must share. Single keys and pairs of keys are counted, triples where those
give too few rules. The rules with the fewest pairs come first, a rule that a chosen one implies is left out, and the
budget of pairs ends the list.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import duckdb

from crm_pipeline.models.identity.settings import Unit
from crm_pipeline.models.identity.sql import literals, number, rows

KEYS: dict[str, tuple[str, tuple[str, ...]]] = {
    "email": ("{t}.email", ("email",)),
    "phone": ("{t}.phone", ("phone",)),
    "mailbox": ("split_part({t}.email, '@', 1)", ("email",)),
    "organisation": ("{t}.organisation", ("organisation",)),
    "names": (
        "least({t}.first_name, {t}.last_name) || ' ' || greatest({t}.first_name, {t}.last_name)",
        ("first_name", "last_name"),
    ),
    "birth_date": ("{t}.birth_date", ("birth_date",)),
    "first_name": ("{t}.first_name", ("first_name",)),
    "last_name": ("{t}.last_name", ("last_name",)),
    "address": ("{t}.street || ' ' || {t}.house_number", ("street", "house_number")),
    "street": ("{t}.street", ("street",)),
    "address_2": ("{t}.address_2", ("address_2",)),
    "house_number": ("{t}.house_number", ("house_number",)),
    "postcode": ("{t}.postcode", ("postcode",)),
    "city": ("{t}.city", ("city",)),
    "first_start": ("left({t}.first_name, 3)", ("first_name",)),
    "last_start": ("left({t}.last_name, 3)", ("last_name",)),
    "birth_month": ("left({t}.birth_date, 6)", ("birth_date",)),
    "organisation_start": ("left({t}.organisation, 5)", ("organisation",)),
}
"""Name of a key: its SQL for a record, and the columns that it is made of."""
_OF_PEOPLE = {"names", "birth_date", "first_name", "last_name", "first_start", "last_start", "birth_month"}
_IMPLIED = {
    "email": ("mailbox",),
    "names": (),
    "birth_date": ("birth_month",),
    "address": ("street", "house_number"),
    "first_name": ("first_start",),
    "last_name": ("last_start",),
    "organisation": ("organisation_start",),
}
"""Records that share the key share these as well."""
MOST_KEYS = 3
MOST_RULES = 40
ENOUGH_RULES = 8
"""With so many, triples of keys are not looked for."""
COUNTED_RECORDS = 100_000
PAIRS_PER_RECORD = 10
FEWEST_PAIRS_ALLOWED = 400_000
LARGEST_BLOCK = 300
NEVER_ALONE = -1
"""Pairs of keys whose blocks are mostly too large; further keys may narrow them."""


@dataclass(frozen=True)
class Rule:
    """Keys that both records share.

    Attributes:
        too_common: combined values of the keys that so many records share that this rule does not look at them.
        pairs: that the rule gave when it was found.
    """

    keys: tuple[str, ...]
    too_common: tuple[str, ...] = ()
    pairs: int = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the rule needs."""
        return tuple(sorted({column for key in self.keys for column in KEYS[key][1]}))

    def value(self, table: str) -> str:
        """SQL of the combined value of the keys, null where one is missing."""
        return " || '|' || ".join(f"({KEYS[key][0].format(t=table)})" for key in self.keys)

    def condition(self, left: str, right: str) -> str:
        """SQL that holds for the pairs of the rule."""
        equal = " and ".join(f"{KEYS[key][0].format(t=left)} = {KEYS[key][0].format(t=right)}" for key in self.keys)
        return f"{equal} and {self.value(left)} not in ({literals(self.too_common)})" if self.too_common else equal


def find_rules(
    connection: duckdb.DuckDBPyConnection, records: str, columns: tuple[str, ...], unit: Unit
) -> tuple[Rule, ...]:
    """The rules for these records, those with the fewest pairs first.

    Args:
        records: prepared records with `record_no`.
        columns: that have values.
    """
    total = number(connection, f"select count(*) from {records}")
    budget = max(FEWEST_PAIRS_ALLOWED, PAIRS_PER_RECORD * total)
    step = -(-total // COUNTED_RECORDS)
    counted = f"(select * from {records} where record_no % {step} = 0)" if step > 1 else records
    usable = [
        key
        for key, (_, needs) in KEYS.items()
        if set(needs) <= set(columns) and not (unit == "organisation" and key in _OF_PEOPLE)
    ]
    chosen: list[Rule] = []
    left = budget
    empty: list[set[str]] = []
    for size in range(1, MOST_KEYS + 1):
        if size == MOST_KEYS and len(chosen) >= ENOUGH_RULES:
            break
        fitting = [keys for keys in combinations(usable, size) if not _redundant(keys) and not _implied(keys, chosen)]
        fitting = [keys for keys in fitting if not any(few <= set(keys) for few in empty)]
        found = [_counted(connection, counted, Rule(keys), step) for keys in fitting]
        empty += [set(rule.keys) for rule in found if rule.pairs == 0 and not rule.too_common]
        for rule in sorted(found, key=lambda each: (each.pairs, each.keys)):
            if 0 < rule.pairs <= left // 3 and len(chosen) < MOST_RULES and not _implied(rule.keys, chosen):
                chosen.append(rule)
                left -= rule.pairs
    return tuple(sorted(chosen, key=lambda each: (each.pairs, each.keys)))


def _redundant(keys: tuple[str, ...]) -> bool:
    """Whether one of the keys follows from the others, or two are made of the same column."""
    used = [column for key in keys for column in KEYS[key][1]]
    return len(used) != len(set(used)) or any(other in keys for key in keys for other in _IMPLIED.get(key, ()))


def _implied(keys: tuple[str, ...], chosen: list[Rule]) -> bool:
    """Whether pairs that share these keys are looked at already."""
    shared = {*keys, *(other for key in keys for other in _IMPLIED.get(key, ()))}
    return any(set(rule.keys) <= shared for rule in chosen)


def _counted(connection: duckdb.DuckDBPyConnection, records: str, rule: Rule, step: int) -> Rule:
    """The rule with its number of pairs and the values that it leaves out."""
    blocks = f"select {rule.value('t')} as block, count(*) as size from {records} as t group by all having size > 1"
    limit = max(LARGEST_BLOCK // step, 20)
    pairs = number(
        connection,
        f"select sum(size * (size - 1) // 2) from ({blocks}) where block is not null and size <= {limit}",
    )
    common = rows(
        connection,
        f"select block from ({blocks}) where block is not null and size > {limit} order by size desc, block limit 1001",
    )
    if len(common) > 1000:
        return Rule(rule.keys, pairs=NEVER_ALONE)
    return Rule(rule.keys, tuple(sorted(str(block) for (block,) in common)), pairs * step * step)
