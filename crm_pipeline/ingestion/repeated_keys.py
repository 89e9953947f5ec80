"""Rows whose key occurs more than once: one stays clean, the others become duplicates or are rejected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_pipeline.ingestion.entity import Entity
from crm_pipeline.warehouse.digests import all_differ

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

REPEATED_KEYS = "repeated_keys"
REPEATED = "its key belongs to an earlier row with other values"


def judge_repeated_keys(connection: DuckDBPyConnection, entity: Entity, relation: str) -> None:
    """Change the verdicts of clean rows whose key an earlier clean row has."""
    if all_differ(connection, ", ".join(_key_texts(entity)), f"(from {relation} where verdict = 'clean')"):
        return
    find, mark = repeated_keys_sql(entity, relation)
    connection.execute(find)
    found = connection.execute(f"select count(*) from {REPEATED_KEYS}").fetchone()
    if found and found[0]:
        connection.execute(mark)
    connection.execute(f"drop table {REPEATED_KEYS}")


def _key_texts(entity: Entity) -> list[str]:
    """The parts of a row's key as texts: a missing part is one like any other."""
    return [f"coalesce(cast(\"{name}\" as varchar), '')" for name in entity.key]


def repeated_keys_sql(entity: Entity, relation: str) -> tuple[str, str]:
    """Two statements: find keys that occur more than once, and mark their rows but the first.

    Events keep the row known first: an identical later one is a duplicate, one with other values is rejected. Things
    without a time keep the newest description; the ones that it replaces count as duplicates.
    """
    parts = _key_texts(entity)
    keyed = ", ".join(f"{part} as key_{number}" for number, part in enumerate(parts))
    keys = ", ".join(f"key_{number}" for number in range(len(parts)))
    content = ", ".join(f'"{c.name}"' for c in entity.columns if c.name != "known_at")
    order = (
        "known_at, source, file_name, position"
        if entity.event_time
        else "loaded_at desc, source desc, file_name desc, position desc"
    )
    same = (
        f"row({content}) is not distinct from first_value(row({content})) over repeated"
        if entity.event_time
        else "true"
    )
    find = (
        f"create or replace temporary table {REPEATED_KEYS} as select {keyed} from {relation} "
        f"where verdict = 'clean' group by all having count(*) > 1"
    )
    mark = (
        f"with keyed as (select rowid as row_number, *, {keyed} from {relation} where verdict = 'clean'), "
        f"ranked as (select row_number, row_number() over repeated as nth, {same} as is_same "
        f"from keyed semi join {REPEATED_KEYS} using ({keys}) "
        f"window repeated as (partition by {keys} order by {order})) "
        f"update {relation} as c set verdict = case when r.is_same then 'duplicate' else 'rejected' end, "
        f"rule = case when r.is_same then null else '{REPEATED}' end "
        "from ranked as r where c.rowid = r.row_number and r.nth > 1"
    )
    return find, mark
