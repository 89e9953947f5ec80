"""The queries behind segments, moves between them and cohorts."""

SEGMENTS = """
with days as (
    select max(snapshot_date) as before from segments.customer_segments where snapshot_date < $snapshot_date
),
earlier as (
    select rfm_segment, count(*) as customers from segments.customer_segments
    where snapshot_date = (select before from days) group by all
),
present as (
    select rfm_segment, count(*) as customers, count(*) filter (where f.is_active) as active,
        sum(spend_amount_30d) as spend_30d,
        sum(clv::decimal(18, 4)) as value, sum(churn_probability::decimal(18, 8)) filter (where c.is_active)
            / nullif(count(*) filter (where c.is_active), 0) as churn_probability,
        sum(value_at_risk::decimal(18, 4)) filter (where c.is_active) as value_at_risk
    from segments.customer_segments as s
    left join features.customer_features as f using (snapshot_date, customer_id)
    left join features.customer_clv as v using (snapshot_date, customer_id)
    left join churn.churn_predictions as c using (snapshot_date, customer_id)
    where s.snapshot_date = $snapshot_date
    group by all
)
select rfm_segment as segment, p.customers, p.customers / sum(p.customers) over () as share,
    p.customers - e.customers as change, active, spend_30d, value,
    (value / nullif(sum(value) over (), 0))::double as value_share,
    churn_probability::double as churn_probability, value_at_risk
from present as p left join earlier as e using (rfm_segment)
order by p.customers desc, segment
"""

TRANSITIONS = """
select from_segment, to_segment, customer_count as customers, share
from segments.segment_transitions where snapshot_date = $snapshot_date order by from_segment, to_segment
"""

MOVES = """
select sum(customer_count)::bigint as customers,
    sum(customer_count) filter (where from_segment <> to_segment)::bigint as moved,
    (sum(customer_count) filter (where from_segment <> to_segment) / sum(customer_count))::double as moved_share
from segments.segment_transitions
where snapshot_date = $snapshot_date and from_segment <> 'no orders yet'
having sum(customer_count) > 0
"""

LARGEST_MOVES = """
select from_segment, to_segment, customer_count as customers, share
from segments.segment_transitions
where snapshot_date = $snapshot_date and from_segment <> to_segment and from_segment <> 'no orders yet'
order by customers desc, from_segment, to_segment limit 5
"""

COHORTS = """
select cohort_month, months_since, customer_count as customers, active_count, retention_share as share
from segments.cohort_retention
where snapshot_date = $snapshot_date and months_since between 1 and 12
    and cohort_month in (
        select cohort_month from segments.cohort_retention where snapshot_date = $snapshot_date
        group by cohort_month order by cohort_month desc limit 13
    )
order by cohort_month, months_since
"""

RETENTION = """
select months_since, count(*) as cohorts, max(cohorts) over () as all_cohorts,
    sum(customer_count)::bigint as customers,
    (sum(active_count) / sum(customer_count))::double as share
from segments.cohort_retention
where snapshot_date = $snapshot_date and months_since between 0 and 12
group by months_since
qualify 3 * cohorts >= max(cohorts) over ()     -- an average of a few old cohorts is none
order by months_since
"""
