"""The queries behind customer value."""

VALUE_DECILES = """
with ranked as (
    select clv::decimal(18, 4) as clv, ntile(10) over (order by clv desc, customer_id) as decile
    from features.customer_clv where snapshot_date = $snapshot_date
)
select decile, count(*) as customers, sum(clv) as value, min(clv) as least,
    (sum(clv) / nullif(sum(sum(clv)) over (), 0))::double as share,
    (sum(sum(clv)) over (order by decile) / nullif(sum(sum(clv)) over (), 0))::double as cumulative_share,
    (sum(count(*)) over (order by decile) / sum(count(*)) over ())::double as customers_share
from ranked group by decile order by decile
"""

CONCENTRATION = """
with ranked as (
    select clv::decimal(18, 4) as clv, total_spend,
        ntile(20) over (order by clv desc, customer_id) as by_value,
        ntile(20) over (order by total_spend desc, customer_id) as by_spend
    from features.customer_clv inner join features.customer_rfm using (snapshot_date, customer_id)
    where snapshot_date = $snapshot_date
),
expected as (select by_value as twentieth, sum(clv) as amount, count(*) as customers from ranked group by all),
past as (select by_spend as twentieth, sum(total_spend) as amount from ranked group by all)
select twentieth, (sum(customers) over so_far / sum(customers) over ())::double as customers_share,
    (sum(expected.amount) over so_far / nullif(sum(expected.amount) over (), 0))::double as expected_share,
    (sum(past.amount) over so_far / nullif(sum(past.amount) over (), 0))::double as past_share
from expected inner join past using (twentieth)
window so_far as (order by twentieth)
order by twentieth
"""

VALUE_OUTCOMES = """
select snapshot_date, decile, customer_count as customers, expected_amount as expected, actual_amount as actual,
    naive_amount as rule,
    (sum(expected_amount) over () / nullif(sum(actual_amount) over (), 0))::double - 1 as bias,
    (sum(actual_amount) over (order by decile) / nullif(sum(actual_amount) over (), 0))::double as found_share
from features.clv_deciles
where known_date <= $snapshot_date
    and snapshot_date = (select max(snapshot_date) from features.clv_deciles where known_date <= $snapshot_date)
order by decile
"""

VALUE_EVIDENCE = """
select metric, value, lower, upper, baseline_value, improvement, improvement_lower, improvement_upper,
    snapshot_count as snapshots, row_count as customers
from features.clv_evaluation
where known_date = (select max(known_date) from features.clv_evaluation where known_date <= $snapshot_date)
    and scope = 'pooled' and model = 'published' and population = 'active' and baseline = 'naive'
    and metric in ('mae', 'normalized_gini', 'total_bias')
order by metric
"""
