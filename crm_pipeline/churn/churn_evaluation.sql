-- every judged score; beyond 500,000 rows those of whole customers only
with customers as (
    select customer_id, customer_hash, count(*) as row_count
    from churn_labels
    group by customer_id, customer_hash
),

hashes as (
    select
        customer_hash,
        sum(sum(row_count)) over (order by customer_hash) as row_count_so_far,
        min(customer_hash) over () as first_hash
    from customers
    group by customer_hash
),

sampled_hashes as (             -- at least one, so that a sample is never empty
    select customer_hash
    from hashes
    where row_count_so_far <= 500000 or customer_hash = first_hash
)

select
    churn_labels.known_date,
    churn_labels.snapshot_date,
    churn_labels.customer_id,
    churn_labels.is_active,
    churn_labels.is_churned,
    churn_predictions.recommended_cutoff as cutoff,
    churn_predictions.churn_probability as published,
    churn_predictions.baseline_probability as recency_rule,
    churn_predictions.btyd_probability as btyd,
    churn_predictions.btyd_mixed_probability as btyd_mixed,
    churn_predictions.tree_probability as tree,
    churn_predictions.svm_probability as svm,
    churn_predictions.forest_probability as forest,
    churn_predictions.logistic_probability as logistic,
    churn_predictions.boosting_probability as boosting,
    churn_predictions.blend_probability as blend
from churn_labels
inner join sampled_hashes on churn_labels.customer_hash = sampled_hashes.customer_hash
inner join churn_predictions
    on churn_labels.snapshot_date = churn_predictions.snapshot_date
    and churn_labels.customer_id = churn_predictions.customer_id
order by churn_labels.snapshot_date, churn_labels.customer_id
