select
    known_date,
    population,
    metric,
    model,
    baseline,
    value,
    baseline_value,
    improvement,
    improvement_lower,
    improvement_upper,
    snapshot_count,
    row_count
from churn_evaluation
where
    known_date = $snapshot_date::date
    and scope = 'pooled'
    and population = 'active'
    and model = 'published'
    and metric in ('roc_auc', 'brier')
order by metric
