"""The end of a run in plain words: rows, customers, segments, the churn grade, example recommendations."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crm_pipeline.counting import counted
from crm_pipeline.pipeline import Pipeline

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def _rows(connection: DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return connection.execute(sql).fetchall()


def _has(connection: DuckDBPyConnection, name: str) -> bool:
    return bool(_rows(connection, f"select 1 from duckdb_tables() where table_name = '{name}' and not temporary"))


def print_summary(pipeline: Pipeline) -> None:
    """Print what the warehouse says now; parts that are not built yet are left out."""
    if not pipeline.warehouse.exists:
        return
    with pipeline.warehouse.connect(read_only=True) as connection:
        for title, lines in (
            ("Rows", [*_reconciliation(connection), *schema_changes(connection)]),
            ("Customers", _customers(connection)),
            ("Segments", segment_lines(connection)),
            ("Churn", _churn(connection)),
            (
                "Recommendations",
                [
                    *_recommendations(connection),
                    *unknown_purpose(connection, pipeline.project.recommendations.consent_purpose),
                ],
            ),
        ):
            if lines:
                click.echo(f"\n{click.style(title, bold=True)}")
                for line in lines:
                    click.echo(f"  {line}")
    click.echo(f"\nWhere to look next: {where_next(pipeline)}")


def where_next(pipeline: Pipeline) -> str:
    """The commands and files that show what was built, each as it can be typed or opened from here."""
    folder, option = pipeline.warehouse.folder, shlex.quote(str(pipeline.project.folder))
    pages = [(f"{folder / 'data_docs' / 'data_quality.html'}", "data quality")]
    reports = sorted((folder / "reports").glob("????-??-??.html"))
    if reports:
        pages.insert(0, (str(reports[-1]), "the report"))
    return "; ".join(
        [
            f"crm-pipeline ui --project {option} (lineage, checks, charts)",
            *(f"{path} ({what})" for path, what in pages if Path(path).exists()),
            f"{pipeline.warehouse.published} (SQL and BI tools; comments in it describe every table and column)",
        ]
    )


def _reconciliation(connection: DuckDBPyConnection) -> list[str]:
    if not _has(connection, "reconciliation"):
        return []
    sql = (
        "select sum(read_count), sum(clean_count), sum(rejected_count), sum(duplicate_count), sum(left_out_count), "
        "count(distinct source) from quality.reconciliation"
    )
    read, clean, rejected, duplicate, left_out, sources = _rows(connection, sql)[0]
    lines = [
        f"{counted(read or 0, 'row')} read from {counted(sources, 'source')}: {clean or 0:,} clean, "
        f"{rejected or 0:,} rejected, {duplicate or 0:,} duplicate"
        + (f", {left_out:,} left out by `where`." if left_out else ".")
    ]
    if rejected and _has(connection, "rejected_rows"):
        rules = _rows(
            connection,
            "select source, rule, count(*) as n from quality.rejected_rows "
            "group by all order by n desc, source, rule limit 3",
        )
        lines += [f"Rejected most: {source}: {rule} ({counted(n, 'row')})" for source, rule, n in rules]
    return lines


def schema_changes(connection: DuckDBPyConnection) -> list[str]:
    """How the columns of each source's newest file differ from those before."""
    if not _has(connection, "schema_changes"):
        return []
    rows = _rows(
        connection,
        "select source, file_name, column_name, change, before, after from quality.schema_changes "
        "where is_newest order by all limit 10",
    )
    words = {
        "new": "is new",
        "dropped": "is gone",
        "renamed": "is likely called {after!r} now",
        "retyped": "was {before} and is {after}",
    }
    return [
        f"Columns of {source} changed in {file}: {column!r} {words[change].format(before=before, after=after)}."
        for source, file, column, change, before, after in rows
    ]


