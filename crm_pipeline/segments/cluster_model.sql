-- behaviour of late and in all: when, how often, how much, how broad, at what price, in which direction
with behaviour as (
    select
        customer_id,
        days_since_last_order,
        order_count_90d,
        spend_amount_90d,
        mean_basket_amount,
        mean_basket_line_count,
        category_count,
        discount_share,
        order_day_trend
    from customer_features
    where snapshot_date = $snapshot_date
),

-- a hash of the id draws the same customers at every snapshot, so that clusters change with behaviour, not with the draw
sampled as (
    select *
    from behaviour
    order by md5(customer_id), customer_id
    limit 50000
)

select *
from sampled
order by customer_id
