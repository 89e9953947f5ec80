with sold as (                  -- of late
    select
        product_popularity.product_id,
        coalesce(product_popularity.subcategory, product_popularity.category) as kind,
        products.brand,
        product_popularity.order_count_90d,
        product_popularity.is_offered
    from product_popularity
    left join products on product_popularity.product_id = products.product_id
    where product_popularity.snapshot_date = $snapshot_date::date and product_popularity.order_count_90d > 0
),

by_customers as (
    select
        product_similarities.product_id,
        row_number() over (
            partition by product_similarities.product_id
            order by product_similarities.rank, product_similarities.other_product_id
        ) as rank,
        product_similarities.other_product_id,
        product_similarities.similarity
    from product_similarities
    inner join sold on product_similarities.product_id = sold.product_id
    inner join sold as other on product_similarities.other_product_id = other.product_id
    where product_similarities.snapshot_date = $snapshot_date::date and other.is_offered
),

recently_added as (
    select
        products.product_id,
        coalesce(products.subcategory, products.category) as kind,
        products.brand
    from products
    left join product_popularity
        on products.product_id = product_popularity.product_id
        and product_popularity.snapshot_date = $snapshot_date::date
    where
        product_popularity.product_id is null
        and coalesce(products.subcategory, products.category) is not null
        and date_diff('day', products.known_at::date, $snapshot_date::date) <= 90
),

lonely as (
    select sold.product_id, sold.kind, sold.brand
    from sold
    left join by_customers on sold.product_id = by_customers.product_id
    where by_customers.product_id is null and sold.kind is not null
    union all
    select product_id, kind, brand
    from recently_added
),

best_of_kind as (               -- six, for one of them may be the product itself
    select
        product_id as other_product_id,
        kind,
        brand,
        row_number() over (partition by kind order by order_count_90d desc, product_id) as place_in_kind,
        row_number() over (partition by kind, brand order by order_count_90d desc, product_id) as place_in_brand
    from sold
    where kind is not null and is_offered
),

of_the_same_kind as (
    select
        lonely.product_id,
        best_of_kind.other_product_id,
        row_number() over (
            partition by lonely.product_id
            order by
                coalesce(lonely.brand = best_of_kind.brand, false) desc,
                best_of_kind.place_in_kind,
                best_of_kind.other_product_id
        ) as rank
    from lonely
    inner join best_of_kind
        on lonely.kind = best_of_kind.kind
        and lonely.product_id <> best_of_kind.other_product_id
        and (
            best_of_kind.place_in_kind <= 6
            or lonely.brand = best_of_kind.brand
            and best_of_kind.place_in_brand <= 6
        )
),

neighbours as (
    select product_id, rank, other_product_id, 'same_customers' as source, similarity
    from by_customers
    where rank <= 5
    union all
    select product_id, rank, other_product_id, 'same_kind' as source, null as similarity
    from of_the_same_kind
    where rank <= 5
)

select $snapshot_date::date as snapshot_date, product_id, rank, other_product_id, source, similarity
from neighbours
