with order_parts as (           -- orders and returns; lines are collapsed already, so this is small
    select
        customer_id,
        ordered_at,
        line_count,
        net_amount,
        discount_amount,
        part_type,
        is_return,
        date_diff('day', ordered_at::date, $snapshot_date::date) as days_ago
    from orders
    where customer_id is not null
),

return_totals as (              -- a return or correction is not an order, but it changes the spend
    select
        customer_id,
        coalesce(sum(greatest(line_count, 1)) filter (where part_type = 'return'), 0) as return_count,
        coalesce(
            sum(greatest(line_count, 1)) filter (where part_type = 'return' and days_ago <= 90), 0
        ) as return_count_90d,
        sum(net_amount) as return_amount,
        coalesce(sum(net_amount) filter (where days_ago <= 30), 0) as return_amount_30d,
        coalesce(sum(net_amount) filter (where days_ago <= 90), 0) as return_amount_90d,
        coalesce(sum(net_amount) filter (where days_ago <= 180), 0) as return_amount_180d,
        coalesce(sum(net_amount) filter (where days_ago <= 365), 0) as return_amount_365d
    from order_parts
    where is_return
    group by customer_id
),

basket_totals as (
    select
        customer_id,
        count(*) as order_count,
        count(*) filter (where days_ago <= 30) as order_count_30d,
        count(*) filter (where days_ago <= 90) as order_count_90d,
        count(*) filter (where days_ago <= 180) as order_count_180d,
        count(*) filter (where days_ago <= 365) as order_count_365d,
        sum(net_amount) as order_amount,
        coalesce(sum(net_amount) filter (where days_ago <= 30), 0) as order_amount_30d,
        coalesce(sum(net_amount) filter (where days_ago <= 90), 0) as order_amount_90d,
        coalesce(sum(net_amount) filter (where days_ago <= 180), 0) as order_amount_180d,
        coalesce(sum(net_amount) filter (where days_ago <= 365), 0) as order_amount_365d,
        sum(line_count) as line_count,
        coalesce(sum(line_count) filter (where days_ago <= 90), 0) as line_count_90d,
        sum(discount_amount) as discount_amount,
        coalesce(sum(discount_amount) filter (where days_ago <= 90), 0) as discount_amount_90d,
        max(net_amount) as max_basket_amount,
        sum(extract(hour from ordered_at)) as hour_sum
    from order_parts
    where not is_return
    group by customer_id
),

order_days as (                 -- several orders on one day are one purchase occasion
    select
        customer_id,
        days_ago,
        floor((days_ago - 1) / 7) as week_ago,
        floor((days_ago - 1) / 30) as window_ago,
        -- 2001-01-01 was a Monday: weekend days have remainder 5 and 6
        date_diff('day', '2001-01-01'::date, $snapshot_date::date) - days_ago as day_number,
        -- rounded to decimal row by row: a sum of doubles would depend on the order of the rows
        exp(-days_ago / 10.0)::decimal(18, 9) as weight_10d,
        exp(-days_ago / 30.0)::decimal(18, 9) as weight_30d,
        exp(-days_ago / 90.0)::decimal(18, 9) as weight_90d
    from order_parts
    where not is_return
    group by customer_id, days_ago
),

order_gaps as (
    select
        *,
        lag(days_ago) over (partition by customer_id order by days_ago desc) - days_ago as gap_days,
        min(days_ago) over (partition by customer_id) as days_since_last_order
    from order_days
),

gap_frequencies as (
    select gap_days, count(*) as gap_count
    from order_gaps
    where gap_days is not null
    group by gap_days
),

gap_shares as (
    select
        gap_days,
        sum(gap_count) over (order by gap_days) as up_to_count,
        sum(gap_count) over () as total_count
    from gap_frequencies
),

-- silent for longer than 99 % of all pauses that ended with an order: gone already, and no longer able to leave
activity_window as (
    select
        coalesce(
            $active_days::integer,
            greatest($churn_horizon_days::integer, min(gap_days) filter (where up_to_count * 100 >= total_count * 99))
        ) as active_days
    from gap_shares
),

