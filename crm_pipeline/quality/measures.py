"""Scores of data quality, summed from what the ledger, the reconciliation and the rejected rows already know.

`quality.data_quality` is renewed at the end of every run, from what stands then. A score is the share of what was
counted that did not fail. Nothing here reads the rows of customers or orders again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_pipeline.ingestion.entities import ENTITIES
from crm_pipeline.ingestion.repeated_keys import REPEATED
from crm_pipeline.warehouse.connection import transaction
from crm_pipeline.warehouse.ledger import REMOVED

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TABLE_NAME = "quality.data_quality"
DIMENSIONS = ("completeness", "validity", "uniqueness", "consistency", "timeliness")
RECENT_DAYS = 28
EVENTS = tuple(name for name, entity in ENTITIES.items() if entity.event_time and name != "campaigns")
"""Entities whose events should go on: a quiet catalogue of campaigns is not late."""
DATED = tuple(name for name, entity in ENTITIES.items() if entity.event_time)
"""Entities of which each row happened once; of the others, such as products, the newest description counts."""

COLUMNS = {
    "scope": "`source`: rows as they came in; `table`: what was built of them.",
    "name": "The source in crm.yaml, or the table.",
    "part": "The source's file, the table's snapshot date, or `all`.",
    "dimension": "completeness, validity, uniqueness, consistency or timeliness.",
    "measure": "What was counted; docs/operations.md defines each.",
    "score": "Share of what was counted that did not fail, 0..1.",
    "counted": "How many were counted.",
    "failing": "How many of them failed.",
    "unit": "What is counted: rows, cells, checks, days or snapshots.",
}

_NEEDED = {
    "reconciliation": (
        "source varchar, entity varchar, file_name varchar, read_count bigint, clean_count bigint, "
        "rejected_count bigint, duplicate_count bigint, left_out_count bigint, entity_clean_count bigint, "
        "entity_published_count bigint, last_event_at timestamp, stated_data_through date"
    ),
    "rejected_rows": "source varchar, entity varchar, file_name varchar, position bigint, rule varchar",
}


def measures_query() -> str:
    """The query that gives every measure of what stands now; its tables are those of `stand_ins`."""
    events, dated = (", ".join(f"'{name}'" for name in names) for names in (EVENTS, DATED))
    return f"""
