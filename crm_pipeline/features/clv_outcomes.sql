with judged as (                -- snapshots whose horizon ended since the snapshot before this one
    select snapshot_date, customer_id, is_active
    from customer_features
    where date_diff('day', snapshot_date, $snapshot_date::date) >= $clv_horizon_days
        and (
            $previous_snapshot_date::date is null
            or date_diff('day', snapshot_date, $previous_snapshot_date::date) < $clv_horizon_days
        )
),

judged_snapshots as (
    select distinct snapshot_date from judged
),

bought as (                     -- the horizon is [snapshot, snapshot + horizon)
    select
        judged_snapshots.snapshot_date,
        orders.customer_id,
        count(*) filter (where not orders.is_return) as order_count,
        count(distinct orders.ordered_at::date) filter (where not orders.is_return) as purchase_count,
        sum(orders.net_amount) as spend_amount
    from orders
    inner join judged_snapshots
        on date_diff('day', judged_snapshots.snapshot_date, orders.ordered_at::date)
            between 0 and $clv_horizon_days - 1
    where orders.customer_id is not null
    group by judged_snapshots.snapshot_date, orders.customer_id
)

select
    $snapshot_date::date as known_date,
    judged.snapshot_date,
    judged.customer_id,
    $clv_horizon_days::integer as horizon_days,
    judged.is_active,
    coalesce(bought.order_count, 0) as order_count,
    coalesce(bought.purchase_count, 0) as purchase_count,
    coalesce(bought.spend_amount, 0) as spend_amount
from judged
left join bought
    on judged.snapshot_date = bought.snapshot_date
    and judged.customer_id = bought.customer_id
