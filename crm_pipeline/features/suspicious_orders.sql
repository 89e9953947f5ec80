with parts as (                 -- parts of orders known in the last year: what is usual is learned from them
    select
        order_id,
        customer_id,
        ordered_at,
        known_at,
        line_count,
        product_count,
        quantity,
        net_amount,
        discount_amount
    from orders
    where part_type = 'order' and known_at >= $snapshot_date::date - interval 365 day
),

known_orders as (
    select
        order_id,
        min(customer_id) as customer_id,
        min(ordered_at) as ordered_at,
        max(known_at) as known_at,
        sum(line_count) as line_count,
        sum(product_count) as product_count,
        sum(quantity) as quantity,
        sum(net_amount) as net_amount,
        sum(discount_amount) as discount_amount
    from parts
    group by order_id
),

scaled_orders as (
    select
        *,
        -- rounded to decimal row by row: a sum of doubles would depend on the order of the rows
        ln(1 + greatest(net_amount, 0))::decimal(18, 9) as log_amount,
        case
            when discount_amount > 0 then (discount_amount / (discount_amount + greatest(net_amount, 0)))::decimal(18, 9)
        end as discount_share
    from known_orders
),

-- a month and a day, or since the snapshot before: every order is judged at least once, and again when it comes back
windowed as (
    select *
    from scaled_orders
    where known_at >= least(
        coalesce($previous_snapshot_date::date, $snapshot_date::date),
        $snapshot_date::date - interval 32 day
    )
),

shop as (
    select
        median(log_amount) as amount_center,
        avg(log_amount) as amount_mean,
        sum(log_amount * log_amount) as amount_squares,
        count(*) as order_count,
        median(discount_share) as discount_center
    from scaled_orders
),

shop_spreads as (
    select
        greatest(1.4826 * median(abs(scaled_orders.log_amount - shop.amount_center)), 0.2) as amount_spread,
        greatest(
            1.4826 * median(abs(scaled_orders.discount_share - shop.discount_center)),
            1.2533 * avg(abs(scaled_orders.discount_share - shop.discount_center)::decimal(18, 9)),
            0.05
        ) as discount_spread
    from scaled_orders
    cross join shop
),

-- of each customer in the window the orders before each order: a fraud must not make the next one look usual
own_history as (
    select
        order_id,
        count(*) over earlier as own_count,
        avg(log_amount) over earlier as own_mean,
        sum(log_amount) over earlier as own_sum,
        sum(log_amount * log_amount) over earlier as own_squares,
        count(*) over around as near_count
    from scaled_orders
    where customer_id in (select customer_id from windowed)
    window
        earlier as (
            partition by customer_id order by ordered_at, order_id
            rows between unbounded preceding and 1 preceding
        ),
        around as (
            partition by customer_id order by extract(epoch from ordered_at)
            range between 600 preceding and 600 following
        )
),

first_days as (                 -- over all time, not only the last year
    select customer_id, min(ordered_at) as first_ordered_at
    from orders
    where customer_id in (select customer_id from windowed) and part_type = 'order'
    group by customer_id
),

sale_lines as (
    select
        order_line_id,
        order_id,
        product_id,
        quantity,
        net_amount,
        ln(quantity)::decimal(18, 9) as log_quantity
    from order_lines
    where line_type = 'product' and not is_return and quantity > 0 and known_at >= $snapshot_date::date - interval 365 day
),

product_quantities as (
    select product_id, count(*) as line_count, median(log_quantity) as center
    from sale_lines
    group by product_id
),

line_quantities as (
    select median(log_quantity) as center
    from sale_lines
),

-- a product sold seldom is compared with all products
quantity_centers as (
    select
        product_quantities.product_id,
        case
            when product_quantities.line_count >= 20 then product_quantities.center else line_quantities.center
        end as center
    from product_quantities
    cross join line_quantities
),

usual_quantities as (
    select
        sale_lines.product_id,
        quantity_centers.center,
        greatest(1.4826 * median(abs(sale_lines.log_quantity - quantity_centers.center)), 0.4) as spread
    from sale_lines
    inner join quantity_centers on quantity_centers.product_id = sale_lines.product_id
    group by sale_lines.product_id, quantity_centers.center
),

order_quantities as (
    select
        sale_lines.order_id,
        max(sale_lines.quantity) as max_quantity,
        max((sale_lines.log_quantity - usual_quantities.center) / usual_quantities.spread) as quantity_distance,
        min(sale_lines.product_id) as first_product_id,
        max(sale_lines.product_id) as last_product_id
    from sale_lines
    inner join usual_quantities on usual_quantities.product_id = sale_lines.product_id
    where sale_lines.order_id in (select order_id from windowed)
    group by sale_lines.order_id
),

