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
from recommendation_evaluation
where
    known_date = $snapshot_date::date
    and scope = 'pooled'
    and population = 'active'
    and model = 'published'
    and (substr(metric, 1, 7) = 'recall_' or substr(metric, 1, 5) = 'ndcg_')
order by metric
