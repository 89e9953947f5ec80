with segments as (
    select customer_id, 'rfm_segment' as segmentation, rfm_segment as segment
    from customer_segments
    where snapshot_date = $snapshot_date
    union all
    select customer_id, 'cluster' as segmentation, cluster_label as segment
    from customer_segments
    where snapshot_date = $snapshot_date
),

snapshot_features as (
    select *
    from customer_features
    where snapshot_date = $snapshot_date
),

-- decimals, so that the sums below are the same in any order of rows
feature_values as (
    select customer_id, 'days_since_last_order' as feature, days_since_last_order::decimal(18, 4) as value
    from snapshot_features
    union all
    select customer_id, 'tenure_days', tenure_days::decimal(18, 4)
    from snapshot_features
    union all
    select customer_id, 'order_count', order_count::decimal(18, 4)
    from snapshot_features
    union all
    select customer_id, 'order_count_90d', order_count_90d::decimal(18, 4)
    from snapshot_features
    union all
    select customer_id, 'spend_amount', spend_amount::decimal(18, 4)
    from snapshot_features
    union all
    select customer_id, 'spend_amount_90d', spend_amount_90d::decimal(18, 4)
    from snapshot_features
    union all
    select customer_id, 'mean_basket_amount', mean_basket_amount::decimal(18, 4)
    from snapshot_features
    union all
    select customer_id, 'mean_basket_line_count', mean_basket_line_count::decimal(18, 4)
    from snapshot_features
    union all
    select customer_id, 'category_count', category_count::decimal(18, 4)
    from snapshot_features
    union all
    select customer_id, 'discount_share', discount_share::decimal(18, 4)
    from snapshot_features
    union all
    select customer_id, 'order_day_trend', order_day_trend::decimal(18, 4)
    from snapshot_features
    union all
    select customer_id, 'return_count', return_count::decimal(18, 4)
    from snapshot_features
),

summaries as (
    select
        segments.segmentation,
        segments.segment,
        feature_values.feature,
        count(*) as customer_count,
        count(feature_values.value) as value_count,
        coalesce(sum(feature_values.value), 0) as total,
        -- one digit more than 18, for products to be computed in 38
        coalesce(sum(feature_values.value::decimal(19, 4) * feature_values.value), 0) as total_of_squares,
        median(feature_values.value) as median
    from segments
    inner join feature_values on feature_values.customer_id = segments.customer_id
    group by segments.segmentation, segments.segment, feature_values.feature
),

shares as (
    select
        segmentation,
        segment,
        customer_count / sum(customer_count) over (partition by segmentation) as customer_share,
        total / nullif(sum(total) over (partition by segmentation), 0) as revenue_share
    from summaries
    where feature = 'spend_amount'
),

compared as (
    select
        *,
        sum(value_count) over (partition by segmentation, feature) - value_count as rest_count,
        sum(total) over (partition by segmentation, feature) - total as rest_total,
        sum(total_of_squares) over (partition by segmentation, feature) - total_of_squares as rest_total_of_squares
    from summaries
),

moments as (
    select
        *,
        total::double / nullif(value_count, 0) as mean,
        rest_total::double / nullif(rest_count, 0) as rest_mean,
        -- sums of squared distances to the mean; what is left by rounding where all values are equal counts as 0
        case
            when value_count = 0 then 0
            when total_of_squares::double - total::double * total::double / value_count
                <= total_of_squares::double * 0.000000000001 then 0
            else total_of_squares::double - total::double * total::double / value_count
        end as squares,
        case
            when rest_count = 0 then 0
            when rest_total_of_squares::double - rest_total::double * rest_total::double / rest_count
                <= rest_total_of_squares::double * 0.000000000001 then 0
            else rest_total_of_squares::double - rest_total::double * rest_total::double / rest_count
        end as rest_squares
    from compared
)

select
    $snapshot_date::date as snapshot_date,
    moments.segmentation,
    moments.segment,
    moments.feature,
    moments.customer_count,
    shares.customer_share,
    shares.revenue_share,
    moments.value_count,
    moments.mean,
    moments.median,
    case when moments.value_count > 1 then sqrt(moments.squares / (moments.value_count - 1)) end as standard_deviation,
    case
        when moments.value_count > 0 and moments.rest_count > 0 and moments.value_count + moments.rest_count > 2
            then (moments.mean - moments.rest_mean)
                / nullif(
                    sqrt((moments.squares + moments.rest_squares) / (moments.value_count + moments.rest_count - 2)), 0
                )
    end as effect_size
from moments
inner join shares on shares.segmentation = moments.segmentation and shares.segment = moments.segment
