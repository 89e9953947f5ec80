"""Renews a table by a delta: only the rows that change are computed, judged, hashed and written, in one transaction."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crm_pipeline.quality.expectations import judge_profile
from crm_pipeline.quality.merged_profile import known_profiles, merge_profiles
from crm_pipeline.quality.profile import wide_frame
from crm_pipeline.warehouse.changes import ADDED, REMOVED, log_changes
from crm_pipeline.warehouse.connection import transaction
from crm_pipeline.warehouse.delta import apply_delta, audit_delta, create_delta, drop_delta, drop_unchanged
from crm_pipeline.warehouse.ledger import Ledger, Version
from crm_pipeline.warehouse.memory import peak_memory_mb
from crm_pipeline.warehouse.publishing import insert_profiles, insert_results, record_results
from crm_pipeline.warehouse.row_hashes import RowHashes, hash_rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from crm_pipeline.warehouse.materialize import Outcome, Recipe


@dataclass(frozen=True)
class Basis:
    """What a delta starts from.

    The standing version of the table and the sums behind its content hash; the inputs of the version to come; and the
    standing versions of all tables without parts.
    """

    version: Version
    hashes: RowHashes
    inputs: Mapping[str, str]
    tables: Mapping[str, Version]


class _UndoneError(Exception):
    """Ends the transaction of a delta that is not to be published."""


@dataclass(frozen=True)
class Renewal:
    """One materialization at work: where it writes, what it computes, and when it began."""

    connection: DuckDBPyConnection
    ledger: Ledger
    recipe: Recipe
    outcome: Outcome
    run_id: str
    data_docs: Path
    started: float


def renew_by_delta(renewal: Renewal, basis: Basis) -> bool:
    """Renew a table without parts by what changed; False, with nothing done, where only a full build will do.

    The delta is applied before it is judged, in a transaction that is undone when a critical check fails: the results
    are then written down, and the table stays as it was.
    """
    connection, ledger, recipe, outcome = renewal.connection, renewal.ledger, renewal.recipe, renewal.outcome
    table = recipe.table
    before = known_profiles(connection, table, basis.version.version)
    if before is None:
        return False
    try:
        with transaction(connection):
            create_delta(connection, table)
            if not recipe.fill_delta(connection, basis):
                raise _UndoneError
            outcome.results = audit_delta(connection, table)
            drop_unchanged(connection, table)
            hashes = basis.hashes.changed(hash_rows(connection, table, REMOVED), hash_rows(connection, table, ADDED))
            apply_delta(connection, table)
            profiles = merge_profiles(connection, table, before, REMOVED, ADDED)
            frame = wide_frame(profiles, [None], {None: basis.version.row_count})
            outcome.results += judge_profile(table, frame, [None], renewal.data_docs)
            if outcome.blocked:
                raise _UndoneError
            outcome.built, outcome.seconds = [None], time.monotonic() - renewal.started
            outcome.rows[None], outcome.hashes[None] = hashes.row_count, hashes.content_hash
            version = ledger.next_version()
            ledger.append(
                version,
                table.name,
                None,
                hashes.content_hash,
                basis.inputs,
                recipe.code_hash,
                hashes.row_count,
                renewal.run_id,
                outcome.seconds,
                peak_memory_mb(),
            )
            ledger.set_row_hashes(table, hashes)
            if table.is_event_table and not table.is_in_vault:
                ledger.change_day_hashes(table, REMOVED, ADDED)
            log_changes(connection, table, version, basis.version.content_hash, hashes.content_hash)
            recipe.remember(connection)
            insert_profiles(connection, table, profiles, version)
            insert_results(connection, table, outcome.results, renewal.run_id)
            drop_delta(connection)
    except _UndoneError:
        if not outcome.blocked:
            outcome.results = []
            return False
        record_results(connection, table, outcome.results, renewal.run_id)
    return True
