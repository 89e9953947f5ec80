-- one row per customer and product bought; a customer whose orders have no lines has one row with the product number 0
with customer_orders as (
    select customer_id, order_id, min(date_diff('day', ordered_at::date, $snapshot_date::date)) as days_ago
    from orders
    where customer_id is not null and not is_return
    group by customer_id, order_id
),

customer_totals as (
    select
        customer_id,
        count(*) as order_count,
        count(*) filter (where days_ago <= 30) as order_count_30d,
        count(*) filter (where days_ago <= 90) as order_count_90d,
        count(*) filter (where days_ago <= 180) as order_count_180d,
        min(days_ago) as days_since_last_order
    from customer_orders
    group by customer_id
),

product_orders as (
    select
        order_lines.customer_id,
        product_popularity.product_number,
        order_lines.order_id,
        min(date_diff('day', order_lines.ordered_at::date, $snapshot_date::date)) as days_ago
    from order_lines
    inner join product_popularity
        on order_lines.product_id = product_popularity.product_id
        and product_popularity.snapshot_date = $snapshot_date::date
    where
        order_lines.customer_id is not null
        and order_lines.line_type = 'product'
        and not order_lines.is_return
        and order_lines.quantity > 0
    group by order_lines.customer_id, product_popularity.product_number, order_lines.order_id
),

customer_products as (
    select
        customer_id,
        product_number,
        count(*) as order_count,
        count(*) filter (where days_ago <= 30) as order_count_30d,
        count(*) filter (where days_ago <= 90) as order_count_90d,
        count(*) filter (where days_ago <= 180) as order_count_180d,
        max(days_ago) as days_since_first_ordered,
        min(days_ago) as days_since_last_ordered
    from product_orders
    group by customer_id, product_number
)

select
    customer_totals.customer_id,
    coalesce(customer_products.product_number, 0) as product_number,
    coalesce(customer_products.order_count, 0) as order_count,
    coalesce(customer_products.order_count_30d, 0) as order_count_30d,
    coalesce(customer_products.order_count_90d, 0) as order_count_90d,
    coalesce(customer_products.order_count_180d, 0) as order_count_180d,
    coalesce(customer_products.days_since_first_ordered, 0) as days_since_first_ordered,
    coalesce(customer_products.days_since_last_ordered, 0) as days_since_last_ordered,
    customer_totals.order_count as customer_order_count,
    customer_totals.order_count_30d as customer_order_count_30d,
    customer_totals.order_count_90d as customer_order_count_90d,
    customer_totals.order_count_180d as customer_order_count_180d,
    customer_totals.days_since_last_order as customer_days_since_last_order
from customer_totals
left join customer_products on customer_totals.customer_id = customer_products.customer_id
order by customer_totals.customer_id, customer_products.product_number
