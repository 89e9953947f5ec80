"""Staged tables: one per entity, every input row typed and judged clean, rejected (with the rule) or duplicate.

They lie in the vault: rejected values and direct identifiers never leave it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Table
from crm_pipeline.ingestion.entities import ENTITIES, Entity
from crm_pipeline.ingestion.load import SOURCE_FILES
from crm_pipeline.ingestion.mapping import ORDER_HEADERS, LoadedFile, source_query
from crm_pipeline.ingestion.reading.mapped_columns import check_copy
from crm_pipeline.project import Project
from crm_pipeline.warehouse.as_of import empty_rows, is_there, qualified_from
from crm_pipeline.warehouse.candidate import Part, candidate_name, create_candidate
from crm_pipeline.warehouse.ledger import digest

if TYPE_CHECKING:
    from pathlib import Path

    from duckdb import DuckDBPyConnection

REPEATED_KEYS = "repeated_keys"
REPEATED = "its key belongs to an earlier row with other values"


def staged_table(entity: Entity) -> Table:
    """The contract of an entity's staged table."""
    own = [
        Column(c.name, c.type, c.description, nullable=True, pii=c.pii) for c in entity.columns if c.name != "known_at"
    ]
    if entity.extra_columns:
        own.append(
            Column(
                "attributes", "map(varchar, varchar)", "Columns beyond the entity's own.", nullable=True, pii="direct"
            )
        )
    return Table(
        name=f"staged_{entity.name}",
        stage="staged",
        description=f"Every input row of {entity.name}, typed and judged. {entity.description}",
        grain=("source", "file_name", "position"),
        columns=(
            columns.SOURCE,
            Column("file_name", "varchar", "The source file."),
            Column("position", "bigint", "The record's number in its file; minus the line's number for a broken line."),
            Column(
                "loaded_at", "timestamp", "When the file was first read, in the project's time zone.", is_volatile=True
            ),
            Column(
                "source_key",
                "varchar",
                "Digest of the source's own key, where a changed row is read again and replaces its older version.",
                nullable=True,
            ),
            Column("source_version", "bigint", "Grows with every version of that row.", nullable=True),
            *own,
            columns.KNOWN_AT.may_be_null(),
            Column("verdict", "varchar", "clean, rejected or duplicate."),
            Column("rule", "varchar", "The first rule that the row broke; null unless rejected.", nullable=True),
        ),
        rules=("verdict in ('clean', 'rejected', 'duplicate')", "(verdict = 'rejected') = (rule is not null)"),
        kind="replaced",
        partition_column=None,
        owner="team:data-engineering",
    )


STAGED: Mapping[str, Table] = {f"staged_{name}": staged_table(entity) for name, entity in ENTITIES.items()}


