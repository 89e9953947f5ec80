with served as (
    select customer_id, product_id, rank, slot, slot_rank
    from customer_recommendations
    where snapshot_date = $snapshot_date::date
),

lists as (
    select customer_id, product_id, 'mix' as list
    from served
    where rank <= $recommendation_count
    union all
    select customer_id, product_id, slot as list
    from served
    where slot_rank <= $recommendation_count
),

range_size as (
    select count(*) filter (where order_count_90d > 0) as product_count
    from product_popularity
    where snapshot_date = $snapshot_date::date
),

served_customers as (
    select count(distinct customer_id) as customer_count
    from served
),

known_products as (
    select
        product_popularity.product_id,
        product_popularity.order_count_90d > 0 as is_current,
        coalesce(products.subcategory, products.category) as kind,
        cast(
            ln(greatest(served_customers.customer_count, product_popularity.customer_count)
            / product_popularity.customer_count) / ln(2) as decimal(18, 8)
        ) as surprise
    from product_popularity
    cross join served_customers
    left join products on product_popularity.product_id = products.product_id
    where product_popularity.snapshot_date = $snapshot_date::date
),

products_of_lists as (
    select list, product_id, count(*) as times
    from lists
    group by list, product_id
),

product_totals as (
    select
        products_of_lists.list,
        count(*) as product_count,
        count(*) filter (where known_products.is_current) as current_count,
        sum(products_of_lists.times * known_products.surprise) / sum(products_of_lists.times) as novelty
    from products_of_lists
    inner join known_products on products_of_lists.product_id = known_products.product_id
    group by products_of_lists.list
),

kinds_of_lists as (
    select lists.list, lists.customer_id, known_products.kind, count(*) as product_count
    from lists
    inner join known_products on lists.product_id = known_products.product_id
    where known_products.kind is not null
    group by lists.list, lists.customer_id, known_products.kind
),

different_pairs as (
    select
        list,
        customer_id,
        sum(product_count) as product_count,
        sum(product_count) * sum(product_count) - sum(product_count * product_count) as pair_count
    from kinds_of_lists
    group by list, customer_id
),

diversities as (
    select list, avg(cast(pair_count / (product_count * (product_count - 1)) as decimal(18, 8))) as diversity
    from different_pairs
    where product_count > 1
    group by list
),

list_totals as (
    select list, count(distinct customer_id) as customer_count
    from lists
    group by list
)

select
    $snapshot_date::date as snapshot_date,
    list_totals.list,
    list_totals.customer_count,
    product_totals.product_count,
    coalesce(product_totals.current_count / nullif(range_size.product_count, 0), 0) as coverage,
    diversities.diversity,
    product_totals.novelty
from list_totals
inner join product_totals on list_totals.list = product_totals.list
left join diversities on list_totals.list = diversities.list
cross join range_size
