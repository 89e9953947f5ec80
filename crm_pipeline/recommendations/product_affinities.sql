with basket_products as (
    select order_id, product_id
    from order_lines
    where
        line_type = 'product'
        and not is_return
        and quantity > 0
        and date_diff('day', ordered_at::date, $snapshot_date::date) <= 365
    group by order_id, product_id
),

baskets as (                    -- numbers join faster than names
    select order_id, row_number() over (order by order_id) as basket_number
    from basket_products
    group by order_id
    having count(*) <= 100
),

limits as (
    select count(*) as all_basket_count, greatest(10, cast(ceil(count(*) / 10000) as bigint)) as least_pair_count
    from baskets
),

product_totals as (
    select basket_products.product_id, count(*) as basket_count
    from basket_products
    inner join baskets on basket_products.order_id = baskets.order_id
    group by basket_products.product_id
),

frequent_products as (
    select product_id, basket_count, row_number() over (order by basket_count desc, product_id) as product_number
    from product_totals
    where basket_count >= (select least_pair_count from limits)
),

items as (
    select baskets.basket_number, frequent_products.product_number
    from basket_products
    inner join baskets on basket_products.order_id = baskets.order_id
    inner join frequent_products on basket_products.product_id = frequent_products.product_id
    where frequent_products.product_number <= 2000
),

pairs as (
    select one.product_number, other.product_number as other_number, count(*) as pair_count
    from items as one
    inner join items as other
        on one.basket_number = other.basket_number
        and one.product_number < other.product_number
    group by one.product_number, other.product_number
    having count(*) >= (select least_pair_count from limits)
),

both_ways as (
    select product_number, other_number, pair_count
    from pairs
    union all
    select other_number as product_number, product_number as other_number, pair_count
    from pairs
),

measured as (
    select
        one.product_id,
        other.product_id as other_product_id,
        one.basket_count,
        other.basket_count as other_basket_count,
        both_ways.pair_count,
        limits.all_basket_count,
        both_ways.pair_count * limits.all_basket_count / (one.basket_count * other.basket_count) as lift
    from both_ways
    inner join frequent_products as one on both_ways.product_number = one.product_number
    inner join frequent_products as other on both_ways.other_number = other.product_number
    cross join limits
),

above_chance as (
    select *, cast(lift * exp(-5 / sqrt(pair_count)) as decimal(18, 4)) as lift_lower
    from measured
    where lift * exp(-5 / sqrt(pair_count)) > 1
),

ranked as (
    select *, row_number() over (partition by product_id order by lift_lower desc, other_product_id) as rank
    from above_chance
)

select
    $snapshot_date as snapshot_date,
    product_id,
    other_product_id,
    rank,
    basket_count,
    other_basket_count,
    pair_count,
    pair_count / all_basket_count as support,
    pair_count / basket_count as confidence,
    lift,
    lift_lower
from ranked
where rank <= 20
