"""`identity_assignments`: which customer each described record belongs to, and how sure that is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table
from crm_pipeline.identity.decisions import load_decisions, standing
from crm_pipeline.identity.records import is_matching, mapped_columns
from crm_pipeline.identity.refresh import RESULT, Wishes, refresh
from crm_pipeline.identity.settings import listed_pairs
from crm_pipeline.identity.state import keep
from crm_pipeline.ingestion.staged import STAGED
from crm_pipeline.warehouse.candidate import Part, candidate_name, create_candidate
from crm_pipeline.warehouse.changes import ADDED, REMOVED
from crm_pipeline.warehouse.delta import count_rows, is_small
from crm_pipeline.warehouse.row_hashes import digest

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from crm_pipeline.project import Project
    from crm_pipeline.warehouse.incremental import Basis

STAGED_CUSTOMERS = STAGED["staged_customers"]
MOST_HELD = 0.05
"""Share of records awaiting a person's decision beyond which the report warns."""

ASSIGNMENTS = Table(
    name="identity_assignments",
    stage="identity",
    description=(
        "One row per described record, with the customer it belongs to. Empty where sources say nothing that "
        "identifies people, or identity is off: then every key is its own customer."
    ),
    grain=("source", "source_customer_id"),
    columns=(
        columns.SOURCE,
        Column("source_customer_id", "varchar", "The customer's key in that source.", pii="pseudonymous"),
        columns.CUSTOMER_ID,
        Column(
            "match_probability",
            "double",
            "Probability of the best link to the customer's other records; 1 for one that is alone.",
        ),
        Column("match_reason", "varchar", "How the record came to its customer: a code (docs/identity.md)."),
        Column("is_held", "boolean", "Whether the record awaits a person's decision."),
    ),
    rules=("match_probability between 0 and 1",),
    expectations=(
        Expectation(
            "mean",
            "is_held",
            maximum=MOST_HELD,
            why="so many records wait for crm-pipeline review; a value that many share may be no one's own",
        ),
    ),
    kind="replaced",
    partition_column=None,
    owner="team:data-engineering",
)


@dataclass(frozen=True)
class AssignmentsRecipe:
    """Matches the records of one project's described customers."""

    project: Project

    @property
    def table(self) -> Table:
        """The contract."""
        return ASSIGNMENTS

    @property
    def upstream(self) -> Sequence[Table]:
        """What sources say about customers."""
        return (STAGED_CUSTOMERS,)

    @property
    def dependencies(self) -> tuple[str, ...]:
        """Tables to build before."""
        return (STAGED_CUSTOMERS.name,)

    @property
    def code_hash(self) -> str:
        """Changes with the contract and with every module of matching, where anything is matched."""
        return digest(repr(ASSIGNMENTS.columns), _code() if is_matching(self.project) else "")

    def part_inputs(self, part: Part) -> Mapping[str, str]:
        """None: the table has no parts."""
        return {}

    def own_inputs(self, connection: DuckDBPyConnection) -> Mapping[str, str]:
        """The settings, and the pairs that people decided."""
        if not is_matching(self.project):
            return {"matching": "off"}
        return {"identity settings": self._wishes.model_hash, "decided pairs": self._wishes.pairs_hash}

    @cached_property
    def _wishes(self) -> Wishes:
        project = self.project
        sources = project.sources_of("customers")
        return Wishes(
            project.identity,
            mapped_columns(project),
            listed_pairs(project.identity, project.folder, sources),
            standing(load_decisions(project.folder, sources)),
        )

    def build(self, connection: DuckDBPyConnection, parts: Sequence[Part], progress: Callable[[str], None]) -> None:
        """Match all records by a new model."""
        create_candidate(connection, ASSIGNMENTS)
        if not is_matching(self.project):
            return
        progress("identity: every record")
        _refresh(connection, self._wishes, anew=True)
        names = ", ".join(f'"{name}"' for name in ASSIGNMENTS.column_names)
        order = ", ".join(f'"{name}"' for name in ASSIGNMENTS.stored_order)
        connection.execute(f"insert into {candidate_name(ASSIGNMENTS)} select {names} from {RESULT} order by {order}")

    def fill_delta(self, connection: DuckDBPyConnection, basis: Basis) -> bool:
        """Match what is new by the standing model; the rows that differ go and come."""
        if not is_matching(self.project):
            return False
        _refresh(connection, self._wishes, anew=False)
        fill_difference(connection, ASSIGNMENTS, f"select * from {RESULT}")
        return is_small(count_rows(connection, REMOVED), basis.version.row_count)

    def remember(self, connection: DuckDBPyConnection) -> None:
        """Keep the records, pairs, model and changes, in the transaction that publishes."""
        if is_matching(self.project):
            is_whole = connection.execute("select is_whole from temp.identity_run").fetchone()
            keep(connection, is_whole=bool(is_whole and is_whole[0]))


def _refresh(connection: DuckDBPyConnection, wishes: Wishes, *, anew: bool) -> None:
    is_whole = refresh(connection, STAGED_CUSTOMERS.qualified_name, wishes, anew=anew)
    connection.execute(f"create or replace temporary table identity_run as select {is_whole} as is_whole")


def fill_difference(connection: DuckDBPyConnection, table: Table, query: str, among: str = "true") -> None:
    """The delta between the live rows of a table (``among`` these) and those of a query."""
    names = ", ".join(f'"{name}"' for name in table.column_names)
    live = ", ".join(f't."{name}"' for name in table.column_names)
    same = " and ".join(f't."{name}" is not distinct from n."{name}"' for name in table.column_names)
    connection.execute(f"create or replace temporary table delta_new as select {names} from ({query})")
    connection.execute(
        f"insert into {REMOVED} select t.rowid, {live} from {table.qualified_name} as t "
        f"anti join delta_new as n on {same} where {among}"
    )
    connection.execute(
        f"insert into {ADDED} select {names} from delta_new as n anti join {table.qualified_name} as t on {same}"
    )
    connection.execute("drop table delta_new")


def _code() -> str:
    """The text of every module that decides who is who."""
    here = Path(__file__).parent
    modules = sorted([*here.glob("*.py"), *(here.parent / "models" / "identity").glob("*.py")])
    return sha256("\0".join(path.read_text(encoding="utf-8") for path in modules).encode()).hexdigest()
