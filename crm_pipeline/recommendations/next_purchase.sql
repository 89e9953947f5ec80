-- per customer and category: the history at D, and the one known a horizon earlier with what was bought since
with bought_days as (
    select
        order_lines.customer_id,
        coalesce(products.subcategory, products.category) as category,
        order_lines.ordered_at::date as purchase_date,
        max(date_diff('day', order_lines.known_at::date, $snapshot_date::date)) as known_days_ago
    from order_lines
    left join products on order_lines.product_id = products.product_id
    where
        order_lines.customer_id is not null
        and order_lines.line_type = 'product'
        and not order_lines.is_return
        and order_lines.quantity > 0
    group by order_lines.customer_id, coalesce(products.subcategory, products.category), order_lines.ordered_at::date
),

order_days as (
    select
        customer_id,
        ordered_at::date as purchase_date,
        max(date_diff('day', known_at::date, $snapshot_date::date)) as known_days_ago
    from orders
    where customer_id is not null and not is_return
    group by customer_id, ordered_at::date
),

purchase_days as (
    select customer_id, category, date_diff('day', purchase_date, $snapshot_date::date) as days_ago, known_days_ago
    from bought_days
    where category is not null and category <> 'any'
    union all
    select customer_id, 'any' as category, date_diff('day', purchase_date, $snapshot_date::date) as days_ago, known_days_ago
    from order_days
),

histories as (
    select
        customer_id,
        category,
        count(*) as purchase_day_count,
        max(days_ago) as days_since_first,
        min(days_ago) as days_since_last,
        count(*) filter (
            where days_ago > $recommendation_horizon_days and known_days_ago > $recommendation_horizon_days
        ) as judged_purchase_day_count,
        max(days_ago) filter (
            where days_ago > $recommendation_horizon_days and known_days_ago > $recommendation_horizon_days
        ) - $recommendation_horizon_days as judged_days_since_first,
        min(days_ago) filter (
            where days_ago > $recommendation_horizon_days and known_days_ago > $recommendation_horizon_days
        ) - $recommendation_horizon_days as judged_days_since_last,
        min(days_ago) <= $recommendation_horizon_days as is_bought
    from purchase_days
    group by customer_id, category
    having count(*) >= 3 or category = 'any'
),

ranked as (
    select
        *,
        row_number() over (
            partition by customer_id
            order by category = 'any' desc, purchase_day_count desc, category
        ) <= 6 as is_usual,
        row_number() over (
            partition by customer_id
            order by category = 'any' desc, judged_purchase_day_count desc, category
        ) <= 6
        and judged_purchase_day_count >= case when category = 'any' then 1 else 3 end as is_judged
    from histories
)

select
    customer_id,
    category,
    purchase_day_count,
    days_since_first,
    days_since_last,
    coalesce(judged_purchase_day_count, 0) as judged_purchase_day_count,
    coalesce(judged_days_since_first, 0) as judged_days_since_first,
    coalesce(judged_days_since_last, 0) as judged_days_since_last,
    is_bought,
    is_usual,
    is_judged,
    $recommendation_horizon_days as horizon_days
from ranked
where is_usual or is_judged
order by customer_id, category
