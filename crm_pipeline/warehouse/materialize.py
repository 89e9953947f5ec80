"""Write, audit, publish, and write it down: the one way in which a table changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from crm_pipeline.contract.table import Table
from crm_pipeline.quality.expectations import judge_profile
from crm_pipeline.quality.merged_profile import keep_sketches
from crm_pipeline.quality.profile import ColumnProfile, profile_table, wide_frame
from crm_pipeline.warehouse.as_of import has_its_columns
from crm_pipeline.warehouse.audit import CheckResult, audit_rows, recorded_results
from crm_pipeline.warehouse.candidate import Part, candidate_name
from crm_pipeline.warehouse.changes import forget_changes
from crm_pipeline.warehouse.connection import Warehouse, transaction
from crm_pipeline.warehouse.incremental import Basis, Renewal, renew_by_delta
from crm_pipeline.warehouse.ledger import Ledger, Version
from crm_pipeline.warehouse.memory import peak_memory_mb
from crm_pipeline.warehouse.migrations import migrate
from crm_pipeline.warehouse.publishing import insert_profiles, insert_results, record_results, retire, swap
from crm_pipeline.warehouse.row_hashes import RowHashes, row_hash_columns
from crm_pipeline.warehouse.stale import Current, combined_hash, input_hashes, why_stale
from crm_pipeline.warehouse.standing import GONE, OTHER_COLUMNS, OTHER_ROWS, altered_parts

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Recipe(Protocol):
    """How one table is computed."""

    @property
    def table(self) -> Table: ...
    @property
    def upstream(self) -> Sequence[Table]: ...
    @property
    def code_hash(self) -> str: ...
    def own_inputs(self, connection: DuckDBPyConnection) -> Mapping[str, str]:
        """Inputs beyond tables, such as source files: name -> hash."""
        ...

    def part_inputs(self, part: Part) -> Mapping[str, str]:
        """Inputs of one part beyond tables."""
        ...

    def build(self, connection: DuckDBPyConnection, parts: Sequence[Part], progress: Callable[[str], None]) -> None:
        """Fill the candidate for ``parts``."""
        ...

    def fill_delta(self, connection: DuckDBPyConnection, basis: Basis) -> bool:
        """Fill the tables of a delta with what changes since ``basis``; False where only a full build will do."""
        ...

    def remember(self, connection: DuckDBPyConnection) -> None:
        """Write down what the next delta starts from, in the transaction that publishes."""
        ...


@dataclass
class Outcome:
    """What a materialization did."""

    table: Table
    built: list[Part] = field(default_factory=list)
    unchanged: list[Part] = field(default_factory=list)
    results: list[CheckResult] = field(default_factory=list)
    rows: dict[Part, int] = field(default_factory=dict)
    hashes: dict[Part, str] = field(default_factory=dict)
    seconds: float = 0.0
    is_delta: bool = False

    @property
    def blocked(self) -> list[CheckResult]:
        """The critical results that kept the candidate from being published."""
        return [result for result in self.results if result.blocks]


def _all_current(warehouse: Warehouse, connection: DuckDBPyConnection, main: str) -> dict[str, dict[Part, Version]]:
    """The ledgers of both files."""
    current = Ledger(connection).current()
    other = "vault" if main == "live" else "live"
    attached = connection.execute("select count(*) from duckdb_databases() where database_name = ?", [other]).fetchone()
    if attached and attached[0]:
        current |= Ledger(connection, other).current()
    return current


def stale_parts(
    ledger: Ledger, current: Current, recipe: Recipe, parts: Sequence[Part]
) -> tuple[dict[Part, str], dict[Part, dict[str, str]]]:
    """Why each stale part is stale, and what every part would be made of."""
    inputs = input_hashes(ledger, current, recipe.table, recipe.upstream, parts)
    own = recipe.own_inputs(ledger.connection)
    for part in parts:
        inputs[part] |= {**own, **recipe.part_inputs(part)}
    versions = current.get(recipe.table.name, {})
    reasons = {
        part: reason for part in parts if (reason := why_stale(versions.get(part), recipe.code_hash, inputs[part]))
    }
    for part, reason in altered_parts(ledger.connection, recipe.table, versions, parts).items():
        if versions[part].code_hash == recipe.code_hash:  # an earlier version of the contract had other columns
            reasons[part] = reason
    if any(table.name == recipe.table.name for table in recipe.upstream) and reasons:
        first = next(iter(reasons))
        for part in parts[list(parts).index(first) :]:
            reasons.setdefault(part, f"changed input: {recipe.table.name}")
    return reasons, inputs


def materialize(
    warehouse: Warehouse,
    recipe: Recipe,
    parts: Sequence[Part],
    *,
    run_id: str,
    force: bool = False,
    progress: Callable[[str], None] = lambda text: None,
) -> Outcome:
    """Renew the stale parts (all of them with ``force``) of one table.

    A critical check leaves the live table untouched; its results are recorded and returned.
    WarehouseError when the file cannot be written.
    """
    table = recipe.table
    started = time.monotonic()
    main = "vault" if table.is_in_vault else "live"
    outcome = Outcome(table)
    attach = table.is_in_vault or table.stage in ("cleaned", "quality")
    with warehouse.connect("vault" if main == "vault" else "live", attach=attach) as connection:
        ledger = Ledger(connection)
        ledger.create()
        migrate(warehouse.folder, connection, ledger, table, run_id)
        current = _all_current(warehouse, connection, main)
        reasons, inputs = stale_parts(ledger, current, recipe, parts)
        chosen = list(parts) if force else [part for part in parts if part in reasons]
        outcome.unchanged = [part for part in parts if part not in chosen]
        versions = current.get(table.name, {})
        for part in outcome.unchanged:
            outcome.rows[part], outcome.hashes[part] = versions[part].row_count, versions[part].content_hash
        if not chosen:
            outcome.results = recorded_results(connection, table, parts)
            return outcome
        renewal = Renewal(connection, ledger, recipe, outcome, run_id, warehouse.data_docs, started)
        is_altered = reasons.get(None) in (GONE, OTHER_COLUMNS, OTHER_ROWS)
        basis = None if force or is_altered else _basis(connection, ledger, recipe, current, inputs)
        outcome.is_delta = basis is not None and renew_by_delta(renewal, basis)
        if not outcome.is_delta:
            _renew_whole(renewal, chosen, versions, inputs, progress)
    return outcome


def _basis(
    connection: DuckDBPyConnection,
    ledger: Ledger,
    recipe: Recipe,
    current: Current,
    inputs: Mapping[Part, Mapping[str, str]],
) -> Basis | None:
    """What a delta would start from: the standing version, made by the same code and with its sums kept."""
    table = recipe.table
    version = current.get(table.name, {}).get(None)
    if table.is_partitioned or version is None or version.code_hash != recipe.code_hash or not version.row_count:
        return None
    hashes = ledger.row_hashes(table)
    if hashes is None or hashes.content_hash != version.content_hash:
        return None
    if not has_its_columns(connection, table, table.qualified_name):
        return None
    return Basis(version, hashes, inputs[None], {name: parts[None] for name, parts in current.items() if None in parts})


def _renew_whole(
    renewal: Renewal,
    chosen: list[Part],
    versions: Mapping[Part, Version],
    inputs: Mapping[Part, Mapping[str, str]],
    progress: Callable[[str], None],
) -> None:
    """Build the chosen parts into a candidate, judge it and put it into its place."""
    connection, recipe, outcome = renewal.connection, renewal.recipe, renewal.outcome
    table = recipe.table
    recipe.build(connection, chosen, progress)
    profiles = profile_table(connection, table, candidate_name(table))
    outcome.results = audit_rows(connection, table, candidate_name(table))
    frame = wide_frame(profiles, chosen, {part: _rows_before(versions, part) for part in chosen})
    outcome.results += judge_profile(table, frame, chosen, renewal.data_docs)
    if outcome.blocked:
        record_results(connection, table, outcome.results, renewal.run_id)
        connection.execute(f"drop table {candidate_name(table)}")
        return
    outcome.built, outcome.seconds = chosen, time.monotonic() - renewal.started
    _publish(renewal, versions, inputs, profiles)


def _rows_before(versions: Mapping[Part, Version], part: Part) -> int:
    """Rows of the same part's former version, or of the newest part before it."""
    if part in versions:
        return versions[part].row_count
    earlier = [key for key in versions if key is not None and part is not None and key < part]
    return versions[max(earlier)].row_count if earlier else 0


