with rfm_segments as (
    select
        customer_id,
        case
            when r_score between 4 and 5 and f_score + m_score between 7 and 10 then 'champions'
            when r_score between 3 and 3 and f_score + m_score between 7 and 10 then 'loyal'
            when r_score between 4 and 5 and f_score + m_score between 3 and 6 then 'potential loyalists'
            when r_score between 5 and 5 and f_score + m_score between 1 and 2 then 'new customers'
            when r_score between 4 and 4 and f_score + m_score between 1 and 2 then 'promising'
            when r_score between 3 and 3 and f_score + m_score between 5 and 6 then 'need attention'
            when r_score between 3 and 3 and f_score + m_score between 1 and 4 then 'about to sleep'
            when r_score between 1 and 2 and f_score + m_score between 5 and 8 then 'at risk'
            when r_score between 1 and 2 and f_score + m_score between 9 and 10 then 'cannot lose them'
            when r_score between 2 and 2 and f_score + m_score between 1 and 4 then 'hibernating'
            when r_score between 1 and 1 and f_score + m_score between 1 and 4 then 'lost'
        end as rfm_segment
    from customer_rfm
    where snapshot_date = $snapshot_date
),

-- the features that cluster_model is fitted on
behaviour as (
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
)

select
    $snapshot_date::date as snapshot_date,
    rfm_segments.customer_id,
    rfm_segments.rfm_segment,
    behaviour.days_since_last_order,
    behaviour.order_count_90d,
    behaviour.spend_amount_90d,
    behaviour.mean_basket_amount,
    behaviour.mean_basket_line_count,
    behaviour.category_count,
    behaviour.discount_share,
    behaviour.order_day_trend
from rfm_segments
left join behaviour on behaviour.customer_id = rfm_segments.customer_id
order by rfm_segments.customer_id
