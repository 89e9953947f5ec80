"""What readers may know of matching: its report and the ledger of merges and splits, without anybody's values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crm_pipeline.contract.table import Column, Table
from crm_pipeline.identity.assignments import ASSIGNMENTS
from crm_pipeline.identity.state import SCHEMA
from crm_pipeline.warehouse.candidate import Part, candidate_name, create_candidate
from crm_pipeline.warehouse.row_hashes import digest, hash_rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from crm_pipeline.warehouse.incremental import Basis

IDENTITY_REPORT = Table(
    name="identity_report",
    stage="quality",
    description=(
        "What matching says of itself after its last run: estimated precision and recall, sizes, coverage of blocking, "
        "values that identify nobody, and matches in words. Empty where nothing is matched."
    ),
    grain=("measure", "name"),
    columns=(
        Column("measure", "varchar", "What kind of figure."),
        Column("name", "varchar", "Which of them."),
        Column("value", "double", "The figure.", nullable=True),
        Column("words", "varchar", "What it means, or a match explained; without anybody's values.", nullable=True),
    ),
    kind="replaced",
    partition_column=None,
    about_loads=True,
    owner="team:data-engineering",
)

IDENTITY_LEDGER = Table(
    name="identity_ledger",
    stage="quality",
    description=(
        "Every merge and split of customers, in order; rows are only added. A record that joins a customer without "
        "having been one before is neither."
    ),
    grain=("change_number",),
    columns=(
        Column("change_number", "bigint", "Counts the changes."),
        Column(
            "kind",
            "varchar",
            "merge: the id ended; split: records of a customer who goes on got an id; move: "
            "they went to another customer.",
        ),
        Column("from_customer_id", "varchar", "Whose records they were.", pii="pseudonymous"),
        Column("to_customer_id", "varchar", "Whose records they are.", pii="pseudonymous"),
        Column("record_count", "bigint", "Keys that moved."),
        Column("known_at", "timestamp", "When the newest of these records was written, in the project's time zone."),
        Column("reason", "varchar", "How the records were matched, or parted: a code (docs/identity.md)."),
        Column("decided_by", "varchar", "`matching`, or the decision of a person (crm-pipeline review --list)."),
    ),
    rules=("kind in ('merge', 'split', 'move')", "from_customer_id <> to_customer_id"),
    kind="replaced",
    partition_column=None,
    about_loads=True,
    owner="team:data-engineering",
)
_STATE = {IDENTITY_REPORT.name: "facts", IDENTITY_LEDGER.name: "ledger"}


@dataclass(frozen=True)
class ToldRecipe:
    """Copies one of the two from what matching keeps in the vault."""

    table: Table

    @property
    def upstream(self) -> Sequence[Table]:
        """The run of matching."""
        return (ASSIGNMENTS,)

    @property
    def dependencies(self) -> tuple[str, ...]:
        """Tables to build before."""
        return (ASSIGNMENTS.name,)

    @property
    def code_hash(self) -> str:
        """Changes with the contract."""
        return digest(repr(self.table.columns))

    def part_inputs(self, part: Part) -> Mapping[str, str]:
        """None: the table has no parts."""
        return {}

    def own_inputs(self, connection: DuckDBPyConnection) -> Mapping[str, str]:
        """What matching keeps now."""
        location = self._location(connection)
        kept = hash_rows(connection, self.table, location).content_hash if location else "nothing"
        return {"kept by matching": kept}

    def _location(self, connection: DuckDBPyConnection) -> str | None:
        name = _STATE[self.table.name]
        row = connection.execute(
            "select count(*) from duckdb_tables() where database_name = 'vault' and schema_name = ? and table_name = ?",
            [SCHEMA, name],
        ).fetchone()
        return f"vault.{SCHEMA}.{name}" if row and row[0] else None

    def build(self, connection: DuckDBPyConnection, parts: Sequence[Part], progress: Callable[[str], None]) -> None:
        """Fill the candidate."""
        create_candidate(connection, self.table)
        location = self._location(connection)
        if location:
            order = ", ".join(self.table.grain)
            connection.execute(
                f"insert into {candidate_name(self.table)} by name select * from {location} order by {order}"
            )

    def fill_delta(self, connection: DuckDBPyConnection, basis: Basis) -> bool:
        """False: both are small."""
        return False

    def remember(self, connection: DuckDBPyConnection) -> None:
        """Nothing: the ledger says what was read."""
