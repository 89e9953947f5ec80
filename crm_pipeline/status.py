"""What the instance and the ledger remember: the last run and the checks that failed last."""

from __future__ import annotations

from datetime import UTC, datetime

from crm_pipeline.pipeline import Pipeline
from crm_pipeline.summary import drift, schema_changes
from crm_pipeline.warehouse.ledger import Ledger


def last_run(pipeline: Pipeline) -> list[str]:
    """One line on the newest run, and one for a run that is under way."""
    from crm_pipeline.runs import history_of, open_instance

    instance = open_instance(pipeline)
    try:
        with history_of(pipeline):
            records = instance.get_run_records(limit=1)
    finally:
        instance.dispose()
    if not records:
        return []
    record = records[0]
    started = datetime.fromtimestamp(record.start_time or record.create_timestamp.timestamp(), UTC).astimezone(
        pipeline.project.zone
    )
    return [
        f"Last run: {record.dagster_run.status.value.lower()} "
        f"({started:%Y-%m-%d %H:%M}, {record.dagster_run.run_id[:8]})."
    ]


def changed_columns(pipeline: Pipeline) -> list[str]:
    """How the columns of each source's newest file differ from those before."""
    with pipeline.warehouse.connect(read_only=True) as connection:
        return schema_changes(connection)


def churn_drift(pipeline: Pipeline) -> list[str]:
    """What moved from what the churn model learned."""
    with pipeline.warehouse.connect(read_only=True) as connection:
        return drift(connection)


def failed_checks(pipeline: Pipeline) -> list[str]:
    """The failures among the newest results of every table's checks."""
    with pipeline.warehouse.connect(read_only=True) as connection:
        rows = connection.execute(
            "with newest as ("
            "select table_name, max(checked_at) as checked_at from quality.check_results group by table_name) "
            "select table_name, severity, check_name, count(*), min(observed) "
            "from quality.check_results semi join newest using (table_name, checked_at) "
            "where status <> 'passed' group by all order by severity, table_name"
        ).fetchall()
    return [
        f"{severity}: {table} {check} ({count} parts, {observed})"
        for table, severity, check, count, observed in rows[:10]
    ]


def mostly_rejected(pipeline: Pipeline) -> list[str]:
    """One line for each source of which at least half of the rows are rejected, with the rule that most of them broke.

    It reads the staged tables, which are there before anything else can fail.
    """
    warehouse = pipeline.warehouse
    if not warehouse.vault.exists():
        return []
    entities = sorted({source.entity for source in pipeline.project.sources.values()})
    with warehouse.connect("vault", read_only=True) as connection:
        built = Ledger(connection).current()
        parts = [
            f"select source, verdict, rule from staged.staged_{entity}"
            for entity in entities
            if f"staged_{entity}" in built
        ]
        if not parts:
            return []
        rows = connection.execute(
            f"with rows as ({' union all '.join(parts)}), "
            "counted as (select source, rule, count(*) as n, sum(n) over (partition by source) as total, "
            "sum(n) filter (rule is not null) over (partition by source) as rejected from rows group by source, rule) "
            "select source, total, rejected, rule, n from counted where rule is not null and 2 * rejected >= total "
            "qualify row_number() over (partition by source order by n desc, rule) = 1 order by source"
        ).fetchall()
    return [
        f"{source}: {rejected:,} of {total:,} rows are rejected, {n:,} of them because {rule} "
        "(docs/own-data.md says how to map such values, and what is rejected)"
        for source, total, rejected, rule, n in rows
    ]
