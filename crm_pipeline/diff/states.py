"""States of the warehouse, read from the ledger: what stood after a run, and what differs between two of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from crm_pipeline.errors import UserError
from crm_pipeline.warehouse.candidate import Part
from crm_pipeline.warehouse.ledger import REMOVED, Version
from crm_pipeline.warehouse.published import publications

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LAST, PREVIOUS = "last", "previous"
SHORTEST_PREFIX = 4
CODE, SETTINGS = "code", "settings"

Key = tuple[str, Part]


@dataclass(frozen=True)
class State:
    """What stood once ledger entry ``version`` was written. ``name`` is how the user called it."""

    name: str
    version: int
    run_id: str
    built_at: datetime
    parts: Mapping[Key, Version]


@dataclass(frozen=True)
class PartChange:
    """One table part that differs. ``before`` or ``after`` is None where the part was not there.

    ``why``: `code`, `settings`, and the names of inputs whose content differs; empty for a part that came or went.
    """

    table: str
    part: Part
    before: Version | None
    after: Version | None
    why: tuple[str, ...]


def find_state(connection: DuckDBPyConnection, reference: str, ended_at: Mapping[str, datetime]) -> State:
    """The state that a run id (or its unique beginning), `last` or `previous` means.

    ``ended_at``: the runs that the history knows, for those that changed nothing.

    Raises:
        UserError: no such run, several of them, or nothing before the last state.
    """
    if reference == LAST:
        return state_at(connection, reference, _newest(connection))
    if reference == PREVIOUS:
        earlier = [version for version, _ in publications(connection) if version < _newest(connection)]
        if not earlier:
            raise UserError("diff: nothing was published before the last state; name two runs instead")
        return state_at(connection, reference, max(earlier))
    if len(reference) < SHORTEST_PREFIX:
        raise UserError(f"diff: {reference!r} is too short for a run id; give at least {SHORTEST_PREFIX} characters")
    return state_at(connection, reference, _version_after(connection, reference, ended_at))


def _newest(connection: DuckDBPyConnection) -> int:
    """What readers see, or the newest entry where nothing was published yet."""
    (row,) = connection.execute("select coalesce(max(version), 0) from quality.table_versions").fetchall()
    return max((version for version, _ in publications(connection)), default=int(row[0]))


def _version_after(connection: DuckDBPyConnection, prefix: str, ended_at: Mapping[str, datetime]) -> int:
    rows = connection.execute("select run_id, max(version) from quality.table_versions group by run_id").fetchall()
    known = dict(rows) | {run: version for version, run in publications(connection)}
    runs = {run for run in {*known, *ended_at} if run.startswith(prefix)}
    if not runs:
        newest = connection.execute(
            "select run_id from quality.table_versions group by run_id order by max(version) desc limit 3"
        ).fetchall()
        raise UserError(
            f"diff: no run begins with {prefix!r}; the newest that changed something: "
            f"{', '.join(row[0][:8] for row in newest) or 'none'}"
        )
    if len(runs) > 1:
        raise UserError(f"diff: {prefix!r} is the beginning of {len(runs)} runs; give more of the id")
    (run,) = runs
    if run in known:
        return int(known[run])
    (row,) = connection.execute(
        "select coalesce(max(version), 0) from quality.table_versions where built_at <= ?", [ended_at[run]]
    ).fetchall()
    return int(row[0])


def state_at(connection: DuckDBPyConnection, name: str, version: int) -> State:
    """What stood once entry ``version`` was written. UserError when that was before the first entry."""
    rows = connection.execute(
        "select table_name, snapshot_date, version, content_hash, input_hashes, code_hash, row_count, run_id, built_at "
        "from quality.table_versions where version <= ? "
        "qualify row_number() over (partition by table_name, snapshot_date order by version desc) = 1 "
        "order by version",
        [version],
    ).fetchall()
    if not rows:
        raise UserError(f"diff: nothing was built yet in the state {name!r}")
    parts = {
        (table, part): Version(number, content, json.loads(inputs), code, count)
        for table, part, number, content, inputs, code, count, _, _ in rows
        if code != REMOVED
    }
    return State(name, version, rows[-1][7], rows[-1][8], parts)


def changes_between(before: State, after: State) -> list[PartChange]:
    """Parts whose content differs, by table and date."""
    found = []
    for table, part in {*before.parts, *after.parts}:
        old, new = before.parts.get((table, part)), after.parts.get((table, part))
        if old is None or new is None or old.content_hash != new.content_hash:
            found.append(PartChange(table, part, old, new, _why(old, new)))
    return sorted(found, key=lambda change: (change.table, str(change.part)))


def rebuilt_alike(before: State, after: State) -> int:
    """Parts that were built again and came out the same."""
    both = before.parts.keys() & after.parts.keys()
    return sum(
        before.parts[key].version != after.parts[key].version
        and before.parts[key].content_hash == after.parts[key].content_hash
        for key in both
    )


def _why(old: Version | None, new: Version | None) -> tuple[str, ...]:
    if old is None or new is None:
        return ()
    names = {*old.input_hashes, *new.input_hashes}
    inputs = sorted(name for name in names if old.input_hashes.get(name) != new.input_hashes.get(name))
    return (*([CODE] if old.code_hash != new.code_hash else []), *inputs)


def tables_of(changes: Sequence[PartChange]) -> list[str]:
    """Names of the tables that differ, in order."""
    return list(dict.fromkeys(change.table for change in changes))
