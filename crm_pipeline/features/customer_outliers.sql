with names(feature, feature_number) as (
    values
        ('order_count', 1),
        ('order_count_90d', 2),
        ('spend_amount', 3),
        ('spend_amount_90d', 4),
        ('mean_basket_amount', 5),
        ('max_basket_amount', 6),
        ('mean_basket_line_count', 7),
        ('product_count', 8),
        ('return_count', 9),
        ('discount_share', 10),
        ('coupon_redemption_count', 11)
),

feature_values as (
    select
        customer_features.customer_id,
        names.feature,
        names.feature_number,
        case names.feature
            when 'order_count' then customer_features.order_count::double
            when 'order_count_90d' then customer_features.order_count_90d::double
            when 'spend_amount' then customer_features.spend_amount::double
            when 'spend_amount_90d' then customer_features.spend_amount_90d::double
            when 'mean_basket_amount' then customer_features.mean_basket_amount
            when 'max_basket_amount' then customer_features.max_basket_amount::double
            when 'mean_basket_line_count' then customer_features.mean_basket_line_count
            when 'product_count' then customer_features.product_count::double
            when 'return_count' then customer_features.return_count::double
            when 'discount_share' then customer_features.discount_share
            when 'coupon_redemption_count' then customer_features.coupon_redemption_count::double
        end as feature_value
    from customer_features
    cross join names
    where customer_features.snapshot_date = $snapshot_date
),

-- counts and amounts spread by factors, so distances are taken between logarithms
scaled as (
    select
        customer_id,
        feature,
        feature_number,
        feature_value,
        case when feature_value < 0 then -ln(1 - feature_value) else ln(1 + feature_value) end as scaled_value
    from feature_values
),

-- what is typical of those who have any: most customers return nothing, and that says nothing about a return
centers as (
    select feature, count(*) as known_count, median(scaled_value) as center
    from scaled
    where feature_value <> 0
    group by feature
),

spreads as (
    select
        scaled.feature,
        -- standard deviations, were the values normal; the mean deviation speaks where more than half are alike
        greatest(
            1.4826 * median(abs(scaled.scaled_value - centers.center)),
            1.2533 * avg(abs(scaled.scaled_value - centers.center)::decimal(18, 9)),
            0.1
        ) as spread
    from scaled
    inner join centers on centers.feature = scaled.feature
    where scaled.feature_value <> 0
    group by scaled.feature
)

select
    $snapshot_date::date as snapshot_date,
    scaled.customer_id,
    scaled.feature,
    scaled.feature_number,
    scaled.feature_value,
    scaled.scaled_value,
    centers.center,
    spreads.spread,
    case
        when scaled.feature_value <> 0 and centers.known_count >= 20
            then (scaled.scaled_value - centers.center) / spreads.spread
    end as distance
from scaled
left join centers on centers.feature = scaled.feature
left join spreads on spreads.feature = scaled.feature
order by scaled.customer_id, scaled.feature_number