day_totals as (
    select
        customer_id,
        count(*) as order_day_count,
        count(*) filter (where days_ago <= 14) as order_day_count_14d,
        count(*) filter (where days_ago <= 30) as order_day_count_30d,
        count(*) filter (where days_ago <= 90) as order_day_count_90d,
        count(*) filter (where days_ago between 31 and 60) as order_day_count_31_60d,
        min(days_ago) as days_since_last_order,
        max(days_ago) as tenure_days,
        count(distinct week_ago) filter (where days_ago <= 84) as active_week_count_84d,
        count(distinct window_ago) as active_30d_count,
        count(*) filter (where day_number % 7 >= 5) as weekend_day_count,
        sum(weight_10d) as weighted_day_count_10d,
        sum(weight_30d) as weighted_day_count_30d,
        sum(weight_90d) as weighted_day_count_90d,
        count(gap_days) as gap_count,
        sum(gap_days) as gap_days,
        sum(gap_days * gap_days) as gap_squared_days,
        max(gap_days) as max_gap_days,
        max(gap_days) filter (where days_ago <= 90) as max_gap_days_90d,
        sum(ln(gap_days)::decimal(18, 9)) as log_gap_days,
        -- the days of the past that began 30 days without an order
        coalesce(sum(greatest(gap_days - 30, 0)), 0) + greatest(min(days_since_last_order) - 30, 0) as silent_days_30d,
        max(gap_days) filter (where days_ago = days_since_last_order) as last_gap_days,
        count(*) filter (where gap_days > days_since_last_order) as longer_gap_count,
        count(*) filter (where gap_days > days_since_last_order + 30) as longer_gap_count_30d
    from order_gaps
    group by customer_id
),

customer_products as (          -- the only read of the lines
    select
        customer_id,
        product_id,
        count(*) as line_count,
        min(date_diff('day', ordered_at::date, $snapshot_date::date)) as last_days_ago,
        max(date_diff('day', ordered_at::date, $snapshot_date::date)) as first_days_ago
    from order_lines
    where customer_id is not null and line_type = 'product' and not is_return
    group by customer_id, product_id
),

customer_categories as (
    select
        customer_products.customer_id,
        coalesce(products.category, 'unknown') as category,
        sum(customer_products.line_count) as line_count,
        count(*) as product_count,
        count(*) filter (where customer_products.last_days_ago <= 30) as product_count_30d,
        count(*) filter (where customer_products.last_days_ago <= 90) as product_count_90d,
        count(*) filter (where customer_products.first_days_ago <= 30) as new_product_count_30d
    from customer_products
    left join products on products.product_id = customer_products.product_id
    group by customer_products.customer_id, coalesce(products.category, 'unknown')
),

diversity as (
    select
        customer_id,
        sum(product_count) as product_count,
        sum(product_count_30d) as product_count_30d,
        sum(product_count_90d) as product_count_90d,
        sum(new_product_count_30d) as new_product_count_30d,
        count(*) as category_count,
        count(*) filter (where product_count_90d > 0) as category_count_90d,
        case
            when count(*) = 1 then 0    -- exactly: rounding would leave a trace
            else ln(sum(line_count)) - sum((line_count * ln(line_count))::decimal(28, 9)) / sum(line_count)
        end as category_entropy
    from customer_categories
    group by customer_id
),

contact_totals as (
    select
        customer_id,
        count(*) as campaign_contact_count,
        count(*) filter (
            where date_diff('day', contacted_at::date, $snapshot_date::date) <= 90
        ) as campaign_contact_count_90d,
        min(date_diff('day', contacted_at::date, $snapshot_date::date)) as days_since_last_contact
    from campaign_contacts
    where contacted_at < $snapshot_date::date       -- a planned contact is none yet
    group by customer_id
),

redemption_totals as (
    select
        customer_id,
        count(*) as coupon_redemption_count,
        count(*) filter (
            where date_diff('day', redeemed_at::date, $snapshot_date::date) <= 90
        ) as coupon_redemption_count_90d
    from coupon_redemptions
    where redeemed_at < $snapshot_date::date
    group by customer_id
)

