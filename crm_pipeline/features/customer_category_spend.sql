with order_categories as (      -- one row per customer, order and category
    select
        order_lines.customer_id,
        order_lines.order_id,
        coalesce(products.category, 'unknown') as category,
        sum(order_lines.net_amount) as spend_amount,
        max(order_lines.ordered_at::date) filter (where not order_lines.is_return) as order_date
    from order_lines
    left join products on products.product_id = order_lines.product_id
    where order_lines.customer_id is not null and order_lines.line_type = 'product'
    group by order_lines.customer_id, order_lines.order_id, coalesce(products.category, 'unknown')
),

category_totals as (
    select
        customer_id,
        category,
        sum(spend_amount) as spend_amount,
        count(order_date) as order_count,
        max(order_date) as last_order_date
    from order_categories
    group by customer_id, category
),

shared as (
    select
        *,
        sum(greatest(spend_amount, 0)) over (partition by customer_id) as total_amount
    from category_totals
    where order_count > 0
)

select
    $snapshot_date::date as snapshot_date,
    customer_id,
    category,
    spend_amount,
    order_count,
    date_diff('day', last_order_date, $snapshot_date::date) as days_since_last_order,
    case when total_amount > 0 then greatest(spend_amount, 0) / total_amount else 0 end as spend_share
from shared
