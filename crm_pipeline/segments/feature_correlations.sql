-- a hash of the id draws the same customers at every snapshot, so that figures change with behaviour, not with the draw
with sampled as (
    select
        customer_segments.customer_id,
        customer_segments.rfm_segment,
        customer_features.days_since_last_order,
        customer_features.tenure_days,
        customer_features.order_count,
        customer_features.order_count_90d,
        customer_features.spend_amount,
        customer_features.spend_amount_90d,
        customer_features.mean_basket_amount,
        customer_features.mean_basket_line_count,
        customer_features.category_count,
        customer_features.discount_share,
        customer_features.order_day_trend,
        customer_features.return_count
    from customer_segments
    inner join customer_features
        on customer_features.customer_id = customer_segments.customer_id
        and customer_features.snapshot_date = customer_segments.snapshot_date
    where customer_segments.snapshot_date = $snapshot_date
    order by md5(customer_segments.customer_id), customer_segments.customer_id
    limit 20000
)

select *
from sampled
order by customer_id
