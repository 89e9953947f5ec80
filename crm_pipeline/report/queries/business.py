"""The queries behind the business in five numbers."""

BUSINESS = """
with behaviour as (
    select snapshot_date, count(*) as customers, count(*) filter (where is_active) as active_customers,
        sum(order_count_30d)::bigint as orders_30d, sum(spend_amount_30d) as spend_30d
    from features.customer_features where snapshot_date <= $snapshot_date group by all
),
expected as (
    select snapshot_date, sum(clv::decimal(18, 4)) as expected_value, max(horizon_days) as horizon_days
    from features.customer_clv where snapshot_date <= $snapshot_date group by all
),
risk as (
    select snapshot_date, sum(value_at_risk::decimal(18, 4)) filter (where is_active) as value_at_risk
    from churn.churn_predictions where snapshot_date <= $snapshot_date group by all
)
select snapshot_date, customers, active_customers, orders_30d, spend_30d, expected_value, value_at_risk, horizon_days,
    (expected_value * 30 / horizon_days)::double as expected_30d,
    customers / lag(customers) over by_day - 1 as customers_change,
    active_customers / nullif(lag(active_customers) over by_day, 0) - 1 as active_customers_change,
    (spend_30d / nullif(lag(spend_30d) over by_day, 0))::double - 1 as spend_30d_change,
    (expected_value / nullif(lag(expected_value) over by_day, 0))::double - 1 as expected_value_change,
    (value_at_risk / nullif(lag(value_at_risk) over by_day, 0))::double - 1 as value_at_risk_change,
    (value_at_risk / nullif(expected_value, 0))::double as risk_share,
    lag(snapshot_date) over by_day as before
from behaviour left join expected using (snapshot_date) left join risk using (snapshot_date)
window by_day as (order by snapshot_date)
qualify row_number() over (order by snapshot_date desc) <= 24
order by snapshot_date
"""
