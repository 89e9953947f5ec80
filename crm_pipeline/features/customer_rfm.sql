with order_days as (            -- `orders` shows only what was known before the snapshot
    select
        customer_id,
        ordered_at::date as order_date,
        count(*) as order_count,
        sum(net_amount) as spend
    from orders
    where not is_return and customer_id is not null
    group by customer_id, ordered_at::date
),

returned as (
    select customer_id, sum(net_amount) as amount
    from orders
    where is_return and customer_id is not null
    group by customer_id
),

first_days as (
    select
        customer_id,
        min(order_date) as first_date,
        max(order_date) as last_date,
        count(*) as day_count,
        sum(order_count) as order_count,
        sum(spend) as spend
    from order_days
    group by customer_id
),

summary as (
    select
        first_days.customer_id,
        first_days.day_count - 1 as frequency,
        date_diff('day', first_days.first_date, first_days.last_date) as recency,
        date_diff('day', first_days.first_date, $snapshot_date::date) as lifetime_days,
        case
            when first_days.day_count > 1
                then (first_days.spend - first_order.spend) / (first_days.day_count - 1)
            else 0
        end as monetary_value,
        date_diff('day', first_days.last_date, $snapshot_date::date) as days_since_last_order,
        first_days.order_count,
        first_days.spend + coalesce(returned.amount, 0) as total_spend
    from first_days
    inner join order_days as first_order
        on first_days.customer_id = first_order.customer_id
        and first_days.first_date = first_order.order_date
    left join returned on first_days.customer_id = returned.customer_id
),

-- equal values share the middle of their ranks, so that ties never split by chance and where most customers ordered
-- once, that is neither the best score nor the worst
ranked as (
    select
        *,
        (cume_dist() over (order by days_since_last_order desc)
            + (rank() over (order by days_since_last_order desc) - 1) / count(*) over ()) / 2 as r_rank,
        (cume_dist() over (order by order_count)
            + (rank() over (order by order_count) - 1) / count(*) over ()) / 2 as f_rank,
        (cume_dist() over (order by total_spend)
            + (rank() over (order by total_spend) - 1) / count(*) over ()) / 2 as m_rank
    from summary
),

scored as (                     -- rounded: halves of sums of fractions are exact to a few bits only
    select
        *,
        cast(ceil(round(5 * r_rank, 9)) as integer) as r_score,
        cast(ceil(round(5 * f_rank, 9)) as integer) as f_score,
        cast(ceil(round(5 * m_rank, 9)) as integer) as m_score
    from ranked
)

select
    $snapshot_date as snapshot_date,
    customer_id,
    frequency,
    recency,
    lifetime_days as "T",
    monetary_value,
    days_since_last_order,
    order_count,
    total_spend,
    r_score,
    f_score,
    m_score,
    r_score::varchar || f_score::varchar || m_score::varchar as rfm_score
from scored
