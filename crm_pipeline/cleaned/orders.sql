with line_parts as (
    select
        order_id,
        customer_id,
        line_type = 'product' as is_goods,
        is_return,
        known_at::date as known_date,
        min(ordered_at) as ordered_at,
        min(known_at) as known_at,
        count(*) as line_count,
        sum(quantity) as quantity,
        sum(net_amount) as net_amount,
        sum(case when line_type = 'discount' then discount_amount - net_amount else discount_amount end) as discount_amount
    from order_lines
    where line_type in ('product', 'discount', 'adjustment')
    group by order_id, customer_id, line_type = 'product', is_return, known_at::date
),

-- hardly any order has a product on several lines: elsewhere there are as many products as lines, and none to compare
repeating as (
    select distinct order_id
    from (
        select order_id
        from order_lines
        where line_type = 'product'
        group by order_id, product_id
        having count(*) > 1
    ) as repeated_products
),

product_counts as (
    select order_id, customer_id, is_return, known_at::date as known_date, count(distinct product_id) as product_count
    from order_lines
    where line_type = 'product' and order_id in (select order_id from repeating)
    group by order_id, customer_id, is_return, known_at::date
),

goods as (
    select line_parts.*, coalesce(product_counts.product_count, line_parts.line_count) as product_count
    from line_parts
    left join product_counts
        on line_parts.order_id = product_counts.order_id
        and line_parts.customer_id is not distinct from product_counts.customer_id
        and line_parts.is_return = product_counts.is_return
        and line_parts.known_date = product_counts.known_date
    where line_parts.is_goods
),

-- discounts and adjustments belong to the sale of their order and day; without one they correct what was spent before
corrections as (
    select * from line_parts
    where not is_goods
),

goods_parts as (
    select
        goods.order_id,
        goods.customer_id,
        case when goods.is_return then 'return' else 'order' end as part_type,
        goods.known_date,
        goods.ordered_at,
        goods.known_at,
        goods.line_count,
        goods.product_count,
        goods.quantity,
        goods.net_amount + coalesce(corrections.net_amount, 0) as net_amount,
        goods.discount_amount + coalesce(corrections.discount_amount, 0) as discount_amount
    from goods
    left join corrections
        on goods.order_id = corrections.order_id
        and goods.customer_id is not distinct from corrections.customer_id
        and goods.known_date = corrections.known_date
        and not goods.is_return
),

correction_parts as (
    select
        corrections.order_id,
        corrections.customer_id,
        'correction' as part_type,
        corrections.known_date,
        corrections.ordered_at,
        corrections.known_at,
        corrections.line_count,
        0 as product_count,
        0 as quantity,
        corrections.net_amount,
        corrections.discount_amount
    from corrections
    left join goods
        on corrections.order_id = goods.order_id
        and corrections.customer_id is not distinct from goods.customer_id
        and corrections.known_date = goods.known_date
        and not goods.is_return
    where goods.order_id is null
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
        case when staged_orders.net_amount < 0 then 'return' else 'order' end as part_type,
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
    from goods_parts
    where order_id not in (select order_id from whole_orders)
    union all
    select *
    from correction_parts
    where order_id not in (select order_id from whole_orders)
    union all
    select * from whole_orders
),

-- most orders have one part, and no others to sort
several_parts as (
    select order_id
    from parts
    group by order_id
    having count(*) > 1
),

numbered as (
    select *, 1 as order_part
    from parts
    where order_id not in (select order_id from several_parts)
    union all
    select
        *,
        row_number() over (
            partition by order_id
            order by known_date, part_type <> 'order', part_type, customer_id nulls last
        ) as order_part
    from parts
    where order_id in (select order_id from several_parts)
)

select
    order_id,
    order_part,
    customer_id,
    ordered_at,
    part_type,
    line_count,
    product_count,
    quantity,
    net_amount,
    discount_amount,
    part_type <> 'order' as is_return,
    known_at
from numbered
