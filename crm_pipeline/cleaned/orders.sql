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

-- orders of sources that have no lines
whole_orders as (
    select
        order_id,
        customer_id,
        net_amount < 0 as is_return,
        known_at::date as known_date,
        ordered_at,
        known_at,
        0 as line_count,
        0 as product_count,
        0 as quantity,
        net_amount,
        coalesce(discount_amount, 0) as discount_amount
    from staged_orders
    where verdict = 'clean' and order_id not in (select order_id from line_parts)
),

parts as (
    select * from line_parts
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
