"""Small tables and recipes for tests of the warehouse: events, and what features make of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from crm_pipeline.contract import columns
from crm_pipeline.contract.catalog import Transform, transform_of
from crm_pipeline.contract.table import Column, Table
from crm_pipeline.warehouse.candidate import Part, candidate_name, create_candidate
from crm_pipeline.warehouse.incremental import Basis
from crm_pipeline_tests.kit import fill_table, memory_warehouse

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

EVENTS = Table(
    name="events",
    stage="cleaned",
    description="What happened.",
    grain=("event_id",),
    columns=(
        Column("event_id", "varchar", "Identifier."),
        columns.KNOWN_AT,
        Column("amount", "integer", "Amount.", nullable=True),
        Column("loaded_at", "timestamp", "When it was read.", nullable=True, is_volatile=True),
    ),
    rules=("amount >= 0",),
    kind="replaced",
    partition_column=None,
)

TOTALS = Table(
    name="totals",
    stage="features",
    description="Events known before each snapshot.",
    grain=("snapshot_date",),
    columns=(
        columns.SNAPSHOT_DATE,
        Column("event_count", "bigint", "Events."),
        Column("amount", "bigint", "Their amounts."),
    ),
)

TOTALS_SQL = """
select $snapshot_date as snapshot_date, count(*) as event_count, coalesce(sum(amount), 0)::bigint as amount
from events
"""

RUNNING = Table(
    name="running",
    stage="features",
    description="What all snapshots so far told, those that are not kept any more included where they were seen.",
    grain=("snapshot_date",),
    columns=(columns.SNAPSHOT_DATE, Column("amount", "bigint", "Sum of the totals so far.")),
)

RUNNING_SQL = """
select $snapshot_date as snapshot_date, max(greatest(t.amount, coalesce(r.amount, 0)))::bigint as amount
from totals as t left join running as r on r.snapshot_date < t.snapshot_date
"""


def transform(table: Table, sql: str, build: Callable[..., Any] | None = None) -> Transform:
    """The transform of a planted table, as the catalogue makes it from a module."""
    module = SimpleNamespace(__name__="crm_pipeline_tests.warehouse.planted", build=build)
    return transform_of(cast(Any, module), replace(table, sql=sql))


@dataclass
class QueryRecipe:
    """A recipe that fills its table with the rows of a query, whatever the part."""

    table: Table
    query: str
    code_hash: str = "code"
    inputs: Mapping[str, str] = field(default_factory=dict)
    upstream: Sequence[Table] = ()
    builds: int = 0

    def part_inputs(self, part: Part) -> Mapping[str, str]:
        """None: the table has no parts."""
        return {}

    def own_inputs(self, connection: DuckDBPyConnection) -> Mapping[str, str]:
        """What the test says it is made of; by default its query."""
        return self.inputs or {"query": self.query}

    def build(self, connection: DuckDBPyConnection, parts: Sequence[Part], progress: Callable[[str], None]) -> None:
        """Fill the candidate."""
        self.builds += 1
        create_candidate(connection, self.table)
        connection.execute(f"insert into {candidate_name(self.table)} by name {self.query}")

    def fill_delta(self, connection: DuckDBPyConnection, basis: Basis) -> bool:
        """False: the query says nothing about single rows."""
        return False

    def remember(self, connection: DuckDBPyConnection) -> None:
        """Nothing."""


def events(*rows: tuple[str, str, int | None]) -> str:
    """A query with these events: identifier, known_at, amount."""
    values = ", ".join(f"('{name}', timestamp '{at}', {'null' if n is None else n})" for name, at, n in rows)
    return f"select * from (values {values}) as e(event_id, known_at, amount)"


def first_of_month(*months: int) -> list[date]:
    """The first days of these months of 2024."""
    return [date(2024, month, 1) for month in months]


def planted_connection(events_text: str) -> Any:
    """An in-memory warehouse with inline events; closes with `with`."""
    connection = memory_warehouse()
    fill_table(connection, EVENTS, events_text)
    return closing(connection)
