with due_snapshots as (         -- their horizon ended since the snapshot date before this one
    select distinct snapshot_date
    from customer_features
    where
        date_diff('day', snapshot_date, $snapshot_date::date) >= $churn_horizon_days
        and (
            $previous_snapshot_date::date is null
            or date_diff('day', snapshot_date, $previous_snapshot_date::date) < $churn_horizon_days
        )
),

scored as (
    select customer_features.snapshot_date, customer_features.customer_id, customer_features.is_active
    from customer_features
    inner join due_snapshots on customer_features.snapshot_date = due_snapshots.snapshot_date
),

horizon_parts as (
    select
        due_snapshots.snapshot_date,
        orders.customer_id,
        orders.order_id,
        orders.net_amount,
        orders.is_return
    from orders
    inner join due_snapshots
        on date_diff('day', due_snapshots.snapshot_date, orders.ordered_at::date) between 0 and $churn_horizon_days - 1
    where orders.customer_id is not null
),

horizon_totals as (
    select
        snapshot_date,
        customer_id,
        count(distinct order_id) filter (where not is_return) as order_count,
        sum(net_amount) as net_amount
    from horizon_parts
    group by snapshot_date, customer_id
)

select
    $snapshot_date::date as known_date,
    scored.snapshot_date,
    scored.customer_id,
    $churn_horizon_days as horizon_days,
    coalesce(horizon_totals.order_count, 0) = 0 as is_churned,
    scored.is_active,
    coalesce(horizon_totals.order_count, 0) as order_count,
    coalesce(horizon_totals.net_amount, 0) as net_amount,
    substr(md5(scored.customer_id), 1, 4) as customer_hash
from scored
left join horizon_totals
    on scored.snapshot_date = horizon_totals.snapshot_date
    and scored.customer_id = horizon_totals.customer_id
