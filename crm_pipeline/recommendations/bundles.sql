with not_offered as (
    select product_id
    from product_popularity
    where snapshot_date = $snapshot_date::date and not is_offered
),

strong_pairs as (               -- each once, with the share of the surer direction, of products that may be pushed
    select pairs.*
    from (
        select
            one.product_id as product_1_id,
            one.other_product_id as product_2_id,
            one.basket_count as basket_count_1,
            one.other_basket_count as basket_count_2,
            one.pair_count,
            one.support,
            one.lift,
            one.lift_lower
        from product_affinities as one
        where one.snapshot_date = $snapshot_date::date and one.product_id < one.other_product_id
        union
        select
            other.other_product_id as product_1_id,
            other.product_id as product_2_id,
            other.other_basket_count as basket_count_1,
            other.basket_count as basket_count_2,
            other.pair_count,
            other.support,
            other.lift,
            other.lift_lower
        from product_affinities as other
        where other.snapshot_date = $snapshot_date::date and other.product_id > other.other_product_id
    ) as pairs
    left join not_offered as one on pairs.product_1_id = one.product_id
    left join not_offered as two on pairs.product_2_id = two.product_id
    where one.product_id is null and two.product_id is null
),

paired_products as (
    select product_1_id as product_id, basket_count_1 as basket_count
    from strong_pairs
    union
    select product_2_id as product_id, basket_count_2 as basket_count
    from strong_pairs
),

basket_products as (
    select order_id, product_id
    from order_lines
    where
        line_type = 'product'
        and not is_return
        and quantity > 0
        and date_diff('day', ordered_at::date, $snapshot_date::date) <= 365
    group by order_id, product_id
),

baskets as (                    -- as in product_affinities
    select order_id, row_number() over (order by order_id) as basket_number
    from basket_products
    group by order_id
    having count(*) <= 100
),

limits as (
    select count(*) as all_basket_count, greatest(10, cast(ceil(count(*) / 10000) as bigint)) as least_count
    from baskets
),

items as (
    select baskets.basket_number, basket_products.product_id
    from basket_products
    inner join baskets on basket_products.order_id = baskets.order_id
    inner join paired_products on basket_products.product_id = paired_products.product_id
),

possible_triples as (           -- all three pairs are strong; the rarest of them is where the third is offered
    select
        one.product_1_id,
        one.product_2_id,
        other.product_2_id as product_3_id,
        one.pair_count as count_12,
        other.pair_count as count_13,
        third.pair_count as count_23,
        case
            when count_12 <= count_13 and count_12 <= count_23 then other.product_2_id
            when count_13 <= count_23 then one.product_2_id
            else one.product_1_id
        end as offered_product_id,
        case
            when offered_product_id = one.product_1_id then one.product_2_id else one.product_1_id
        end as base_1_id,
        case
            when offered_product_id = other.product_2_id then one.product_2_id else other.product_2_id
        end as base_2_id
    from strong_pairs as one
    inner join strong_pairs as other
        on one.product_1_id = other.product_1_id
        and one.product_2_id < other.product_2_id
    inner join strong_pairs as third
        on one.product_2_id = third.product_1_id
        and other.product_2_id = third.product_2_id
),

base_pairs as (
    select
        bases.base_1_id,
        bases.base_2_id,
        case when one.basket_count <= two.basket_count then bases.base_1_id else bases.base_2_id end as rarer_id,
        case when one.basket_count <= two.basket_count then bases.base_2_id else bases.base_1_id end as other_id
    from (select base_1_id, base_2_id from possible_triples group by base_1_id, base_2_id) as bases
    inner join paired_products as one on bases.base_1_id = one.product_id
    inner join paired_products as two on bases.base_2_id = two.product_id
),

-- from the rarer product to the other and on to the third: few rows at every step, which a planner may not see
rarer_baskets as materialized (
    select base_pairs.base_1_id, base_pairs.base_2_id, base_pairs.other_id, items.basket_number
    from base_pairs
    inner join items on base_pairs.rarer_id = items.product_id
),

pair_baskets as materialized (
    select rarer_baskets.base_1_id, rarer_baskets.base_2_id, rarer_baskets.basket_number
    from rarer_baskets
    inner join items
        on rarer_baskets.other_id = items.product_id
        and rarer_baskets.basket_number = items.basket_number
),

