with features as (              -- all columns: what a customer's features are is stated there
    select * from customer_features
)

select
    features.*,
    customer_rfm.r_score,
    customer_rfm.f_score,
    customer_rfm.m_score,
    customer_rfm.rfm_score,
    customer_clv.clv,
    customer_clv.clv_lower,
    customer_clv.clv_upper,
    customer_clv.expected_spend,
    customer_clv.purchase_probability,
    customer_clv.probability_alive,
    customer_segments.rfm_segment,
    customer_segments.cluster_id,
    customer_segments.cluster_label,
    churn_predictions.churn_probability,
    churn_predictions.risk_band,
    churn_predictions.value_at_risk
from features
left join customer_rfm
    on features.snapshot_date = customer_rfm.snapshot_date and features.customer_id = customer_rfm.customer_id
left join customer_clv
    on features.snapshot_date = customer_clv.snapshot_date and features.customer_id = customer_clv.customer_id
left join customer_segments
    on features.snapshot_date = customer_segments.snapshot_date
    and features.customer_id = customer_segments.customer_id
left join churn_predictions
    on features.snapshot_date = churn_predictions.snapshot_date
    and features.customer_id = churn_predictions.customer_id
where features.snapshot_date = $snapshot_date::date and $custom_segment_count > 0
order by features.customer_id
