-- what was expected of each customer's next order, and when it came; days count up to the horizon
with served_customers as (
    select customer_id, row_number() over (order by md5(customer_id), customer_id) as position
    from next_purchase
    where category = 'any'
    group by customer_id
),

expected as (
    select
        next_purchase.snapshot_date,
        next_purchase.customer_id,
        next_purchase.horizon_days,
        next_purchase.probability,
        next_purchase.rate_probability,
        date_diff('day', next_purchase.snapshot_date, next_purchase.expected_date) as days_until_expected,
        case
            when next_purchase.usual_gap_days is not null
                then greatest(next_purchase.usual_gap_days - next_purchase.days_since_last, 0)
        end as days_until_usual_gap,
        $previous_snapshot_date::date is null
        or date_diff('day', next_purchase.snapshot_date, $previous_snapshot_date::date)
        < next_purchase.horizon_days as is_newly_due
    from next_purchase
    inner join served_customers on next_purchase.customer_id = served_customers.customer_id
    where
        next_purchase.category = 'any'
        and served_customers.position <= 20000
        and date_diff('day', next_purchase.snapshot_date, $snapshot_date::date) >= next_purchase.horizon_days
),

order_days as (
    select customer_id, ordered_at::date as order_date
    from orders
    where customer_id is not null and not is_return
    group by customer_id, ordered_at::date
),

next_orders as (
    select
        expected.snapshot_date,
        expected.customer_id,
        min(date_diff('day', expected.snapshot_date, order_days.order_date)) as days_until_next
    from expected
    inner join order_days
        on expected.customer_id = order_days.customer_id
        and date_diff('day', expected.snapshot_date, order_days.order_date) between 0 and expected.horizon_days - 1
    group by expected.snapshot_date, expected.customer_id
)

select
    expected.snapshot_date,
    expected.customer_id,
    expected.is_newly_due,
    coalesce(customer_features.is_active, false) as is_active,
    next_orders.days_until_next is not null as is_bought,
    expected.probability,
    expected.rate_probability,
    coalesce(next_orders.days_until_next, expected.horizon_days)::double as days_until_next,
    least(coalesce(expected.days_until_expected, expected.horizon_days), expected.horizon_days)::double
        as days_until_expected,
    least(coalesce(expected.days_until_usual_gap, expected.horizon_days), expected.horizon_days)::double
        as days_until_usual_gap
from expected
left join next_orders
    on expected.snapshot_date = next_orders.snapshot_date
    and expected.customer_id = next_orders.customer_id
left join customer_features
    on expected.snapshot_date = customer_features.snapshot_date
    and expected.customer_id = customer_features.customer_id
order by expected.snapshot_date, expected.customer_id
