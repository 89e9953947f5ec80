-- the newest snapshot whose outcome is known: what sampled customers had bought at it, and what they bought next
with judged as (
    select max(snapshot_date) as judged_date
    from product_popularity
    where date_diff('day', snapshot_date, $snapshot_date::date) >= $recommendation_horizon_days
),

known_orders as (
    select
        orders.customer_id,
        orders.order_id,
        sum(orders.line_count) as line_count,
        min(date_diff('day', orders.ordered_at::date, judged.judged_date)) as days_ago
    from orders
    inner join judged on orders.known_at::date < judged.judged_date
    where orders.customer_id is not null and not orders.is_return
    group by orders.customer_id, orders.order_id
),

customer_totals as (
    select
        customer_id,
        sum(line_count) as line_count,
        count(*) as order_count,
        count(*) filter (where days_ago <= 30) as order_count_30d,
        count(*) filter (where days_ago <= 90) as order_count_90d,
        count(*) filter (where days_ago <= 180) as order_count_180d,
        min(days_ago) as days_since_last_order
    from known_orders
    group by customer_id
),

-- the same sample as in product_similarities
ordered_customers as (
    select
        customer_id,
        row_number() over (order by md5(customer_id), customer_id) as customer_number,
        sum(line_count) over (order by md5(customer_id), customer_id) as line_count_so_far
    from customer_totals
),

sampled_customers as (
    select customer_totals.*, ordered_customers.customer_number
    from customer_totals
    inner join ordered_customers on customer_totals.customer_id = ordered_customers.customer_id
    where
        ordered_customers.customer_number <= 25000
        and (ordered_customers.line_count_so_far <= 500000 or ordered_customers.customer_number <= 100)
),

product_numbers as (            -- those of D, for some were first bought in the horizon
    select product_id, product_number
    from product_popularity
    where snapshot_date = $snapshot_date::date
),

product_orders as (
    select
        sampled_customers.customer_number,
        product_numbers.product_number,
        order_lines.order_id,
        order_lines.known_at::date < judged.judged_date as is_known,
        min(date_diff('day', order_lines.ordered_at::date, judged.judged_date)) as days_ago
    from order_lines
    inner join sampled_customers on order_lines.customer_id = sampled_customers.customer_id
    inner join product_numbers on order_lines.product_id = product_numbers.product_id
    cross join judged
    where
        order_lines.line_type = 'product'
        and not order_lines.is_return
        and order_lines.quantity > 0
        and (
            order_lines.known_at::date < judged.judged_date
            or date_diff('day', judged.judged_date, order_lines.ordered_at::date)
            between 0 and $recommendation_horizon_days - 1
        )
    group by
        sampled_customers.customer_number,
        product_numbers.product_number,
        order_lines.order_id,
        order_lines.known_at::date < judged.judged_date
),

customer_products as (
    select
        customer_number,
        product_number,
        count(*) filter (where is_known) as order_count,
        count(*) filter (where is_known and days_ago <= 30) as order_count_30d,
        count(*) filter (where is_known and days_ago <= 90) as order_count_90d,
        count(*) filter (where is_known and days_ago <= 180) as order_count_180d,
        max(days_ago) filter (where is_known) as days_since_first_ordered,
        min(days_ago) filter (where is_known) as days_since_last_ordered,
        count(*) filter (where not is_known) > 0 as is_bought
    from product_orders
    group by customer_number, product_number
)

-- numbers only, and 0 for what a row does not have: such frames are small
select
    judged.judged_date,
    sampled_customers.customer_number,
    coalesce(customer_products.product_number, 0) as product_number,
    coalesce(customer_products.order_count, 0) as order_count,
    coalesce(customer_products.order_count_30d, 0) as order_count_30d,
    coalesce(customer_products.order_count_90d, 0) as order_count_90d,
    coalesce(customer_products.order_count_180d, 0) as order_count_180d,
    coalesce(customer_products.days_since_first_ordered, 0) as days_since_first_ordered,
    coalesce(customer_products.days_since_last_ordered, 0) as days_since_last_ordered,
    coalesce(customer_products.is_bought, false) as is_bought,
    sampled_customers.order_count as customer_order_count,
    sampled_customers.order_count_30d as customer_order_count_30d,
    sampled_customers.order_count_90d as customer_order_count_90d,
    sampled_customers.order_count_180d as customer_order_count_180d,
    sampled_customers.days_since_last_order as customer_days_since_last_order,
    0 as product_customer_count,
    0 as product_order_count_14d
from sampled_customers
left join customer_products on sampled_customers.customer_number = customer_products.customer_number
cross join judged
union all
select
    judged.judged_date,
    0 as customer_number,
    product_numbers.product_number,
    product_popularity.order_count,
    product_popularity.order_count_30d,
    product_popularity.order_count_90d,
    0 as order_count_180d,
    0 as days_since_first_ordered,
    0 as days_since_last_ordered,
    false as is_bought,
    0 as customer_order_count,
    0 as customer_order_count_30d,
    0 as customer_order_count_90d,
    0 as customer_order_count_180d,
    0 as customer_days_since_last_order,
    product_popularity.customer_count as product_customer_count,
    product_popularity.order_count_14d as product_order_count_14d
from product_popularity
inner join judged on product_popularity.snapshot_date = judged.judged_date
inner join product_numbers on product_popularity.product_id = product_numbers.product_id
