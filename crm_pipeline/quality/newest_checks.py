"""Which results of checks are said of what stands now: the one query behind status, alerts, the report and the page."""

NEWEST_CHECKS = """
    with standing as (             -- the run that published each part that is there now
        select table_name, snapshot_date, run_id from quality.table_versions
        qualify row_number() over (partition by table_name, snapshot_date order by version desc) = 1
            and code_hash <> 'removed'
    ),
    attempts as (
        select *, checked_at = max(checked_at) over (partition by table_name) as is_newest_attempt
        from quality.check_results
    )
    select * exclude (is_newest_attempt) from attempts as a
    where is_newest_attempt or exists (
        select 1 from standing as s
        where s.table_name = a.table_name and s.run_id = a.run_id
            and (a.snapshot_date is null or a.snapshot_date = s.snapshot_date)
    )
    qualify checked_at = max(checked_at) over (partition by table_name, snapshot_date)
"""
"""The newest results of every (table, part): a long backfill is several runs, and each has judged other parts.

They are those of the run that published the part, or of the table's newest attempt, published or not. Attempts before
it that were not published are over, and so are parts that retention took away.
"""

PLACED = f"""
    select *, severity = 'critical'
        or coalesce(snapshot_date = max(snapshot_date) over (partition by table_name), true) as is_standing
    from ({NEWEST_CHECKS})
"""
"""The same, and whether a failure stands: it is of the table's newest snapshot, or it keeps a part from being renewed.

Other failures at an earlier snapshot are history: a young shop had too few outcomes for a model then, and nobody can do
anything about it now.
"""

FAILURES = f"""
    select severity, table_name, check_name, count(*) as parts, bool_or(is_standing) as is_standing,
        max(snapshot_date) as newest_snapshot,
        max_by(coalesce(observed, ''), coalesce(snapshot_date, date '1970-01-01')) as observed,
        max_by(coalesce(expected, ''), coalesce(snapshot_date, date '1970-01-01')) as expected
    from ({PLACED}) where status <> 'passed'
    group by severity, table_name, check_name
"""
"""What failed, once per table and check, with what its newest snapshot found."""
