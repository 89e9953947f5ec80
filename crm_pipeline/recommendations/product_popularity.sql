with product_orders as (        -- an order counts once per product, however many lines it has of it
    select
        customer_id,
        product_id,
        order_id,
        min(date_diff('day', ordered_at::date, $snapshot_date::date)) as days_ago,
        sum(quantity) as quantity,
        sum(net_amount) as net_amount
    from order_lines
    where customer_id is not null and line_type = 'product' and not is_return and quantity > 0
    group by customer_id, product_id, order_id
),

customer_products as (
    select
        customer_id,
        product_id,
        count(*) as order_count,
        count(*) filter (where days_ago <= 14) as order_count_14d,
        count(*) filter (where days_ago <= 30) as order_count_30d,
        count(*) filter (where days_ago <= 90) as order_count_90d,
        min(days_ago) as days_since_last_ordered,
        sum(quantity) as quantity,
        sum(net_amount) as net_amount,
        coalesce(sum(quantity) filter (where days_ago <= 90), 0) as quantity_90d,
        coalesce(sum(net_amount) filter (where days_ago <= 90), 0) as net_amount_90d
    from product_orders
    group by customer_id, product_id
),

totals as (
    select
        product_id,
        count(*) as customer_count,
        sum(order_count) as order_count,
        sum(order_count_14d) as order_count_14d,
        sum(order_count_30d) as order_count_30d,
        sum(order_count_90d) as order_count_90d,
        min(days_since_last_ordered) as days_since_last_ordered,
        sum(quantity) as quantity,
        sum(net_amount) as net_amount,
        sum(quantity_90d) as quantity_90d,
        sum(net_amount_90d) as net_amount_90d
    from customer_products
    group by product_id
)

select
    $snapshot_date as snapshot_date,
    totals.product_id,
    row_number() over (order by totals.product_id) as product_number,
    products.name as product_name,
    products.category,
    products.subcategory,
    case
        when totals.quantity_90d > 0 then totals.net_amount_90d / totals.quantity_90d
        else totals.net_amount / totals.quantity
    end as unit_price,
    totals.days_since_last_ordered,
    totals.customer_count,
    totals.order_count,
    totals.order_count_14d,
    totals.order_count_30d,
    totals.order_count_90d
from totals
left join products on totals.product_id = products.product_id
