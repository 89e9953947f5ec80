with features as (              -- all columns: what a customer's features are is stated there
    select * from customer_features
),

current_customers as (
    select customer_id, frequency, recency, "T", monetary_value, days_since_last_order, total_spend
    from customer_rfm
    where snapshot_date = $snapshot_date::date
),

-- of the customers gained before the last horizon began, how many ordered in it
retention as (
    select
        count(*) filter (where "T" > $clv_horizon_days) as gained_count,
        count(*) filter (
            where "T" > $clv_horizon_days and days_since_last_order <= $clv_horizon_days
        ) as retained_count
    from current_customers
)

select
    features.*,
    current_customers.frequency,
    current_customers.recency,
    current_customers."T",
    current_customers.monetary_value,
    current_customers.total_spend,
    case
        when retention.gained_count > 0 then retention.retained_count / retention.gained_count
        else 1
    end as retention_share
from current_customers
inner join features
    on current_customers.customer_id = features.customer_id
    and features.snapshot_date = $snapshot_date::date
cross join retention
order by current_customers.customer_id