select
    $snapshot_date::date as snapshot_date,
    day_totals.customer_id,
    day_totals.days_since_last_order <= activity_window.active_days as is_active,
    day_totals.days_since_last_order,
    day_totals.tenure_days,
    basket_totals.order_count,
    basket_totals.order_count_30d,
    basket_totals.order_count_90d,
    basket_totals.order_count_180d,
    basket_totals.order_count_365d,
    day_totals.order_day_count_14d,
    day_totals.order_day_count_30d,
    day_totals.order_day_count_90d,
    day_totals.order_day_count / day_totals.tenure_days as order_day_rate,
    basket_totals.order_amount + coalesce(return_totals.return_amount, 0) as spend_amount,
    basket_totals.order_amount_30d + coalesce(return_totals.return_amount_30d, 0) as spend_amount_30d,
    basket_totals.order_amount_90d + coalesce(return_totals.return_amount_90d, 0) as spend_amount_90d,
    basket_totals.order_amount_180d + coalesce(return_totals.return_amount_180d, 0) as spend_amount_180d,
    basket_totals.order_amount_365d + coalesce(return_totals.return_amount_365d, 0) as spend_amount_365d,
    basket_totals.order_amount / basket_totals.order_count as mean_basket_amount,
    basket_totals.order_amount_90d / nullif(basket_totals.order_count_90d, 0) as mean_basket_amount_90d,
    basket_totals.max_basket_amount,
    basket_totals.line_count / basket_totals.order_count as mean_basket_line_count,
    basket_totals.line_count_90d,
    coalesce(diversity.product_count, 0) as product_count,
    coalesce(diversity.product_count_30d, 0) as product_count_30d,
    coalesce(diversity.product_count_90d, 0) as product_count_90d,
    coalesce(diversity.new_product_count_30d, 0) as new_product_count_30d,
    coalesce(diversity.category_count, 0) as category_count,
    coalesce(diversity.category_count_90d, 0) as category_count_90d,
    diversity.category_entropy,
    basket_totals.discount_amount
        / nullif(basket_totals.discount_amount + basket_totals.order_amount, 0) as discount_share,
    basket_totals.discount_amount_90d
        / nullif(basket_totals.discount_amount_90d + basket_totals.order_amount_90d, 0) as discount_share_90d,
    coalesce(return_totals.return_count, 0) as return_count,
    coalesce(return_totals.return_count_90d, 0) as return_count_90d,
    basket_totals.hour_sum / basket_totals.order_count as mean_order_hour,
    day_totals.weekend_day_count / day_totals.order_day_count as weekend_share,
    day_totals.active_week_count_84d,
    day_totals.active_30d_count / (floor((day_totals.tenure_days - 1) / 30) + 1) as active_30d_share,
    day_totals.gap_days / nullif(day_totals.gap_count, 0) as mean_gap_days,
    sqrt(
        greatest(day_totals.gap_squared_days * day_totals.gap_count - day_totals.gap_days * day_totals.gap_days, 0)
    ) / nullif(day_totals.gap_count, 0) as std_gap_days,
    exp(day_totals.log_gap_days / nullif(day_totals.gap_count, 0)) as geometric_mean_gap_days,
    day_totals.max_gap_days,
    day_totals.max_gap_days_90d,
    day_totals.last_gap_days,
    day_totals.days_since_last_order * day_totals.gap_count
        / nullif(day_totals.gap_days, 0) as days_since_last_order_ratio,
    day_totals.days_since_last_order / nullif(day_totals.max_gap_days, 0) as days_since_last_order_max_ratio,
    (day_totals.longer_gap_count + 0.5) / (day_totals.gap_count + 1) as longer_gap_share,
    -- of the silences as long as the present one, those that lasted another 30 days
    (day_totals.longer_gap_count_30d + 0.3) / (day_totals.longer_gap_count + 1) as silence_continued_share,
    day_totals.silent_days_30d / greatest(day_totals.tenure_days - 30, 1) as silent_30d_share,
    day_totals.weighted_day_count_10d,
    day_totals.weighted_day_count_30d,
    day_totals.weighted_day_count_90d,
    ln(
        (day_totals.weighted_day_count_30d * 3 + 1) / (day_totals.weighted_day_count_90d + 1)
    ) as order_day_trend,
    day_totals.order_day_count_30d - day_totals.order_day_count_31_60d as order_day_change_30d,
    ln(
        (greatest(basket_totals.order_amount_30d, 0) * 3 + 1) / (greatest(basket_totals.order_amount_90d, 0) + 1)
    ) as spend_trend,
    coalesce(contact_totals.campaign_contact_count, 0) as campaign_contact_count,
    coalesce(contact_totals.campaign_contact_count_90d, 0) as campaign_contact_count_90d,
    contact_totals.days_since_last_contact,
    coalesce(redemption_totals.coupon_redemption_count, 0) as coupon_redemption_count,
    coalesce(redemption_totals.coupon_redemption_count_90d, 0) as coupon_redemption_count_90d
from day_totals
inner join basket_totals on basket_totals.customer_id = day_totals.customer_id
cross join activity_window
left join diversity on diversity.customer_id = day_totals.customer_id
left join return_totals on return_totals.customer_id = day_totals.customer_id
left join contact_totals on contact_totals.customer_id = day_totals.customer_id
left join redemption_totals on redemption_totals.customer_id = day_totals.customer_id