with standing as (             -- the version of every table part that is there now
    select table_name, snapshot_date, row_count, run_id
    from quality.table_versions
    qualify row_number() over (partition by table_name, snapshot_date order by version desc) = 1
        and code_hash <> '{REMOVED}'
),
newest_profiles as (
    select p.*
    from quality.table_profiles as p
    semi join standing as s on s.table_name = p.table_name and s.snapshot_date is not distinct from p.snapshot_date
    qualify p.version = max(p.version) over (partition by p.table_name, p.snapshot_date)
),
newest_checks as (             -- of the run that published the part; row rules are counted for all parts of a run
    select distinct
        s.table_name, s.snapshot_date, s.row_count, c.check_name, c.status,
        c.failing_rows
    from standing as s
    inner join quality.check_results as c
        on c.table_name = s.table_name and c.run_id = s.run_id
        and (c.snapshot_date is null or c.snapshot_date is not distinct from s.snapshot_date)
    qualify c.checked_at = max(c.checked_at) over (partition by s.table_name, s.snapshot_date, c.check_name)
),
rejections as (
    select
        source, file_name,
        count(*) filter (where rule like '% is missing') as missing_count,
        count(*) filter (where rule = '{REPEATED}') as repeated_count,
        count(*) as rejected_count
    from rejected_rows
    group by source, file_name
),
files as (
    select
        r.source, r.file_name, r.read_count - coalesce(r.left_out_count, 0) as read_count,
        coalesce(j.missing_count, 0) as missing_count,
        coalesce(j.repeated_count, 0) + case when r.entity in ({dated}) then r.duplicate_count else 0 end
            as repeated_count,       -- a thing may be described again, in the same words or in newer ones
        coalesce(j.rejected_count - j.missing_count - j.repeated_count, 0) as invalid_count,
        abs(r.read_count - r.clean_count - r.rejected_count - r.duplicate_count - coalesce(r.left_out_count, 0))
            as lost_count
    from reconciliation as r
    left join rejections as j on j.source = r.source and j.file_name = r.file_name
),
last_snapshot as (
    select max(snapshot_date) as day from standing where table_name = 'source_coverage'
),
reached as (                   -- days without data among the last {RECENT_DAYS} before the newest snapshot
    select
        source,
        least(greatest(date_diff('day', max(through), max(day)) - 1, 0), {RECENT_DAYS}) as failing
    from (select source, entity, coalesce(stated_data_through, last_event_at::date) as through from reconciliation)
    cross join last_snapshot
    where entity in ({events}) and day is not null
    group by source
    having max(through) is not null
),
snapshot_days as (
    select distinct snapshot_date from standing where table_name = 'source_coverage'
),
per_customer as (              -- tables with one row per customer of the snapshot must agree on how many there are
    select s.table_name, s.snapshot_date, s.row_count, r.row_count as customer_count
    from standing as s
    inner join standing as r on r.table_name = 'customer_rfm' and r.snapshot_date = s.snapshot_date
    where s.table_name in ('customer_features', 'customer_clv', 'customer_segments', 'churn_predictions')
),
expectations as (
    select
        table_name, snapshot_date, status,
        case
            when check_name like '%: null_share(%' then 'completeness'
            when check_name like '%: distinct_count(%' then 'uniqueness'
            when check_name like '%: row_count%' then 'consistency'
            else 'validity'
        end as dimension
    from newest_checks
    where check_name like 'expectations%'
),
measures as (
    select 'source' as scope, source as name, file_name as part, 'completeness' as dimension,
        'rows with every needed value' as measure, read_count as counted, missing_count as failing, 'rows' as unit
    from files
    union all
    select 'source', source, file_name, 'validity', 'rows that satisfy the rules', read_count, invalid_count, 'rows'
    from files
    union all
    select 'source', source, file_name, 'uniqueness', 'rows that say something new', read_count, repeated_count, 'rows'
    from files
    union all
    select 'source', source, file_name, 'consistency', 'rows accounted for', read_count, lost_count, 'rows'
    from files
    union all
    select 'source', source, 'all', 'timeliness', 'days with data', {RECENT_DAYS}, failing, 'days'
    from reached
    union all
    select 'table', entity, 'all', 'consistency', 'rows equal to the clean ones of the sources',
        max(entity_clean_count), max(abs(entity_clean_count - entity_published_count)), 'rows'
    from reconciliation group by entity
    union all
    select 'table', table_name, coalesce(snapshot_date::varchar, 'all'), 'completeness', 'filled cells',
        sum(row_count), sum(round(null_share * row_count)), 'cells'
    from newest_profiles group by table_name, snapshot_date
    union all
    select 'table', table_name, coalesce(snapshot_date::varchar, 'all'), 'validity', 'row rules', sum(row_count),
        sum(least(failing_rows, row_count)), 'rows'
    from newest_checks where check_name like 'row_rules: %' group by table_name, snapshot_date
    union all
    select 'table', table_name, coalesce(snapshot_date::varchar, 'all'), 'uniqueness', 'unique grain', sum(row_count),
        sum(least(failing_rows, row_count)), 'rows'
    from newest_checks where check_name like 'unique_grain: unique(%' group by table_name, snapshot_date
    union all
    select 'table', table_name, coalesce(snapshot_date::varchar, 'all'), dimension, 'expectations', count(*),
        count(*) filter (where status <> 'passed'), 'checks'
    from expectations group by table_name, snapshot_date, dimension
    union all
    select 'table', table_name, snapshot_date::varchar, 'consistency', 'customers agree with customer_rfm',
        greatest(row_count, customer_count), abs(row_count - customer_count), 'rows'
    from per_customer
    union all
    select 'table', s.table_name, 'all', 'timeliness', 'snapshots built', (select count(*) from snapshot_days),
        (select count(*) from snapshot_days) - count(distinct d.snapshot_date), 'snapshots'
    from standing as s left join snapshot_days as d on d.snapshot_date = s.snapshot_date
    where s.snapshot_date is not null
    group by s.table_name
)
select
    scope, name, part, dimension, measure,
    case when counted = 0 then 1.0 else round(1 - failing::double / counted, 9) end as score,
    counted::bigint as counted, failing::bigint as failing, unit
from measures
where counted > 0 or failing > 0
order by scope, name, part, dimension, measure
"""


def stand_ins(connection: DuckDBPyConnection) -> None:
    """Name what the query reads: the tables, or empty ones of their shape before the first load."""
    for name, columns in _NEEDED.items():
        there = connection.execute(
            "select 1 from duckdb_tables() where schema_name = 'quality' and table_name = ? "
            "and database_name = current_database()",
            [name],
        ).fetchall()
        if there:
            connection.execute(f"create or replace temporary view {name} as select * from quality.{name}")
        else:
            shape = ", ".join(
                f"cast(null as {kind}) as {column}" for column, kind in (item.split() for item in columns.split(", "))
            )
            connection.execute(f"create or replace temporary view {name} as select {shape} where false")


def renew_measures(connection: DuckDBPyConnection) -> int:
    """Write `quality.data_quality` anew, with its descriptions; returns its number of rows."""
    stand_ins(connection)
    with transaction(connection):
        connection.execute(f"create or replace table {TABLE_NAME} as {measures_query()}")
        connection.execute(
            f"comment on table {TABLE_NAME} is 'Scores of data quality per source and table: what stands now.'"
        )
        for name, text in COLUMNS.items():
            quoted = text.replace("'", "''")
            connection.execute(f"comment on column {TABLE_NAME}.{name} is '{quoted}'")
    (row,) = connection.execute(f"select count(*) from {TABLE_NAME}").fetchall()
    return int(row[0])
