"""The records that are matched: per source and key of described customers, the newest value of each column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_pipeline.identity.settings import IDENTIFYING, PERSONAL, SEPARATOR

if TYPE_CHECKING:
    from crm_pipeline.project import Project

MATCHED = tuple(name for name in PERSONAL if name != "address")
NO_TIME = "timestamp '9999-12-31'"
"""Records that say nothing about when they were known come last."""
NEWEST = "row(coalesce(known_at, timestamp '1970-01-01'), file_name, position)"


def mapped_columns(project: Project) -> tuple[str, ...]:
    """The personal columns that any source of customers maps."""
    mapped = {name for source in project.sources_of("customers").values() for name in source.columns}
    return tuple(name for name in PERSONAL if name in mapped)


def is_matching(project: Project) -> bool:
    """Whether records are matched at all: identity is not off, and something that identifies people is mapped."""
    return not project.identity.off and any(name in IDENTIFYING for name in mapped_columns(project))


def records_query(staged: str) -> str:
    """Select a row per record from the staged customers: `record_id`, `source`, `customer_key`, when it was first and
    last written (`known_at`, `changed_at`), its values, and `content`, a digest of all that matching reads.

    Of each column the newest value counts that is not missing: a form that leaves a number out does not take it away.
    """
    values = [f'arg_max("{name}", {NEWEST}) filter ("{name}" is not null) as "{name}"' for name in PERSONAL]
    texts = ", ".join(f"coalesce(cast(\"{name}\" as varchar), '')" for name in MATCHED)
    written = [f'cast("{name}" as varchar) as "{name}"' for name in MATCHED if name != "street"]
    return (
        f"with described as (select source || '{SEPARATOR}' || customer_id as record_id, source, "
        f"customer_id as customer_key, coalesce(min(least(first_seen_at, known_at)), {NO_TIME}) as known_at, "
        f"coalesce(max(known_at), {NO_TIME}) as changed_at, {', '.join(values)} "
        f"from {staged} where verdict = 'clean' group by source, customer_id), "
        f"streets as (select record_id, source, customer_key, known_at, changed_at, {', '.join(written)}, "
        "coalesce(street, address) as street from described) "
        f"select *, md5(concat_ws(chr(31), cast(known_at as varchar), {texts})) as content from streets"
    )
