"""From pairs to clusters: connected components, and those that contradict themselves cut at their weakest links.

A component is looked at closely when it is too large, when a pair in it must never match, when two of its records state
birth dates that are no typing error of each other, or when the model finds two of its records to be different units
although a chain of links joins them. Its records then start alone, and links are taken from the strongest down; one
joins two clusters only if the evidence of all their pairs together speaks for it (greedy correlation clustering;
Bansal, Blum and Chawla, 2004). What had to be cut is held for review: its parts are units of their own until accepted.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from crm_pipeline.models.identity.cluster_inside import doubtful_components, evidence_inside
from crm_pipeline.models.identity.cluster_split import ALWAYS, SAME_KEY, split
from crm_pipeline.models.identity.model import IdentityModel
from crm_pipeline.models.identity.scoring import is_link
from crm_pipeline.models.identity.sql import keep, number, rows, whole_numbers

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class ClusterReport:
    """Clusters of two and more records, records in them, clusters held for review, components cut by reason."""

    clusters: int
    merged_records: int
    held_clusters: int
    splits: dict[str, int]


def cluster(
    connection: duckdb.DuckDBPyConnection,
    pairs: str,
    normalised: str,
    model: IdentityModel,
    target: str,
    always: str | None = None,
    never: str | None = None,
    same_key: str | None = None,
) -> ClusterReport:
    """Write to a temporary table which cluster each record belongs to: `ASSIGNMENT_COLUMNS`, ordered by record id.

    Args:
        pairs: as `score` writes them, for all records.
        always, never: tables with left_id and right_id, in any order; never wins.
        same_key: such a table of records with one key, which nothing parts.
    """
    _stated(connection, {"always": always, "never": never, "same": same_key}, normalised)
    _edges(connection, pairs, model)
    total = number(connection, "select count(*) from identity_order")
    a, b = whole_numbers(connection, "select a, b from identity_edges order by a, b")
    component = _components(total, a, b)
    keep(connection, "identity_component", {"no": np.arange(total), "component": component})
    doubtful = doubtful_components(connection, normalised, model)
    reasons: dict[int, str] = {}
    if doubtful:
        largest = model.settings.largest_cluster if model.has_matching else total
        final, reasons = split(evidence_inside(connection), doubtful, largest)
        for record, head in final.items():
            component[record] = head
    keep(connection, "identity_component", {"no": np.arange(total), "component": component})
    keep(
        connection,
        "identity_cut",
        {"no": np.array(list(reasons), dtype=np.int64), "split_reason": pa.array(list(reasons.values()), pa.string())},
    )
    _assign(connection, target)
    report = _report(connection, target, reasons, component)
    for name in ("order", "always", "never", "same", "edges", "component", "cut", "inside"):
        connection.execute(f"drop table if exists temp.identity_{name}")
    return report


def _stated(connection: duckdb.DuckDBPyConnection, tables: dict[str, str | None], normalised: str) -> None:
    """`identity_order` numbers records from the earliest; `identity_always`, `_never` and `_same` hold stated pairs."""
    connection.execute(
        "create or replace temp table identity_order as select record_id, "
        f"(row_number() over (order by known_at, source, record_id)) - 1 as no from {normalised} order by no"
    )
    for name, table in tables.items():
        source = (
            f"select left_id, right_id from {table}" if table else "select '' as left_id, '' as right_id where false"
        )
        connection.execute(
            f"create or replace temp table identity_{name} as "
            "select distinct least(x.no, y.no) as a, greatest(x.no, y.no) as b "
            f"from ({source}) join identity_order as x on x.record_id = left_id "
            "join identity_order as y on y.record_id = right_id where x.no <> y.no"
        )


def _edges(connection: duckdb.DuckDBPyConnection, pairs: str, model: IdentityModel) -> None:
    """`identity_edges` (a < b) holds what may link records: stated pairs, and those that the model accepts."""
    connection.execute(
        f"""create or replace temp table identity_edges as
        with scored as (
            select least(x.no, y.no) as a, greatest(x.no, y.no) as b, match_weight as weight,
                match_probability, reason, agreement
            from {pairs} join identity_order as x on x.record_id = left_id
            join identity_order as y on y.record_id = right_id
            where {is_link(model)}
        ), stated as (
            select a, b, {SAME_KEY!r} as weight, 1.0 as match_probability, 'same_key' as reason, '' as agreement
            from identity_same
            union all
            select a, b, {ALWAYS!r}, 1.0, 'always_match', ''
            from identity_always anti join identity_same using (a, b) anti join identity_never using (a, b)
        )
        select * from stated
        union all
        select * from scored anti join stated using (a, b) anti join identity_never using (a, b)"""
    )


def _components(total: int, a: IntArray, b: IntArray) -> IntArray:
    """(total,) the smallest record of each record's connected component."""
    if not total:
        return np.zeros(0, dtype=np.int64)
    graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(total, total))
    _, labels = connected_components(graph, directed=False)
    smallest = np.full(labels.max() + 1, total, dtype=np.int64)
    np.minimum.at(smallest, labels, np.arange(total))
    component: IntArray = smallest[labels]
    return component


def _assign(connection: duckdb.DuckDBPyConnection, target: str) -> None:
    """Each record with its cluster's earliest record, its best link, and whether someone should look."""
    connection.execute(
        f"""create or replace temp table {target} as
        with links as (
            select e.*, l.component from identity_edges as e
            join identity_component as l on l.no = e.a
            join identity_component as r on r.no = e.b and r.component = l.component
        ), ends as (
            select a as no, b as other, weight, match_probability, reason from links
            union all
            select b, a, weight, match_probability, reason from links
        ), best as (
            select * from ends qualify row_number() over (partition by no order by weight desc, other) = 1
        )
        select
            o.record_id, h.record_id as cluster_id,
            coalesce(best.match_probability, 1.0) as match_probability,
            coalesce(identity_cut.split_reason, best.reason, 'single') as reason,
            identity_cut.split_reason is not null as is_held
        from identity_order as o
        join identity_component as c on c.no = o.no
        join identity_order as h on h.no = c.component
        left join best on best.no = o.no
        left join identity_cut on identity_cut.no = o.no
        order by record_id"""
    )


def _report(
    connection: duckdb.DuckDBPyConnection, target: str, reasons: dict[int, str], component: IntArray
) -> ClusterReport:
    clusters, merged, held = rows(
        connection,
        f"""with sizes as (
            select cluster_id, count(*) as size, bool_or(is_held) as held from {target} group by cluster_id
        )
        select count(*) filter (size > 1), coalesce(sum(size) filter (size > 1), 0), count(*) filter (held)
        from sizes""",
    )[0]
    splits: dict[str, int] = {}
    for reason in reasons.values():
        splits[reason] = splits.get(reason, 0) + 1
    return ClusterReport(int(str(clusters)), int(str(merged)), int(str(held)), dict(sorted(splits.items())))