triple_baskets as materialized (
    select
        possible_triples.product_1_id,
        possible_triples.product_2_id,
        possible_triples.product_3_id,
        possible_triples.offered_product_id,
        pair_baskets.basket_number
    from possible_triples
    inner join pair_baskets
        on possible_triples.base_1_id = pair_baskets.base_1_id
        and possible_triples.base_2_id = pair_baskets.base_2_id
),

bundle_counts as (
    select
        triple_baskets.product_1_id,
        triple_baskets.product_2_id,
        triple_baskets.product_3_id,
        count(*) as bundle_count
    from triple_baskets
    inner join items
        on triple_baskets.offered_product_id = items.product_id
        and triple_baskets.basket_number = items.basket_number
    group by triple_baskets.product_1_id, triple_baskets.product_2_id, triple_baskets.product_3_id
),

triple_counts as (
    select possible_triples.*, bundle_counts.bundle_count
    from possible_triples
    inner join bundle_counts
        on possible_triples.product_1_id = bundle_counts.product_1_id
        and possible_triples.product_2_id = bundle_counts.product_2_id
        and possible_triples.product_3_id = bundle_counts.product_3_id
),

triples as (                    -- by_chance: a pair meets the third, or two meet where the third is
    select
        3 as size,
        triple_counts.product_1_id,
        triple_counts.product_2_id,
        triple_counts.product_3_id,
        triple_counts.offered_product_id,
        bundle_count,
        least(count_12, count_13, count_23) as condition_count,
        bundle_count * limits.all_basket_count / (one.basket_count * two.basket_count)
        * limits.all_basket_count / three.basket_count as lift,
        greatest(
            count_12 * three.basket_count / limits.all_basket_count,
            count_13 * two.basket_count / limits.all_basket_count,
            count_23 * one.basket_count / limits.all_basket_count,
            count_12 * count_13 / one.basket_count,
            count_12 * count_23 / two.basket_count,
            count_13 * count_23 / three.basket_count
        ) as by_chance
    from triple_counts
    inner join paired_products as one on triple_counts.product_1_id = one.product_id
    inner join paired_products as two on triple_counts.product_2_id = two.product_id
    inner join paired_products as three on triple_counts.product_3_id = three.product_id
    cross join limits
    where bundle_count >= limits.least_count
),

pairs as (
    select
        2 as size,
        product_1_id,
        product_2_id,
        null as product_3_id,
        case when basket_count_1 <= basket_count_2 then product_2_id else product_1_id end as offered_product_id,
        pair_count as bundle_count,
        least(basket_count_1, basket_count_2) as condition_count,
        lift,
        basket_count_1 * basket_count_2 / limits.all_basket_count as by_chance
    from strong_pairs
    cross join limits
),

measured as (
    select *, bundle_count / by_chance as lift_over_parts
    from (select * from pairs union all select * from triples)
),

above_chance as (
    select
        *,
        cast(lift_over_parts * exp(-5 / sqrt(bundle_count)) as decimal(18, 4)) as lift_lower,
        cast(bundle_count - by_chance as decimal(18, 2)) as extra_count
    from measured
    where lift_over_parts * exp(-5 / sqrt(bundle_count)) > 1
),

ranked as (
    select
        *,
        row_number() over (
            order by extra_count desc, product_1_id, product_2_id, coalesce(product_3_id, '')
        ) as rank
    from above_chance
)

select
    $snapshot_date::date as snapshot_date,
    ranked.rank,
    ranked.size,
    ranked.product_1_id,
    ranked.product_2_id,
    ranked.product_3_id,
    ranked.offered_product_id,
    ranked.bundle_count,
    ranked.bundle_count / limits.all_basket_count as support,
    ranked.bundle_count / ranked.condition_count as confidence,
    ranked.lift,
    ranked.lift_over_parts,
    ranked.lift_lower,
    ranked.extra_count,
    one.unit_price + two.unit_price + case when ranked.size = 3 then three.unit_price else 0 end as price
from ranked
cross join limits
left join product_popularity as one
    on ranked.product_1_id = one.product_id
    and one.snapshot_date = $snapshot_date::date
left join product_popularity as two
    on ranked.product_2_id = two.product_id
    and two.snapshot_date = $snapshot_date::date
left join product_popularity as three
    on ranked.product_3_id = three.product_id
    and three.snapshot_date = $snapshot_date::date
where ranked.rank <= 1000
