"""The queries behind the data quality: what was read, and what the newest checks say. They have no D."""

from crm_pipeline.quality import newest_checks

SOURCES = """
select source, any_value(entity) as entity, sum(read_count)::bigint as read, sum(clean_count)::bigint as clean,
    sum(rejected_count)::bigint as rejected, sum(duplicate_count)::bigint as duplicate,
    coalesce(sum(left_out_count), 0)::bigint as left_out, read - left_out as concerned,
    coalesce(rejected / nullif(concerned, 0), 0) as rejected_share,
    coalesce(duplicate / nullif(concerned, 0), 0) as duplicate_share
from quality.reconciliation group by source order by rejected desc, duplicate desc, source
"""

ROWS = """
select sum(read_count)::bigint as read, sum(clean_count)::bigint as clean, sum(rejected_count)::bigint as rejected,
    sum(duplicate_count)::bigint as duplicate, coalesce(sum(left_out_count), 0)::bigint as left_out,
    count(distinct source) as sources, coalesce(clean / nullif(clean + rejected, 0), 1) as clean_share
from quality.reconciliation having sum(read_count) > 0
"""

CHECKS = f"""
select count(*) as checks, count(*) filter (where status = 'passed') as passed,
    count(*) filter (where status <> 'passed') as failed, count(distinct table_name) as tables,
    count(*) filter (where status <> 'passed' and is_standing) as standing,
    count(*) filter (where status <> 'passed' and is_standing and severity <> 'warning') as errors,
    standing - errors as warnings, failed - standing as earlier
from ({newest_checks.PLACED})
having count(*) > 0
"""

FAILED_CHECKS = f"""
with failures as ({newest_checks.FAILURES})
select severity, table_name, check_name, parts, is_standing, newest_snapshot, observed, expected
from failures
order by is_standing desc, array_position(['critical', 'error', 'warning'], severity), newest_snapshot desc,
    table_name, check_name
limit 16
"""
