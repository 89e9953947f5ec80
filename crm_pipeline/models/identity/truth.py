"""How well clusters meet a known truth: by pairs, and by records (B-cubed; Bagga and Baldwin, 1998)."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from crm_pipeline.models.identity.sql import rows


@dataclass(frozen=True)
class Metrics:
    """Precision, recall and their harmonic mean; 1 where there is nothing to find or nothing was found."""

    precision: float
    recall: float
    f1: float


def pair_metrics(connection: duckdb.DuckDBPyConnection, assignments: str, truth: str) -> Metrics:
    """Pairs of records in one cluster against pairs of one entity.

    Args:
        assignments: table with record_id, cluster_id.
        truth: table with record_id, entity_id; records without truth do not count.
    """
    both, found, true = rows(
        connection,
        f"""with cells as (
            select cluster_id, entity_id, count(*)::double as size
            from {assignments} join {truth} using (record_id) group by all
        ), by_cluster as (select sum(size) as size from cells group by cluster_id),
        by_entity as (select sum(size) as size from cells group by entity_id)
        select (select sum(size * (size - 1)) from cells), (select sum(size * (size - 1)) from by_cluster),
            (select sum(size * (size - 1)) from by_entity)""",
    )[0]
    hits = _float(both)
    return _metrics(hits / _float(found) if _float(found) else 1.0, hits / _float(true) if _float(true) else 1.0)


def bcubed_metrics(connection: duckdb.DuckDBPyConnection, assignments: str, truth: str) -> Metrics:
    """Mean over records of the share of its cluster that is its entity, and of its entity that is in its cluster."""
    precision, recall = rows(
        connection,
        f"""with cells as (
            select cluster_id, entity_id, count(*)::double as size
            from {assignments} join {truth} using (record_id) group by all
        ), sizes as (
            select size, sum(size) over (partition by cluster_id) as of_cluster,
                sum(size) over (partition by entity_id) as of_entity
            from cells
        ) select sum(size * size / of_cluster) / sum(size), sum(size * size / of_entity) / sum(size) from sizes""",
    )[0]
    return _metrics(1.0 if precision is None else _float(precision), 1.0 if recall is None else _float(recall))


def _float(value: object) -> float:
    return float(str(value)) if value is not None else 0.0


def _metrics(precision: float, recall: float) -> Metrics:
    both = precision + recall
    return Metrics(precision, recall, 2 * precision * recall / both if both else 0.0)
