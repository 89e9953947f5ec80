with segmentations as (
    select 'rfm_segment' as segmentation
    union all
    select 'cluster' as segmentation
),

-- decimals, so that the sums below are the same in any order of rows
snapshot_customers as (
    select
        customer_segments.rfm_segment,
        customer_segments.cluster_label,
        customer_features.days_since_last_order::decimal(18, 4) as days_since_last_order,
        customer_features.tenure_days::decimal(18, 4) as tenure_days,
        customer_features.order_count::decimal(18, 4) as order_count,
        customer_features.order_count_90d::decimal(18, 4) as order_count_90d,
        customer_features.spend_amount::decimal(18, 4) as spend_amount,
        customer_features.spend_amount_90d::decimal(18, 4) as spend_amount_90d,
        customer_features.mean_basket_amount::decimal(18, 4) as mean_basket_amount,
        customer_features.mean_basket_line_count::decimal(18, 4) as mean_basket_line_count,
        customer_features.category_count::decimal(18, 4) as category_count,
        customer_features.discount_share::decimal(18, 4) as discount_share,
        customer_features.order_day_trend::decimal(18, 4) as order_day_trend,
        customer_features.return_count::decimal(18, 4) as return_count
    from customer_segments
    inner join customer_features
        on customer_features.customer_id = customer_segments.customer_id
        and customer_features.snapshot_date = customer_segments.snapshot_date
    where customer_segments.snapshot_date = $snapshot_date
),

feature_values as (
    select rfm_segment, cluster_label, 'days_since_last_order' as feature, days_since_last_order as value
    from snapshot_customers
    union all
    select rfm_segment, cluster_label, 'tenure_days', tenure_days
    from snapshot_customers
    union all
    select rfm_segment, cluster_label, 'order_count', order_count
    from snapshot_customers
    union all
    select rfm_segment, cluster_label, 'order_count_90d', order_count_90d
    from snapshot_customers
    union all
    select rfm_segment, cluster_label, 'spend_amount', spend_amount
    from snapshot_customers
    union all
    select rfm_segment, cluster_label, 'spend_amount_90d', spend_amount_90d
    from snapshot_customers
    union all
    select rfm_segment, cluster_label, 'mean_basket_amount', mean_basket_amount
    from snapshot_customers
    union all
    select rfm_segment, cluster_label, 'mean_basket_line_count', mean_basket_line_count
    from snapshot_customers
    union all
    select rfm_segment, cluster_label, 'category_count', category_count
    from snapshot_customers
    union all
    select rfm_segment, cluster_label, 'discount_share', discount_share
    from snapshot_customers
    union all
    select rfm_segment, cluster_label, 'order_day_trend', order_day_trend
    from snapshot_customers
    union all
    select rfm_segment, cluster_label, 'return_count', return_count
    from snapshot_customers
),

segment_values as (
    select
        segmentations.segmentation,
        case
            when segmentations.segmentation = 'rfm_segment' then feature_values.rfm_segment
            else feature_values.cluster_label
        end as segment,
        feature_values.feature,
        feature_values.value
    from feature_values
    cross join segmentations
),

summaries as (
    select
        segmentation,
        segment,
        feature,
        count(*) as customer_count,
        count(value) as value_count,
        coalesce(sum(value), 0) as total,
        -- one digit more than 18, for products to be computed in 38
        coalesce(sum(value::decimal(19, 4) * value), 0) as total_of_squares,
        median(value) as median
    from segment_values
    group by segmentation, segment, feature
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
