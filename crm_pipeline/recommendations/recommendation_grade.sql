select
    known_date,
    model,
    population,
    metric,
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
    and (
        model in ('published', 'usual') and (substr(metric, 1, 7) = 'recall_' or substr(metric, 1, 5) = 'ndcg_')
        or model = 'new' and (substr(metric, 1, 15) = 'explore_recall_' or substr(metric, 1, 13) = 'explore_ndcg_')
    )
order by model, metric
