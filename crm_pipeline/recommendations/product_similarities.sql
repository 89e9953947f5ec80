with customer_sizes as (
    select customer_id, sum(line_count) as line_count
    from orders
    where customer_id is not null and not is_return
    group by customer_id
),

-- whole customers, the same on every run and engine
ordered_customers as (
    select
        customer_id,
        row_number() over (order by md5(customer_id), customer_id) as customer_number,
        sum(line_count) over (order by md5(customer_id), customer_id) as line_count_so_far
    from customer_sizes
),

sampled_customers as (
    select customer_id, customer_number
    from ordered_customers
    where customer_number <= 25000 and (line_count_so_far <= 500000 or customer_number <= 100)
)

select
    sampled_customers.customer_number,
    product_popularity.product_number,
    count(distinct order_lines.order_id) as order_count
from order_lines
inner join sampled_customers on order_lines.customer_id = sampled_customers.customer_id
inner join product_popularity
    on order_lines.product_id = product_popularity.product_id
    and product_popularity.snapshot_date = $snapshot_date::date
where order_lines.line_type = 'product' and not order_lines.is_return and order_lines.quantity > 0
group by sampled_customers.customer_number, product_popularity.product_number
