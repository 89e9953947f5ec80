-- what customers bought in the horizon, with the place of each product on the published list and on those of the rules
with due_snapshots as (         -- their horizon ended since the snapshot date before this one
    select snapshot_date
    from customer_recommendations
    where
        date_diff('day', snapshot_date, $snapshot_date::date) >= $recommendation_horizon_days
        and (
            $previous_snapshot_date::date is null
            or date_diff('day', snapshot_date, $previous_snapshot_date::date) < $recommendation_horizon_days
        )
    group by snapshot_date
),

served_customers as (
    select
        customer_recommendations.snapshot_date,
        customer_recommendations.customer_id,
        customer_recommendations.model as published_model,
        row_number() over (
            partition by customer_recommendations.snapshot_date
            order by md5(customer_recommendations.customer_id), customer_recommendations.customer_id
        ) as position
    from customer_recommendations
    inner join due_snapshots on customer_recommendations.snapshot_date = due_snapshots.snapshot_date
    where customer_recommendations.rank = 1
),

sampled_customers as (
    select snapshot_date, customer_id, published_model
    from served_customers
    where position <= 20000
),

purchases as (
    select sampled_customers.snapshot_date, sampled_customers.customer_id, order_lines.product_id
    from order_lines
    inner join sampled_customers
        on order_lines.customer_id = sampled_customers.customer_id
        and date_diff('day', sampled_customers.snapshot_date, order_lines.ordered_at::date)
        between 0 and $recommendation_horizon_days - 1
    where order_lines.line_type = 'product' and not order_lines.is_return and order_lines.quantity > 0
    group by sampled_customers.snapshot_date, sampled_customers.customer_id, order_lines.product_id
),

buyers as (
    select snapshot_date, customer_id
    from purchases
    group by snapshot_date, customer_id
),

own_orders as (                 -- as known at the judged snapshot
    select
        buyers.snapshot_date,
        buyers.customer_id,
        order_lines.product_id,
        order_lines.order_id,
        max(order_lines.ordered_at::date) as order_date
    from order_lines
    inner join buyers
        on order_lines.customer_id = buyers.customer_id
        and order_lines.known_at::date < buyers.snapshot_date
    where order_lines.line_type = 'product' and not order_lines.is_return and order_lines.quantity > 0
    group by buyers.snapshot_date, buyers.customer_id, order_lines.product_id, order_lines.order_id
),

own_products as (
    select snapshot_date, customer_id, product_id, count(*) as order_count, max(order_date) as last_date
    from own_orders
    group by snapshot_date, customer_id, product_id
),

own_places as (                 -- P-TopFreq
    select
        snapshot_date,
        customer_id,
        product_id,
        row_number() over (
            partition by snapshot_date, customer_id
            order by order_count desc, last_date desc, product_id
        ) as own_rank
    from own_products
),

popular_places as (             -- G-TopFreq
    select
        product_popularity.snapshot_date,
        product_popularity.product_id,
        row_number() over (
            partition by product_popularity.snapshot_date
            order by product_popularity.order_count desc, product_popularity.product_id
        ) as popular_rank
    from product_popularity
    inner join due_snapshots on product_popularity.snapshot_date = due_snapshots.snapshot_date
),

short_customers as (            -- own fewer products than a list has, so not all of the first 2 x 10 popular ones
    select buyers.snapshot_date, buyers.customer_id, count(own_places.product_id) as own_count
    from buyers
    left join own_places
        on buyers.snapshot_date = own_places.snapshot_date
        and buyers.customer_id = own_places.customer_id
    group by buyers.snapshot_date, buyers.customer_id
    having count(own_places.product_id) < least(10, $recommendation_count)
),

filled_places as (              -- GP-TopFreq after the own products
    select
        short_customers.snapshot_date,
        short_customers.customer_id,
        popular_places.product_id,
        short_customers.own_count + row_number() over (
            partition by short_customers.snapshot_date, short_customers.customer_id
            order by popular_places.popular_rank, popular_places.product_id
        ) as filled_rank
    from short_customers
    inner join popular_places
        on short_customers.snapshot_date = popular_places.snapshot_date
        and popular_places.popular_rank <= 20
    left join own_places
        on short_customers.snapshot_date = own_places.snapshot_date
        and short_customers.customer_id = own_places.customer_id
        and popular_places.product_id = own_places.product_id
    where own_places.product_id is null
),

