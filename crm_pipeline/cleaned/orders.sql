with line_parts as (
    select
        order_id,
        customer_id,
        is_return,
        known_at::date as known_date,
        min(ordered_at) as ordered_at,
        min(known_at) as known_at,
        count(*) as line_count,
        count(distinct product_id) as product_count,
        sum(quantity) as quantity,
        sum(net_amount) as net_amount,
        sum(discount_amount) as discount_amount
    from order_lines
    group by order_id, customer_id, is_return, known_at::date
),

-- of an order and its lines the first known counts (by day: snapshots see no less), so that what comes later changes
-- nothing about earlier days; an order without an amount is only the date and customer of its lines
first_lines as (
    select order_id, min(known_at) as known_at
    from line_parts
    where order_id in (select order_id from staged_orders where verdict = 'clean')
    group by order_id
),

whole_orders as (
    select
        staged_orders.order_id,
        staged_orders.customer_id,
        staged_orders.net_amount < 0 as is_return,
        staged_orders.known_at::date as known_date,
        staged_orders.ordered_at,
        staged_orders.known_at,
        0 as line_count,
        0 as product_count,
        0 as quantity,
        staged_orders.net_amount,
        coalesce(staged_orders.discount_amount, 0) as discount_amount
    from staged_orders
    left join first_lines on staged_orders.order_id = first_lines.order_id
    where staged_orders.verdict = 'clean'
        and staged_orders.net_amount is not null
        and (first_lines.known_at is null or staged_orders.known_at::date < first_lines.known_at::date)
),

parts as (
    select *
    from line_parts
    where order_id not in (select order_id from whole_orders)
    union all
    select * from whole_orders
)

select
    order_id,
    row_number() over (
        partition by order_id
        order by known_date, is_return, customer_id nulls last
    ) as order_part,
    customer_id,
    ordered_at,
    line_count,
    product_count,
    quantity,
    net_amount,
    discount_amount,
    is_return,
    known_at
from parts
