-- as in customer_recommendations, for a sample of those customers
with refusals as (
    select customer_id
    from consents
    where purpose = $recommendation_consent_purpose::varchar
    group by customer_id
    having max(decided_at) filter (where not is_granted)
        >= coalesce(max(decided_at) filter (where is_granted), timestamp '0001-01-01 00:00:00')
),

served_customers as (
    select
        orders.customer_id,
        row_number() over (order by md5(orders.customer_id), orders.customer_id) as position
    from orders
    left join refusals on orders.customer_id = refusals.customer_id
    where orders.customer_id is not null and not orders.is_return and refusals.customer_id is null
    group by orders.customer_id
),

sampled_customers as (
    select customer_id
    from served_customers
    where position <= 1000
),

customer_orders as (
    select
        orders.customer_id,
        orders.order_id,
        min(date_diff('day', orders.ordered_at::date, $snapshot_date::date)) as days_ago
    from orders
    inner join sampled_customers on orders.customer_id = sampled_customers.customer_id
    where not orders.is_return
    group by orders.customer_id, orders.order_id
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
        sum(order_lines.quantity) as quantity,
        min(date_diff('day', order_lines.ordered_at::date, $snapshot_date::date)) as days_ago
    from order_lines
    inner join sampled_customers on order_lines.customer_id = sampled_customers.customer_id
    inner join product_popularity
        on order_lines.product_id = product_popularity.product_id
        and product_popularity.snapshot_date = $snapshot_date::date
    where
        order_lines.line_type = 'product'
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
        min(days_ago) as days_since_last_ordered,
        sum(quantity) as quantity
    from product_orders
    group by customer_id, product_number
),

returned_products as (          -- what came back, of sales that are known
    select returned_lines.customer_id, product_popularity.product_number, sum(returned_lines.quantity) as quantity
    from returned_lines
    inner join sampled_customers on returned_lines.customer_id = sampled_customers.customer_id
    inner join product_popularity
        on returned_lines.product_id = product_popularity.product_id
        and product_popularity.snapshot_date = $snapshot_date::date
    group by returned_lines.customer_id, product_popularity.product_number
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
    coalesce(returned_products.quantity >= customer_products.quantity, false) as is_sent_back,
    customer_totals.order_count as customer_order_count,
    customer_totals.order_count_30d as customer_order_count_30d,
    customer_totals.order_count_90d as customer_order_count_90d,
    customer_totals.order_count_180d as customer_order_count_180d,
    customer_totals.days_since_last_order as customer_days_since_last_order
from customer_totals
left join customer_products on customer_totals.customer_id = customer_products.customer_id
left join returned_products
    on customer_products.customer_id = returned_products.customer_id
    and customer_products.product_number = returned_products.product_number
order by customer_totals.customer_id, customer_products.product_number
