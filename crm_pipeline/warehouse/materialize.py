"""Write, audit, publish, and write it down: the one way in which a table changes."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from crm_pipeline.contract.table import Table
from crm_pipeline.quality.expectations import judge_profile
from crm_pipeline.quality.profile import ColumnProfile, profile_table, wide_frame
from crm_pipeline.warehouse.as_of import has_its_columns
from crm_pipeline.warehouse.audit import CheckResult, audit_rows, recorded_results
from crm_pipeline.warehouse.candidate import Part, candidate_name
from crm_pipeline.warehouse.connection import Warehouse, transaction
from crm_pipeline.warehouse.ledger import Ledger, Version, content_hash, row_hash_columns
from crm_pipeline.warehouse.stale import Current, combined_hash, input_hashes, why_stale

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

    @property
    def blocked(self) -> list[CheckResult]:
        """The critical results that kept the candidate from being published."""
        return [result for result in self.results if result.blocks]


def peak_memory_mb() -> float:
    """Largest resident memory of this process so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


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
    main = "vault" if table.stage == "staged" else "live"
    outcome = Outcome(table)
    attach = table.stage in ("staged", "cleaned", "quality")
    with warehouse.connect("vault" if main == "vault" else "live", attach=attach) as connection:
        ledger = Ledger(connection)
        ledger.create()
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
        recipe.build(connection, chosen, progress)
        profiles = profile_table(connection, table, candidate_name(table))
        outcome.results = audit_rows(connection, table, candidate_name(table))
        frame = wide_frame(profiles, chosen, {part: _rows_before(versions, part) for part in chosen})
        outcome.results += judge_profile(table, frame, chosen, warehouse.data_docs)
        if outcome.blocked:
            _record_results(connection, table, outcome.results, run_id)
            connection.execute(f"drop table {candidate_name(table)}")
            return outcome
        outcome.built, outcome.seconds = chosen, time.monotonic() - started
        _publish(connection, ledger, recipe, outcome, versions, inputs, profiles, run_id)
    return outcome


def _rows_before(versions: Mapping[Part, Version], part: Part) -> int:
    """Rows of the same part's former version, or of the newest part before it."""
    if part in versions:
        return versions[part].row_count
    earlier = [key for key in versions if key is not None and part is not None and key < part]
    return versions[max(earlier)].row_count if earlier else 0


def _hashes(connection: DuckDBPyConnection, table: Table, parts: Sequence[Part]) -> dict[Part, tuple[int, str]]:
    part = f'"{table.partition_column}"' if table.is_partitioned else "cast(null as date)"
    rows = connection.execute(
        f"select {part} as part, {row_hash_columns(table)} from {candidate_name(table)} group by part"
    ).fetchall()
    found: dict[Part, tuple[int, str]] = {
        key: (count, content_hash(count, total, xor)) for key, total, xor, count in rows
    }
    return {part: found.get(part, (0, content_hash(0, 0, 0))) for part in parts}


def _publish(
    connection: DuckDBPyConnection,
    ledger: Ledger,
    recipe: Recipe,
    outcome: Outcome,
    versions: Mapping[Part, Version],
    inputs: Mapping[Part, Mapping[str, str]],
    profiles: Sequence[ColumnProfile],
    run_id: str,
) -> None:
    """Swap the candidate in and append to the ledger, in one transaction."""
    table = recipe.table
    hashes = _hashes(connection, table, outcome.built)
    made_of = _with_own_parts(
        recipe, inputs, versions, outcome.built, {part: content for part, (_, content) in hashes.items()}
    )
    with transaction(connection):
        if table.is_partitioned and not has_its_columns(connection, table, table.qualified_name):
            versions = _retire(ledger, table, versions, outcome.built, run_id)
        version = ledger.next_version()
        _swap(connection, table, outcome.built, {p: h for p, (_, h) in hashes.items()}, versions, version)
        for offset, part in enumerate(outcome.built):
            rows, content = hashes[part]
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
        if table.is_event_table and table.stage != "staged":
            ledger.replace_day_hashes(table)
        _insert_profiles(connection, table, profiles, version)
        _insert_results(connection, table, outcome.results, run_id)


