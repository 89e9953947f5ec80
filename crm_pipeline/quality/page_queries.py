"""The queries behind the data-quality page. The page shows each, so that every number on it can be looked up.

They run on `published.duckdb` or `crm.duckdb` as they stand and return counts, shares and positions, never values.
"""

from crm_pipeline.quality import newest_checks

STATE = """
select max(version) as version, max(built_at) as built_at, count(distinct run_id) as run_count
from quality.table_versions
"""

DIMENSIONS = """
with subjects as (              -- a source or table is as good as its worst measure
    select scope, name, dimension, min(score) as score
    from (
        select scope, name, dimension, measure, 1 - sum(failing) / sum(counted) as score
        from quality.data_quality group by all having sum(counted) > 0
    )
    group by all
)
select dimension, avg(score) as score, count(*) as subjects, count(*) filter (where score < 1) as below_one
from subjects group by dimension
"""

SUBJECTS = """
select scope, name, dimension, measure, unit,
    1 - sum(failing) / sum(counted) as score, sum(counted) as counted, sum(failing) as failing
from quality.data_quality
group by all having sum(counted) > 0
order by scope, name, dimension, score, measure
"""

FAILED_CHECKS = f"""
with failures as ({newest_checks.FAILURES})
select severity, table_name, check_name, parts, is_standing, newest_snapshot, observed, expected
from failures
order by is_standing desc, array_position(['critical', 'error', 'warning'], severity), newest_snapshot desc,
    table_name, check_name
"""

SOURCES = """
select source, entity, count(*) as files, sum(read_count) as read, sum(clean_count) as clean,
    sum(rejected_count) as rejected, sum(duplicate_count) as duplicate, coalesce(sum(left_out_count), 0) as left_out,
    max(coalesce(stated_data_through, last_event_at::date)) as through
from quality.reconciliation group by source, entity order by source
"""

RULES = """
with counted as (
    select source, rule, file_name, count(*) as in_file, min(position, 3) as positions
    from quality.rejected_rows group by all
)
select source, rule, sum(in_file)::bigint as rows, count(*) as files,
    min(file_name) as first_file, min_by(positions, file_name) as positions
from counted group by source, rule
qualify row_number() over (partition by source order by rows desc, rule) <= 5
order by source, rows desc, rule
"""

SCHEMA_CHANGES = """
select source, file_name, column_name, change, before, after
from quality.schema_changes
where is_newest order by source, file_name, column_name, change
"""

PARTS = """
with standing as (
    select table_name, snapshot_date, row_count
    from quality.table_versions
    where snapshot_date is not null
    qualify row_number() over (partition by table_name, snapshot_date order by version desc) = 1
        and code_hash <> 'removed'
),
filled as (
    select name, part, score from quality.data_quality where measure = 'filled cells'
)
select s.table_name, s.snapshot_date, s.row_count, f.score as filled
from standing as s left join filled as f on f.name = s.table_name and f.part = s.snapshot_date::varchar
order by s.table_name, s.snapshot_date
"""

VOLUMES = """
select table_name, date_trunc('month', known_date)::date as month, sum(row_count)::bigint as rows
from quality.day_hashes
where known_date > '1970-01-01'
group by all order by table_name, month
"""

LOADS = """
select p.version, any_value(v.built_at) as built_at,
    sum(mean * p.row_count) filter (where column_name = 'read_count') as read,
    sum(mean * p.row_count) filter (where column_name = 'rejected_count') as rejected,
    sum(mean * p.row_count) filter (where column_name = 'duplicate_count') as duplicate
from quality.table_profiles as p
inner join quality.table_versions as v on v.table_name = p.table_name and v.version = p.version
where p.table_name = 'reconciliation'
group by p.version order by p.version
"""

OUTLIERS = """
select snapshot_date, feature, count(*) as rows, count(distinct customer_id) as customers
from features.customer_outliers
where snapshot_date = (select max(snapshot_date) from features.customer_outliers)
group by all order by rows desc, feature
"""

SUSPICIOUS = """
select snapshot_date, reason_1_code as reason, count(*) as rows, max(score) as highest
from features.suspicious_orders
where snapshot_date = (select max(snapshot_date) from features.suspicious_orders)
group by all order by rows desc, reason
"""