def _customers(connection: DuckDBPyConnection) -> list[str]:
    if not _has(connection, "customer_rfm"):
        return []
    found = _rows(
        connection,
        "select snapshot_date, count(*), sum(total_spend) from features.customer_rfm "
        "group by snapshot_date order by snapshot_date desc limit 1",
    )
    return [
        f"{counted(count, 'customer')} ordered before {day}; their spend so far is {float(spend):,.0f}."
        for day, count, spend in found
    ]


def segment_lines(connection: DuckDBPyConnection) -> list[str]:
    """Customers per segment, and per cluster, of the newest snapshot."""
    if not _has(connection, "customer_segments"):
        return []
    newest = "where snapshot_date = (select max(snapshot_date) from segments.customer_segments)"
    found = []
    for column in ("rfm_segment", "cluster_label"):
        rows = _rows(
            connection,
            f"select {column}, count(*) as n from segments.customer_segments {newest} "
            f"group by all order by n desc, {column}",
        )
        if rows:
            found.append("; ".join(f"{label}: {n:,}" for label, n in rows))  # labels have commas of their own
    return found


def _churn(connection: DuckDBPyConnection) -> list[str]:
    if not _has(connection, "churn_grade"):
        return []
    rows = _rows(
        connection,
        "select summary from churn.churn_grade "
        "where known_date = (select max(known_date) from churn.churn_grade) order by all",
    )
    return [row[0] for row in rows] + _fallback(connection) + drift(connection)


def _fallback(connection: DuckDBPyConnection) -> list[str]:
    """Why a rule or a prior is the champion of the newest snapshot, where one is."""
    if not _has(connection, "churn_model"):
        return []
    rows = _rows(
        connection,
        "select snapshot_date, why, log_loss is null from churn.churn_model where is_champion and is_fallback "
        "and (snapshot_date, table_version) = "
        "(select max((snapshot_date, table_version)) from churn.churn_model)",
    )
    return [
        f"{'Not enough data for a churn model' if is_prior else 'No churn model'} at {day}: {why}"
        for day, why, is_prior in rows
    ]


def drift(connection: DuckDBPyConnection) -> list[str]:
    """What moved from what the churn model learned, at the newest snapshot."""
    from crm_pipeline.churn.drift_words import drift_lines

    return drift_lines(connection) if _has(connection, "churn_drift") else []


def unknown_purpose(connection: DuckDBPyConnection, purpose: str | None) -> list[str]:
    """A hint where `recommendations.consent_purpose` is one that no consent names, so that nobody is left out."""
    if purpose is None or not _has(connection, "consents"):
        return []
    known = [name for (name,) in _rows(connection, "select distinct purpose from cleaned.consents order by purpose")]
    if purpose in known:
        return []
    named = f"they name {', '.join(map(repr, known[:5]))}" if known else "there are none"
    return [f"Nobody is left out: no consent names the `consent_purpose` {purpose!r} of crm.yaml ({named})."]


def _recommendations(connection: DuckDBPyConnection) -> list[str]:
    found: list[str] = []
    if _has(connection, "recommendation_grade"):
        sql = (
            "select summary from recommendations.recommendation_grade "
            "where known_date = (select max(known_date) from recommendations.recommendation_grade) order by all"
        )
        found += [row[0] for row in _rows(connection, sql)]
    if _has(connection, "customer_recommendations"):
        sql = """
            with newest as (
                select * from recommendations.customer_recommendations
                where snapshot_date = (select max(snapshot_date) from recommendations.customer_recommendations)
            ),
            chosen as (
                select customer_id from newest
                where rank = 1 and customer_id in (select customer_id from newest where slot = 'new')
                order by score desc, customer_id limit 1
            )
            select r.customer_id, r.rank, coalesce(p.name, 'product ' || r.product_id), r.reason
            from newest as r
            semi join chosen using (customer_id)
            left join cleaned.products as p on r.product_id = p.product_id
            order by r.rank limit 3
        """
        found += [
            f"customer {customer}, {rank}.: {name} ({reason})"
            for customer, rank, name, reason in _rows(connection, sql)
        ]
    return found