def _retire(
    ledger: Ledger, table: Table, versions: Mapping[Part, Version], built: Sequence[Part], run_id: str
) -> Mapping[Part, Version]:
    """Drop a table that an earlier version of the contract built, with the parts that are not renewed now.

    They are stale in any case; readers keep them in their copy until all are built again.
    """
    ledger.connection.execute(f"drop table if exists {table.qualified_name}")
    for part in versions:
        if part not in built:
            ledger.remove(table.name, part, run_id)
    return {}


def _with_own_parts(
    recipe: Recipe,
    inputs: Mapping[Part, Mapping[str, str]],
    versions: Mapping[Part, Version],
    built: Sequence[Part],
    contents: Mapping[Part, str],
) -> dict[Part, dict[str, str]]:
    """The inputs to write down: of a table that reads its own earlier parts, those as they are published with it."""
    table = recipe.table
    made_of = {part: dict(inputs[part]) for part in built}
    if any(upstream.name == table.name for upstream in recipe.upstream):
        renewed = dict(versions) | {part: Version(0, contents[part], {}, "", 0) for part in built}
        for part in built:
            made_of[part][table.name] = combined_hash({table.name: renewed}, table, table, part)
    return made_of


def _swap(
    connection: DuckDBPyConnection,
    table: Table,
    parts: Sequence[Part],
    hashes: Mapping[Part, str],
    versions: Mapping[Part, Version],
    version: int,
) -> None:
    candidate = candidate_name(table)
    if not table.is_partitioned:
        connection.execute(f"drop table if exists {table.qualified_name}")
        connection.execute(f'alter table {candidate} rename to "{table.name}"')
        _comment(connection, table)
        return
    columns = ", ".join(f'"{column.name}" {column.type}' for column in table.columns)
    technical = ", table_version bigint" if table.kind == "append_only" else ""
    connection.execute(f"create table if not exists {table.qualified_name} ({columns}{technical})")
    _comment(connection, table)
    names = ", ".join(f'"{name}"' for name in table.column_names)
    key = f'"{table.partition_column}"'
    if table.kind == "append_only":
        for offset, part in enumerate(parts):
            if part in versions and versions[part].content_hash == hashes[part]:
                continue
            connection.execute(
                f"insert into {table.qualified_name} ({names}, table_version) "
                f"select {names}, {version + offset} from {candidate} where {key} = ?",
                [part],
            )
    else:
        connection.execute(
            f"delete from {table.qualified_name} where list_contains($parts::date[], {key})", {"parts": list(parts)}
        )
        connection.execute(f"insert into {table.qualified_name} ({names}) select {names} from {candidate}")
    connection.execute(f"drop table {candidate}")


def _comment(connection: DuckDBPyConnection, table: Table) -> None:
    """Descriptions travel with the file, so that BI tools show them."""
    connection.execute(f"comment on table {table.qualified_name} is '{_escape(table.description)}'")
    for column in table.columns:
        connection.execute(
            f"comment on column {table.qualified_name}.\"{column.name}\" is '{_escape(column.description)}'"
        )


def _escape(text: str) -> str:
    return text.replace("'", "''")


def _insert_profiles(
    connection: DuckDBPyConnection, table: Table, profiles: Sequence[ColumnProfile], version: int
) -> None:
    rows = [
        (
            table.name,
            p.part,
            version,
            p.column,
            p.row_count,
            p.null_share,
            p.distinct_count,
            p.minimum,
            p.maximum,
            p.mean,
        )
        for p in profiles
    ]
    _insert_rows(connection, "quality.table_profiles", rows)


def _insert_results(connection: DuckDBPyConnection, table: Table, results: Sequence[CheckResult], run_id: str) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    rows = [
        (
            table.name,
            r.part,
            f"{r.check}: {r.name}",
            r.severity,
            r.status,
            r.observed,
            r.expected,
            r.failing_rows,
            run_id,
            now,
        )
        for r in results
    ]
    _insert_rows(connection, "quality.check_results", rows)


def _insert_rows(connection: DuckDBPyConnection, target: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Insert many small rows at once (row by row takes a hundred times longer)."""
    import pyarrow as pa

    if rows:
        frame = pa.table({f"c{index}": list(values) for index, values in enumerate(zip(*rows, strict=True))})
        connection.register("new_rows", frame)
        connection.execute(f"insert into {target} select * from new_rows")
        connection.unregister("new_rows")


def _record_results(connection: DuckDBPyConnection, table: Table, results: Sequence[CheckResult], run_id: str) -> None:
    with transaction(connection):
        _insert_results(connection, table, results, run_id)
