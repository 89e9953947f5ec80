with judged as (                -- how much the grade rests on
    select
        count(distinct customer_id) as customer_count,
        count(*) filter (where is_churned) as churned_count,
        count(*) filter (where not is_churned) as stayed_count
    from churn_labels
    where is_active
)

select
    churn_evaluation.known_date,
    churn_evaluation.population,
    churn_evaluation.metric,
    churn_evaluation.model,
    churn_evaluation.baseline,
    churn_evaluation.value,
    churn_evaluation.baseline_value,
    churn_evaluation.improvement,
    churn_evaluation.improvement_lower,
    churn_evaluation.improvement_upper,
    churn_evaluation.snapshot_count,
    churn_evaluation.row_count,
    judged.customer_count,
    judged.churned_count,
    judged.stayed_count
from churn_evaluation
cross join judged
where
    churn_evaluation.known_date = $snapshot_date::date
    and churn_evaluation.scope = 'pooled'
    and churn_evaluation.population = 'active'
    and churn_evaluation.model = 'published'
    and churn_evaluation.metric in ('roc_auc', 'brier')
order by churn_evaluation.metric
