with recursive numbered_returns as (    -- as the company came to know them
    select
        order_line_id,
        customer_id,
        product_id,
        ordered_at,
        known_at,
        -quantity as quantity,
        unit_price,
        row_number() over (
            partition by customer_id, product_id
            order by known_at, ordered_at, order_line_id
        ) as return_number
    from order_lines
    where is_return and quantity < 0 and customer_id is not null
),

-- each takes a step below, so that an account that stands for thousands of people must not have one for each of theirs
customer_returns as (
    select * from numbered_returns
    where return_number <= 500
),

return_counts as (
    select customer_id, product_id, count(*) as return_count
    from customer_returns
    group by customer_id, product_id
),

sales as (
    select
        order_lines.order_line_id,
        order_lines.customer_id,
        order_lines.product_id,
        order_lines.ordered_at,
        order_lines.known_at,
        order_lines.quantity,
        order_lines.unit_price,
        return_counts.return_count
    from order_lines
    inner join return_counts
        on order_lines.customer_id = return_counts.customer_id
        and order_lines.product_id = return_counts.product_id
    where order_lines.line_type = 'product' and not order_lines.is_return and order_lines.quantity > 0
),

-- step n takes the n-th return of every customer and product from the one sale that it fits best; all sales of the two
-- are carried along with what is left of them
matched as (
    select
        0 as return_number,
        order_line_id as sale_line_id,
        customer_id,
        product_id,
        ordered_at as sold_at,
        known_at as sale_known_at,
        quantity as left_quantity,
        unit_price as sale_price,
        return_count,
        cast(null as varchar) as return_line_id,
        cast(null as timestamp) as returned_at,
        cast(null as timestamp) as known_at,
        cast(null as decimal(18, 3)) as returned_quantity
    from sales
    union all
    select
        return_number,
        sale_line_id,
        customer_id,
        product_id,
        sold_at,
        sale_known_at,
        cast(case when is_fitting and choice = 1 then left_quantity - quantity else left_quantity end as decimal(18, 3)),
        sale_price,
        return_count,
        case when is_fitting and choice = 1 then order_line_id end,
        ordered_at,
        known_at,
        quantity
    from (
        select
            *,
            row_number() over (
                partition by customer_id, product_id
                order by is_fitting desc, is_same_price desc, sold_at desc, sale_line_id
            ) as choice
        from (
            select
                customer_returns.return_number,
                customer_returns.order_line_id,
                customer_returns.ordered_at,
                customer_returns.known_at,
                customer_returns.quantity,
                matched.sale_line_id,
                matched.customer_id,
                matched.product_id,
                matched.sold_at,
                matched.sale_known_at,
                matched.left_quantity,
                matched.sale_price,
                matched.return_count,
                matched.sold_at <= customer_returns.ordered_at
                and matched.sale_known_at <= customer_returns.known_at
                and matched.left_quantity >= customer_returns.quantity as is_fitting,
                matched.sale_price is not distinct from customer_returns.unit_price as is_same_price
            from matched
            inner join customer_returns
                on matched.customer_id = customer_returns.customer_id
                and matched.product_id = customer_returns.product_id
                and matched.return_number + 1 = customer_returns.return_number
            where matched.return_number < matched.return_count
        ) as offered
    ) as chosen
)

select
    return_line_id,
    sale_line_id,
    customer_id,
    product_id,
    returned_quantity as quantity,
    sold_at,
    returned_at,
    date_diff('day', sold_at::date, returned_at::date) as days_to_return,
    known_at
from matched
where return_line_id is not null
