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
),

priced as (
    select
        *,
        cast(
            case when quantity_90d > 0 then net_amount_90d / quantity_90d else net_amount / quantity end
            as decimal(18, 4)
        ) as unit_price
    from totals
)

select
    $snapshot_date as snapshot_date,
    priced.product_id,
    row_number() over (order by priced.product_id) as product_number,
    products.name as product_name,
    products.category,
    products.subcategory,
    priced.unit_price,
    priced.days_since_last_ordered,
    priced.customer_count,
    priced.order_count,
    priced.order_count_14d,
    priced.order_count_30d,
    priced.order_count_90d,
    coalesce(priced.days_since_last_ordered <= $recommendation_available_days::integer, true)
    and coalesce(priced.unit_price >= $recommendation_min_price::decimal(18, 4), true)
    and not coalesce(lower(products.category) in $recommendation_excluded_categories, false)
    and not coalesce(lower(products.subcategory) in $recommendation_excluded_categories, false) as is_offered
from priced
left join products on priced.product_id = products.product_id