popular_own_and_bought as (     -- popular products of each buyer: own ones, and new ones bought in the horizon
    select own_places.snapshot_date, own_places.customer_id, own_places.product_id, popular_places.popular_rank, 1 as is_own
    from own_places
    inner join popular_places
        on own_places.snapshot_date = popular_places.snapshot_date
        and own_places.product_id = popular_places.product_id
    union all
    select purchases.snapshot_date, purchases.customer_id, purchases.product_id, popular_places.popular_rank, 0 as is_own
    from purchases
    inner join popular_places
        on purchases.snapshot_date = popular_places.snapshot_date
        and purchases.product_id = popular_places.product_id
    left join own_places
        on purchases.snapshot_date = own_places.snapshot_date
        and purchases.customer_id = own_places.customer_id
        and purchases.product_id = own_places.product_id
    where own_places.product_id is null
),

popular_new_places as (         -- GN-TopFreq: own products do not take places
    select
        snapshot_date,
        customer_id,
        product_id,
        is_own,
        popular_rank - sum(is_own) over (
            partition by snapshot_date, customer_id
            order by popular_rank
        ) as popular_new_rank
    from popular_own_and_bought
),

source_customers as (           -- a smaller sample: those whose sources of candidates are judged as well
    select candidate_lists.snapshot_date, candidate_lists.customer_id
    from candidate_lists
    inner join due_snapshots on candidate_lists.snapshot_date = due_snapshots.snapshot_date
    group by candidate_lists.snapshot_date, candidate_lists.customer_id
),

source_places as (
    select
        candidate_lists.snapshot_date,
        candidate_lists.customer_id,
        candidate_lists.product_id,
        max(candidate_lists.rank) filter (where candidate_lists.source = 'own') as own_source_rank,
        max(candidate_lists.rank) filter (where candidate_lists.source = 'similar') as similar_source_rank,
        max(candidate_lists.rank) filter (where candidate_lists.source = 'popular') as popular_source_rank
    from candidate_lists
    inner join due_snapshots on candidate_lists.snapshot_date = due_snapshots.snapshot_date
    group by candidate_lists.snapshot_date, candidate_lists.customer_id, candidate_lists.product_id
)

select
    purchases.snapshot_date,
    purchases.customer_id,
    purchases.product_id,
    sampled_customers.published_model,
    coalesce(customer_features.is_active, false) as is_active,
    own_places.product_id is not null as is_repeat,
    customer_recommendations.rank as published_rank,
    case when customer_recommendations.slot = 'usual' then customer_recommendations.slot_rank end as usual_rank,
    case when customer_recommendations.slot = 'new' then customer_recommendations.slot_rank end as new_rank,
    coalesce(own_places.own_rank, filled_places.filled_rank) as own_then_popular_rank,
    own_places.own_rank,
    popular_places.popular_rank,
    popular_new_places.popular_new_rank,
    source_customers.customer_id is not null as has_sources,
    source_places.own_source_rank,
    source_places.similar_source_rank,
    source_places.popular_source_rank
from purchases
inner join sampled_customers
    on purchases.snapshot_date = sampled_customers.snapshot_date
    and purchases.customer_id = sampled_customers.customer_id
left join customer_features
    on purchases.snapshot_date = customer_features.snapshot_date
    and purchases.customer_id = customer_features.customer_id
left join customer_recommendations
    on purchases.snapshot_date = customer_recommendations.snapshot_date
    and purchases.customer_id = customer_recommendations.customer_id
    and purchases.product_id = customer_recommendations.product_id
left join own_places
    on purchases.snapshot_date = own_places.snapshot_date
    and purchases.customer_id = own_places.customer_id
    and purchases.product_id = own_places.product_id
left join popular_places
    on purchases.snapshot_date = popular_places.snapshot_date
    and purchases.product_id = popular_places.product_id
left join popular_new_places
    on purchases.snapshot_date = popular_new_places.snapshot_date
    and purchases.customer_id = popular_new_places.customer_id
    and purchases.product_id = popular_new_places.product_id
    and popular_new_places.is_own = 0
left join filled_places
    on purchases.snapshot_date = filled_places.snapshot_date
    and purchases.customer_id = filled_places.customer_id
    and purchases.product_id = filled_places.product_id
left join source_customers
    on purchases.snapshot_date = source_customers.snapshot_date
    and purchases.customer_id = source_customers.customer_id
left join source_places
    on purchases.snapshot_date = source_places.snapshot_date
    and purchases.customer_id = source_places.customer_id
    and purchases.product_id = source_places.product_id
order by purchases.snapshot_date, purchases.customer_id, purchases.product_id