-- what came back within two days of its sale
quick_returns as (
    select
        sale_lines.order_id,
        sum((sale_lines.net_amount * returned_lines.quantity / sale_lines.quantity)::decimal(18, 4)) as returned_amount
    from returned_lines
    inner join sale_lines on sale_lines.order_line_id = returned_lines.sale_line_id
    where returned_lines.returned_at <= returned_lines.sold_at + interval 2 day
    group by sale_lines.order_id
),

-- buckets of ten minutes, and others that begin in their midst; the same basket by its products, quantity and amount
shifts(shift_seconds) as (
    values (0), (300)
),

patterned as (
    select
        windowed.order_id,
        windowed.customer_id,
        shifts.shift_seconds,
        floor((extract(epoch from windowed.ordered_at) + shifts.shift_seconds) / 600) as bucket_number,
        concat_ws(
            '|', windowed.net_amount, windowed.quantity, windowed.product_count,
            order_quantities.first_product_id, order_quantities.last_product_id
        ) as basket
    from windowed
    cross join shifts
    left join order_quantities on order_quantities.order_id = windowed.order_id
    where windowed.customer_id is not null
),

buckets as (
    select basket, shift_seconds, bucket_number, count(distinct customer_id) as customer_count
    from patterned
    group by basket, shift_seconds, bucket_number
),

baskets as (
    select basket, shift_seconds, sum(customer_count) as customer_count, count(*) as bucket_count
    from buckets
    group by basket, shift_seconds
),

alike as (                      -- customers with the same basket at once, against as many as usual
    select
        patterned.order_id,
        max(buckets.customer_count) as alike_count,
        max(buckets.customer_count / greatest(
            (baskets.customer_count - buckets.customer_count) / greatest(baskets.bucket_count - 1, 1), 1
        )) as alike_ratio
    from patterned
    inner join buckets
        on buckets.basket = patterned.basket
        and buckets.shift_seconds = patterned.shift_seconds
        and buckets.bucket_number = patterned.bucket_number
    inner join baskets on baskets.basket = patterned.basket and baskets.shift_seconds = patterned.shift_seconds
    group by patterned.order_id
)

select
    $snapshot_date::date as snapshot_date,
    windowed.order_id,
    windowed.customer_id,
    windowed.ordered_at,
    windowed.net_amount,
    windowed.line_count,
    windowed.log_amount::double as log_amount,
    ((windowed.log_amount - shop.amount_center) / shop_spreads.amount_spread)::double as amount_distance,
    case
        when windowed.customer_id is not null and own_history.own_count >= 5
            then ((windowed.log_amount - own_history.own_mean) / sqrt(greatest(
                own_history.own_squares / own_history.own_count
                - (own_history.own_sum / own_history.own_count) * (own_history.own_sum / own_history.own_count), 0.16
            )))::double
    end as own_amount_distance,
    case when windowed.customer_id is not null then windowed.ordered_at <= first_days.first_ordered_at end as is_first_order,
    -- at midnight sharp stands a date without a time, which says nothing about minutes
    case
        when windowed.customer_id is null or windowed.ordered_at = windowed.ordered_at::date then 1
        else own_history.near_count
    end as near_count,
    order_quantities.max_quantity::double as max_quantity,
    order_quantities.quantity_distance::double as quantity_distance,
    least(greatest(coalesce(quick_returns.returned_amount, 0) / nullif(windowed.net_amount, 0), 0), 1)::double as returned_share,
    windowed.discount_share::double as discount_share,
    ((windowed.discount_share - shop.discount_center) / shop_spreads.discount_spread)::double as discount_distance,
    case when windowed.ordered_at = windowed.ordered_at::date then 1 else coalesce(alike.alike_count, 1) end as alike_count,
    case when windowed.ordered_at = windowed.ordered_at::date then 1 else coalesce(alike.alike_ratio, 1) end as alike_ratio,
    shop.order_count as shop_order_count
from windowed
cross join shop
cross join shop_spreads
left join own_history on own_history.order_id = windowed.order_id
left join first_days on first_days.customer_id = windowed.customer_id
left join order_quantities on order_quantities.order_id = windowed.order_id
left join quick_returns on quick_returns.order_id = windowed.order_id
left join alike on alike.order_id = windowed.order_id
order by windowed.order_id
