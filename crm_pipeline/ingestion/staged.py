"""Staged tables: one per entity, every input row typed and judged clean, rejected (with the rule) or duplicate.

They lie in the vault: rejected values and direct identifiers never leave it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Table
from crm_pipeline.ingestion.all_rejected import check_rejected_shares
from crm_pipeline.ingestion.entities import ENTITIES
from crm_pipeline.ingestion.entity import Entity
from crm_pipeline.ingestion.load import SOURCE_FILES
from crm_pipeline.ingestion.mapping import ORDER_HEADERS, LoadedFile, source_query
from crm_pipeline.ingestion.reading.mapped_columns import check_copy
from crm_pipeline.ingestion.repeated_keys import REPEATED, judge_repeated_keys, repeated_keys_sql
from crm_pipeline.ingestion.staged_delta import (
    file_change,
    judge_touched_keys,
    remember_files,
    remembered_files,
    take_files,
    take_lines_of_orders,
)
from crm_pipeline.ingestion.superseded import replace_versions, superseded_sql
from crm_pipeline.project import Project
from crm_pipeline.warehouse.as_of import empty_rows, is_there, qualified_from
from crm_pipeline.warehouse.candidate import Part, candidate_name, create_candidate
from crm_pipeline.warehouse.changes import ADDED, REMOVED
from crm_pipeline.warehouse.delta import count_rows, is_small, rows_after_delta
from crm_pipeline.warehouse.incremental import Basis
from crm_pipeline.warehouse.query_delta import changed_rows
from crm_pipeline.warehouse.row_hashes import digest

if TYPE_CHECKING:
    from pathlib import Path

    from duckdb import DuckDBPyConnection


def staged_table(entity: Entity) -> Table:
    """The contract of an entity's staged table."""
    own = [
        Column(c.name, c.type, c.description, nullable=True, pii=c.pii, is_own=entity.key == (c.name,))
        for c in entity.columns
        if c.name != "known_at"
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
            Column(
                "verdict",
                "varchar",
                "clean, rejected, duplicate, or left_out (not for this entity: `where` of the source).",
            ),
            Column("rule", "varchar", "The first rule that the row broke; null unless rejected.", nullable=True),
        ),
        event_key=entity.key if "customer_id" in entity.key and entity.event_time else (),
        rules=(
            "verdict in ('clean', 'rejected', 'duplicate', 'left_out')",
            "(verdict = 'rejected') = (rule is not null)",
        ),
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
            *repeated_keys_sql(self.entity, candidate_name(self.table)),
        )

    def part_inputs(self, part: Part) -> Mapping[str, str]:
        """None: the table has no parts."""
        return {}

    def own_inputs(self, connection: DuckDBPyConnection) -> Mapping[str, str]:
        """Per source the digest of its current files' contents."""
        return {
            f"source {name}": _digest_of({file.name: file.copy.stem for file in files})
            for name, files in self._files(connection).items()
        }

    def _files(self, connection: DuckDBPyConnection) -> dict[str, list[LoadedFile]]:
        location = qualified_from(connection, SOURCE_FILES)
        names = list(self.project.sources_of(self.entity.name))
        found: dict[str, list[LoadedFile]] = {name: [] for name in names}
        if location is None:
            return found
        rows = connection.execute(
            f"select source, file_name, copy_name, loaded_at, row_count from {location} "
            "where is_current and list_contains($names::varchar[], source) order by all",
            {"names": names},
        ).fetchall()
        for source, file_name, copy, loaded_at, count in rows:
            found[source].append(LoadedFile(file_name, self.raw_files / copy, loaded_at, count))
        return found

    def build(self, connection: DuckDBPyConnection, parts: Sequence[Part], progress: Callable[[str], None]) -> None:
        """Judge every row of every source, then find repeated keys over all of them."""
        create_candidate(connection, self.table)
        candidate = candidate_name(self.table)
        for name, files in self._files(connection).items():
            if files:
                progress(f"{self.table.name} {name}")
                self._read(connection, name, files, candidate)
        connection.execute(superseded_sql(candidate))
        judge_repeated_keys(connection, self.entity, candidate)
        self._check_shares(connection, candidate)

    def _check_shares(self, connection: DuckDBPyConnection, judged: str) -> None:
        """UserError when a source of orders is mostly rejected."""
        if self.entity.name not in ("orders", "order_lines"):
            return
        sources = self.project.sources_of(self.entity.name)
        shares = {name: source.largest_rejected_share for name, source in sources.items()}
        check_rejected_shares(connection, self.project.folder / "crm.yaml", self.entity.name, judged, shares)

    def _read(
        self, connection: DuckDBPyConnection, name: str, files: Sequence[LoadedFile], target: str, where: str = "true"
    ) -> None:
        """Insert the judged rows of some files of a source, each row by itself."""
        for file in files:
            path = self.project.source_base(name) / file.name
            check_copy(path, name, self.project.sources[name].reads, file.copy)
        entity, source = self.project.entity_of(name), self.project.sources[name]
        names = ", ".join(f'"{column}"' for column in self.table.column_names)
        query = source_query(entity, name, source, files, self.project.time_zone)
        if source.join is not None:
            connection.execute(_headers_sql(connection))
        connection.execute(f"insert into {target} by name select {names} from ({query}) where {where}")
        connection.execute(f"drop view if exists temp.{ORDER_HEADERS}")

    def fill_delta(self, connection: DuckDBPyConnection, basis: Basis) -> bool:
        """Rows of files that went and came, lines whose orders changed, and the verdicts of the keys in both.

        False where the files that the table was made of are not known for certain, or where many rows change.
        """
        sources = self.project.sources_of(self.entity.name)
        files, before = self._files(connection), remembered_files(connection, self.table)
        recorded = {name: _digest_of(before.get(name, {})) for name in sources}
        if any(basis.version.input_hashes.get(f"source {name}") != value for name, value in recorded.items()):
            return False
        if set(basis.version.input_hashes) != set(basis.inputs) or any(REPEATED in s.rules for s in sources.values()):
            return False
        orders = changed_rows(connection, self.upstream, basis)
        change = file_change(before, files)
        if orders is None or not is_small(change.new_rows, basis.version.row_count):
            return False
        take_files(connection, self.table, change.gone)
        for name, new in change.new.items():
            if new:
                self._read(connection, name, new, ADDED)
        for query in orders.values():
            self._read_lines_of(connection, files, query)
        if not replace_versions(connection, self.table):
            return False
        if not is_small(count_rows(connection, REMOVED), basis.version.row_count):
            return False
        if not judge_touched_keys(connection, self.entity, self.table, basis.version.row_count):
            return False
        if count_rows(connection, f"(from {ADDED} where verdict = 'rejected')"):
            self._check_shares(connection, rows_after_delta(self.table))
        return True

    def _read_lines_of(
        self, connection: DuckDBPyConnection, files: Mapping[str, Sequence[LoadedFile]], changed_orders: str
    ) -> None:
        """Judge the lines of joined sources again whose order changed."""
        joined = [name for name, s in self.project.sources_of(self.entity.name).items() if s.join is not None]
        stale = take_lines_of_orders(connection, self.table, joined, changed_orders)
        for name, names in stale.items():
            chosen = [file for file in files[name] if file.name in names]
            where = "(source, file_name, position) in (select (source, file_name, position) from stale_lines)"
            self._read(connection, name, chosen, ADDED, where)
        connection.execute("drop table stale_lines")

    def remember(self, connection: DuckDBPyConnection) -> None:
        """Write down of which files the table is made."""
        remember_files(connection, self.table, self._files(connection))


def _digest_of(copies: Mapping[str, str]) -> str:
    """Identifies the files of a source, given as name -> name of the copy."""
    return digest(*(f"{name}={copy}" for name, copy in copies.items()))


def _headers_sql(connection: DuckDBPyConnection) -> str:
    """Make the view in which joined lines find their orders; empty before the orders are staged."""
    orders = STAGED["staged_orders"]
    rows = orders.qualified_name if is_there(connection, orders, orders.qualified_name) else f"({empty_rows(orders)})"
    names = "source, order_id, customer_id, ordered_at, known_at"
    return (
        f"create or replace temporary view {ORDER_HEADERS} as select {names} from {rows} as orders "
        "where verdict = 'clean'"
    )
