"""The whole graph of one project: every table with its recipe, in an order in which they can be built."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from crm_pipeline.contract.catalog import Transform, build_order, declared_transforms
from crm_pipeline.contract.table import Table
from crm_pipeline.identity.assignments import ASSIGNMENTS, AssignmentsRecipe
from crm_pipeline.identity.golden import GOLDEN, GoldenRecipe
from crm_pipeline.identity.told import IDENTITY_LEDGER, IDENTITY_REPORT, ToldRecipe
from crm_pipeline.ingestion.entities import ENTITIES
from crm_pipeline.ingestion.load import SOURCE_FILES, SourceFilesRecipe
from crm_pipeline.ingestion.staged import STAGED, StagedRecipe
from crm_pipeline.model_choices import choice_at, tuned_at
from crm_pipeline.project import Project
from crm_pipeline.warehouse.candidate import Builder, Part
from crm_pipeline.warehouse.connection import Warehouse
from crm_pipeline.warehouse.incremental import Basis
from crm_pipeline.warehouse.query_delta import fill_query_delta
from crm_pipeline.warehouse.row_hashes import digest
from crm_pipeline.warehouse.same_customers import FORWARDING, reads_customers

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

COVERAGE = "source_coverage"


def all_tables() -> dict[str, Table]:
    """Every declared table by name: the manifest, the staged tables and those computed by SQL."""
    return {
        SOURCE_FILES.name: SOURCE_FILES,
        **STAGED,
        **{table.name: table for table in (ASSIGNMENTS, GOLDEN, *TOLD)},
        **{name: item.table for name, item in declared_transforms().items()},
    }


@dataclass(frozen=True)
class SqlRecipe:
    """Computes a declared table for one project."""

    transform: Transform
    tables: Mapping[str, Table]
    project: Project

    @property
    def table(self) -> Table:
        """The contract."""
        return self.transform.table

    @property
    def upstream(self) -> Sequence[Table]:
        """The tables that the query and the function read, and whose keys forward where customers show."""
        return tuple(self.tables[name] for name in self._read)

    @property
    def _read(self) -> tuple[str, ...]:
        names = self.transform.upstream
        is_told = reads_customers(self.table, {name: self.tables[name] for name in names if name in self.tables})
        return (*names, FORWARDING) if is_told else names

    @property
    def dependencies(self) -> tuple[str, ...]:
        """Tables to build before: what it reads (not its own earlier parts); for snapshots, complete sources."""
        found = [name for name in self._read if name != self.table.name]
        if self.table.is_partitioned and self.table.name != COVERAGE:
            found.append(COVERAGE)
        return tuple(dict.fromkeys(found))

    @property
    def code_hash(self) -> str:
        """Changes with the SQL, the contract and the function."""
        return digest(self.transform.code_hash)

    def own_inputs(self, connection: DuckDBPyConnection) -> Mapping[str, str]:
        """Beyond tables, after `cleaned`, the project's settings; those of segments where the table is made of them."""
        found = {"settings": self.project.settings_hash()} if self.table.is_partitioned else {}
        if "custom_segment_count" in self.transform.sql_parameters:
            found["custom segments"] = self.project.settings_hash("segments")
        if self.transform.follows_clustering:
            found["clustering"] = self.project.segments.clustering
        return found

    def part_inputs(self, part: Part) -> Mapping[str, str]:
        """Which snapshot came before, for a table that looks back to it; the model chosen for it, settings found."""
        if part is None:
            return {}
        found = {}
        if "previous_snapshot_date" in self.transform.sql_parameters:
            found["snapshot before"] = str(self.project.snapshots.previous(part))
        choice = choice_at(self.project.model_choices, part) if self.transform.follows_choices else None
        tuned = tuned_at(self.project.tuned_settings, part) if self.transform.follows_tuning else None
        found |= {"model choice": choice.words} if choice else {}
        return found | ({"tuned settings": tuned.words} if tuned else {})

    def build(self, connection: DuckDBPyConnection, parts: Sequence[Part], progress: Callable[[str], None]) -> None:
        """Fill the candidate."""
        Builder(self.transform, self.tables, self.project).build(connection, parts, progress)

    def fill_delta(self, connection: DuckDBPyConnection, basis: Basis) -> bool:
        """Compute again the rows of the keys that changed upstream, where the contract names a ``delta_key``."""
        builder = Builder(self.transform, self.tables, self.project)
        return fill_query_delta(connection, builder, self.upstream, basis)

    def remember(self, connection: DuckDBPyConnection) -> None:
        """Nothing: the ledger says what was read."""


AnyRecipe = SqlRecipe | StagedRecipe | SourceFilesRecipe | AssignmentsRecipe | GoldenRecipe | ToldRecipe
TOLD = (IDENTITY_REPORT, IDENTITY_LEDGER)


@dataclass(frozen=True)
class Pipeline:
    """A project with everything that can be built for it."""

    project: Project
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @cached_property
    def warehouse(self) -> Warehouse:
        """The project's files."""
        return Warehouse(self.project)

    @cached_property
    def recipes(self) -> dict[str, AnyRecipe]:
        """Every table's recipe, upstream first."""
        tables = all_tables()
        raw = self.warehouse.raw_files
        found: dict[str, AnyRecipe] = {SOURCE_FILES.name: SourceFilesRecipe(self.project, raw, self.now)}
        found |= {f"staged_{name}": StagedRecipe(entity, self.project, raw) for name, entity in ENTITIES.items()}
        found |= {ASSIGNMENTS.name: AssignmentsRecipe(self.project), GOLDEN.name: GoldenRecipe(self.project)}
        found |= {table.name: ToldRecipe(table) for table in TOLD}
        found |= {name: SqlRecipe(item, tables, self.project) for name, item in declared_transforms().items()}
        graph = {name: set(recipe.dependencies) for name, recipe in found.items()}
        for name, upstream in graph.items():
            if unknown := sorted(upstream - found.keys()):
                raise ValueError(
                    f"{name} reads {unknown[0]!r}, which nothing declares; tables are named without their stage"
                )
        return {name: found[name] for name in build_order(graph)}

    @property
    def tables(self) -> dict[str, Table]:
        """Every table by name, upstream first."""
        return {name: recipe.table for name, recipe in self.recipes.items()}