@dataclass(frozen=True)
class StagedRecipe:
    """Computes one staged table from the immutable copies of its sources' current files."""

    entity: Entity
    project: Project
    raw_files: Path

    @property
    def table(self) -> Table:
        """The contract."""
        return STAGED[f"staged_{self.entity.name}"]

    @property
    def upstream(self) -> Sequence[Table]:
        """The staged orders where lines are joined to them; `own_inputs` names the files of this entity."""
        return (STAGED["staged_orders"],) if self._is_joined else ()

    @property
    def _is_joined(self) -> bool:
        return any(source.join is not None for source in self.project.sources_of(self.entity.name).values())

    @property
    def dependencies(self) -> tuple[str, ...]:
        """Tables that must be built before, in every project alike: lines may take their date from orders."""
        return (SOURCE_FILES.name, *(("staged_orders",) if self.entity.name == "order_lines" else ()))

    @property
    def code_hash(self) -> str:
        """Changes with the contract, the generated query and the mapping."""
        sources = self.project.sources_of(self.entity.name)
        queries = [
            source_query(self.project.entity_of(name), name, source, (), self.project.time_zone)
            for name, source in sources.items()
        ]
        return digest(
            repr(self.table.columns),
            *queries,
            superseded_sql(candidate_name(self.table)),
            *_unique_sql(self.entity, self.table),
        )

    def part_inputs(self, part: Part) -> Mapping[str, str]:
        """None: the table has no parts."""
        return {}

    def own_inputs(self, connection: DuckDBPyConnection) -> Mapping[str, str]:
        """Per source the digest of its current files' contents."""
        found = {
            name: digest(*(f"{f.name}={f.copy.stem}" for f in files)) for name, files in self._files(connection).items()
        }
        return {f"source {name}": value for name, value in found.items()}

    def _files(self, connection: DuckDBPyConnection) -> dict[str, list[LoadedFile]]:
        location = qualified_from(connection, SOURCE_FILES)
        names = list(self.project.sources_of(self.entity.name))
        found: dict[str, list[LoadedFile]] = {name: [] for name in names}
        if location is None:
            return found
        rows = connection.execute(
            f"select source, file_name, copy_name, loaded_at from {location} "
            "where is_current and list_contains($names::varchar[], source) order by all",
            {"names": names},
        ).fetchall()
        for source, file_name, copy, loaded_at in rows:
            found[source].append(LoadedFile(file_name, self.raw_files / copy, loaded_at))
        return found

    def build(self, connection: DuckDBPyConnection, parts: Sequence[Part], progress: Callable[[str], None]) -> None:
        """Judge every row of every source, then find repeated keys over all of them."""
        create_candidate(connection, self.table)
        candidate = candidate_name(self.table)
        names = ", ".join(f'"{name}"' for name in self.table.column_names)
        if self._is_joined:
            connection.execute(_headers_sql(connection))
        for name, files in self._files(connection).items():
            if not files:
                continue
            progress(f"{self.table.name} {name}")
            for file in files:
                path = self.project.source_base(name) / file.name
                check_copy(path, name, self.project.sources[name].columns, file.copy)
            entity, source = self.project.entity_of(name), self.project.sources[name]
            query = source_query(entity, name, source, files, self.project.time_zone)
            connection.execute(f"insert into {candidate} by name select {names} from ({query})")
        connection.execute(superseded_sql(candidate))
        find, mark = _unique_sql(self.entity, self.table)
        connection.execute(find)
        found = connection.execute(f"select count(*) from {REPEATED_KEYS}").fetchone()
        if found and found[0]:
            connection.execute(mark)
        connection.execute(f"drop table {REPEATED_KEYS}")
        connection.execute(f"drop view if exists temp.{ORDER_HEADERS}")


def _headers_sql(connection: DuckDBPyConnection) -> str:
    """Make the view in which joined lines find their orders; empty before the orders are staged."""
    orders = STAGED["staged_orders"]
    rows = orders.qualified_name if is_there(connection, orders, orders.qualified_name) else f"({empty_rows(orders)})"
    names = "source, order_id, customer_id, ordered_at, known_at"
    return (
        f"create or replace temporary view {ORDER_HEADERS} as select {names} from {rows} as orders "
        "where verdict = 'clean'"
    )


def superseded_sql(table: str) -> str:
    """The statement that marks older versions of a source's row as duplicates, whatever their verdict was.

    A newer version says all that there is to say about its row, also when a rule rejects it.
    """
    return (
        f"update {table} as c set verdict = 'duplicate', rule = null from ("
        f"select source, source_key, max(source_version) as newest from {table} where source_key is not null "
        "group by source, source_key having min(source_version) < max(source_version)) as versions "
        "where c.source = versions.source and c.source_key = versions.source_key "
        "and c.source_version < versions.newest"
    )


def _unique_sql(entity: Entity, table: Table) -> tuple[str, str]:
    """Two statements: find keys that occur more than once, and mark their rows but the first.

    Events keep the row known first: an identical later one is a duplicate, one with other values is rejected. Things
    without a time keep the newest description; the ones that it replaces count as duplicates.
    """
    candidate = candidate_name(table)
    parts = [f"coalesce(cast(\"{name}\" as varchar), '')" for name in entity.key]
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
        f"create or replace temporary table {REPEATED_KEYS} as select {keyed} from {candidate} "
        f"where verdict = 'clean' group by all having count(*) > 1"
    )
    mark = (
        f"with keyed as (select rowid as row_number, *, {keyed} from {candidate} where verdict = 'clean'), "
        f"ranked as (select row_number, row_number() over repeated as nth, {same} as is_same "
        f"from keyed semi join {REPEATED_KEYS} using ({keys}) "
        f"window repeated as (partition by {keys} order by {order})) "
        f"update {candidate} as c set verdict = case when r.is_same then 'duplicate' else 'rejected' end, "
        f"rule = case when r.is_same then null else '{REPEATED}' end "
        "from ranked as r where c.rowid = r.row_number and r.nth > 1"
    )
    return find, mark