def _hashes(connection: DuckDBPyConnection, table: Table, parts: Sequence[Part]) -> dict[Part, RowHashes]:
    part = f'"{table.partition_column}"' if table.is_partitioned else "cast(null as date)"
    rows = connection.execute(
        f"select {part} as part, {row_hash_columns(table)} from {candidate_name(table)} group by part"
    ).fetchall()
    found: dict[Part, RowHashes] = {key: RowHashes(count, total, xor) for key, total, xor, count in rows}
    return {part: found.get(part, RowHashes()) for part in parts}


def _publish(
    renewal: Renewal,
    versions: Mapping[Part, Version],
    inputs: Mapping[Part, Mapping[str, str]],
    profiles: Sequence[ColumnProfile],
) -> None:
    """Swap the candidate in and append to the ledger, in one transaction."""
    connection, ledger, recipe, outcome = renewal.connection, renewal.ledger, renewal.recipe, renewal.outcome
    run_id = renewal.run_id
    table = recipe.table
    has_days = table.is_event_table and not table.is_in_vault
    hashes: Mapping[Part, RowHashes] = (
        {None: ledger.hash_days(table, candidate_name(table))}
        if has_days
        else _hashes(connection, table, outcome.built)
    )
    contents = {part: found.content_hash for part, found in hashes.items()}
    made_of = _with_own_parts(recipe, inputs, versions, outcome.built, contents, ledger.gone().get(table.name))
    with transaction(connection):
        if table.is_partitioned and not has_its_columns(connection, table, table.qualified_name):
            versions = retire(ledger, table, versions, outcome.built, run_id)
        version = ledger.next_version()
        swap(connection, table, outcome.built, contents, versions, version)
        for offset, part in enumerate(outcome.built):
            rows, content = hashes[part].row_count, contents[part]
            outcome.rows[part], outcome.hashes[part] = rows, content
            ledger.append(
                version + offset,
                table.name,
                part,
                content,
                made_of[part],
                recipe.code_hash,
                rows,
                run_id,
                outcome.seconds / len(outcome.built),
                peak_memory_mb(),
            )
        if has_days:
            ledger.keep_day_hashes(table)
        if not table.is_partitioned:
            ledger.set_row_hashes(table, hashes[None])
            forget_changes(connection, table)
            keep_sketches(connection, table)
            recipe.remember(connection)
        insert_profiles(connection, table, profiles, version)
        insert_results(connection, table, outcome.results, run_id)


def _with_own_parts(
    recipe: Recipe,
    inputs: Mapping[Part, Mapping[str, str]],
    versions: Mapping[Part, Version],
    built: Sequence[Part],
    contents: Mapping[Part, str],
    gone: Mapping[Part, str] | None,
) -> dict[Part, dict[str, str]]:
    """The inputs to write down: of a table that reads its own earlier parts, those as they are published with it."""
    table = recipe.table
    made_of = {part: dict(inputs[part]) for part in built}
    if any(upstream.name == table.name for upstream in recipe.upstream):
        renewed = dict(versions) | {part: Version(0, contents[part], {}, "", 0) for part in built}
        for part in built:
            made_of[part][table.name] = combined_hash({table.name: renewed}, table, table, part, gone)
    return made_of
