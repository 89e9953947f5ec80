"""`golden_customers`: one row per customer with the value of each column that survives, and where it came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Table
from crm_pipeline.identity.assignments import ASSIGNMENTS, STAGED_CUSTOMERS, fill_difference
from crm_pipeline.identity.records import is_matching
from crm_pipeline.identity.settings import PERSONAL, SEPARATOR, IdentitySettings
from crm_pipeline.ingestion.entities import ENTITIES
from crm_pipeline.ingestion.values import literal
from crm_pipeline.warehouse.candidate import Part, candidate_name, create_candidate
from crm_pipeline.warehouse.changes import REMOVED
from crm_pipeline.warehouse.delta import count_rows, is_small
from crm_pipeline.warehouse.query_delta import changed_rows
from crm_pipeline.warehouse.row_hashes import digest

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from crm_pipeline.project import Project
    from crm_pipeline.warehouse.incremental import Basis

_ENTITY = {column.name: column for column in ENTITIES["customers"].columns}

GOLDEN = Table(
    name="golden_customers",
    stage="identity",
    description=(
        "One row per customer that any source describes: of each column the value that survives, by the rule in "
        "crm.yaml (`identity.survivorship`), and in `origins` the record that it came from. It never leaves the vault."
    ),
    grain=("customer_id",),
    columns=(
        columns.CUSTOMER_ID,
        *(
            Column(name, _ENTITY[name].type, _ENTITY[name].description, nullable=True, pii=_ENTITY[name].pii)
            for name in PERSONAL
        ),
        Column("record_count", "bigint", "Records that are this customer."),
        Column("origins", "map(varchar, varchar)", "Per column with a value the record it came from, as source/key.",
               pii="pseudonymous"),
    ),
    kind="replaced",
    partition_column=None,
    owner="team:data-engineering",
)  # fmt: skip


def golden_query(settings: IdentitySettings, staged: str, assignments: str) -> str:
    """Select the golden records: one statement over the described records and their customers."""
    priority = " ".join(f"when {literal(name)} then {rank}" for rank, name in enumerate(settings.source_priority))
    source_rank = f"case source {priority} else {len(settings.source_priority)} end" if priority else "0"
    values = " union all ".join(
        f"select customer_id, record_id, {number} as position_of_column, {literal(name)} as column_name, "
        f'cast("{name}" as varchar) as value, told_at, source_rank, file_name, position from told '
        f'where "{name}" is not null'
        for number, name in enumerate(PERSONAL)
    )
    rules = {rule: [name for name in PERSONAL if settings.rule_of(name) == rule] for rule in _ORDERS}
    chosen = " union all ".join(
        f"select customer_id, column_name, value, record_id from counted "
        f"where column_name in ({', '.join(map(literal, names))}) "
        f"qualify row_number() over (partition by customer_id, column_name order by {_ORDERS[rule]}) = 1"
        for rule, names in rules.items()
        if names
    )
    columns_of = ", ".join(
        f'cast(max(value) filter (column_name = {literal(name)}) as {_ENTITY[name].type}) as "{name}"'
        for name in PERSONAL
    )
    return (
        f"with told as (select a.customer_id, a.source || '{SEPARATOR}' || a.source_customer_id as record_id, s.*  "
        f"exclude (customer_id), coalesce(s.known_at, s.first_seen_at, timestamp '1970-01-01') as told_at, "
        f"{source_rank.replace('source', 's.source', 1)} as source_rank "
        f"from {staged} as s inner join {assignments} as a on s.source = a.source "
        "and s.customer_id = a.source_customer_id where s.verdict = 'clean'), "
        f"valued as ({values}), "
        "counted as (select *, count(*) over (partition by customer_id, column_name, value) as times from valued), "
        f"chosen as ({chosen}), "
        "sized as (select customer_id, count(distinct record_id) as record_count from told group by customer_id) "
        f"select sized.customer_id, {columns_of}, any_value(sized.record_count) as record_count, "
        "coalesce(map_from_entries(list({'k': column_name, 'v': chosen.record_id} order by column_name) "
        "filter (column_name is not null)), map {}) as origins "
        "from sized left join chosen on sized.customer_id = chosen.customer_id group by sized.customer_id"
    )


_LAST = "told_at desc, source_rank, record_id, file_name desc, position desc"
_ORDERS = {
    "most_recent": _LAST,
    "most_frequent": f"times desc, {_LAST}",
    "longest": f"length(value) desc, {_LAST}",
    "source_priority": f"source_rank, {_LAST}",
}


@dataclass(frozen=True)
class GoldenRecipe:
    """Computes the golden records of one project."""

    project: Project

    @property
    def table(self) -> Table:
        """The contract."""
        return GOLDEN

    @property
    def upstream(self) -> Sequence[Table]:
        """What sources say, and whose record is whose."""
        return (STAGED_CUSTOMERS, ASSIGNMENTS)

    @property
    def dependencies(self) -> tuple[str, ...]:
        """Tables to build before."""
        return (STAGED_CUSTOMERS.name, ASSIGNMENTS.name)

    @property
    def code_hash(self) -> str:
        """Changes with the contract, the query and the rules of survivorship."""
        return digest(repr(GOLDEN.columns), self._query)

    @property
    def _query(self) -> str:
        return golden_query(self.project.identity, STAGED_CUSTOMERS.qualified_name, ASSIGNMENTS.qualified_name)

    def part_inputs(self, part: Part) -> Mapping[str, str]:
        """None: the table has no parts."""
        return {}

    def own_inputs(self, connection: DuckDBPyConnection) -> Mapping[str, str]:
        """Nothing beyond tables."""
        return {}

    def build(self, connection: DuckDBPyConnection, parts: Sequence[Part], progress: Callable[[str], None]) -> None:
        """Fill the candidate; it stays empty where nothing is matched."""
        create_candidate(connection, GOLDEN)
        if is_matching(self.project):
            connection.execute(
                f"insert into {candidate_name(GOLDEN)} by name select * from ({self._query}) order by customer_id"
            )

    def fill_delta(self, connection: DuckDBPyConnection, basis: Basis) -> bool:
        """The rows that differ go and come, of customers whose records changed or moved."""
        changed = changed_rows(connection, self.upstream, basis) if is_matching(self.project) else None
        if changed is None:
            return False
        _find_touched(connection, changed)
        touched = f"select customer_id from {_TOUCHED}"
        records = f"(select * from {ASSIGNMENTS.qualified_name} where customer_id in ({touched}))"
        query = golden_query(self.project.identity, STAGED_CUSTOMERS.qualified_name, records)
        fill_difference(connection, GOLDEN, query, f"t.customer_id in ({touched})")
        connection.execute(f"drop table {_TOUCHED}")
        return is_small(count_rows(connection, REMOVED), basis.version.row_count)

    def remember(self, connection: DuckDBPyConnection) -> None:
        """Nothing: the ledger says what was read."""


_TOUCHED = "temp.golden_touched"


def _find_touched(connection: DuckDBPyConnection, changed: Mapping[Table, str]) -> None:
    """Make `_TOUCHED` (customer_id): who has or had a record that changed or moved, by the rows of the logs."""
    queries = ["select null::varchar as customer_id where false"]
    if ASSIGNMENTS in changed:
        queries.append(f"select customer_id from ({changed[ASSIGNMENTS]})")
    if STAGED_CUSTOMERS in changed:
        queries.append(
            f"select a.customer_id from ({changed[STAGED_CUSTOMERS]}) as s "
            f"inner join {ASSIGNMENTS.qualified_name} as a on s.source = a.source "
            "and s.customer_id = a.source_customer_id"
        )
    connection.execute(f"create or replace temporary table {_TOUCHED[5:]} as {' union '.join(queries)}")
