select
    known_date,
    snapshot_date,
    customer_id,
    model,
    published_model,
    is_active,
    recall,
    ndcg,
    hit_rate,
    mrr,
    precision,
    repeat_recall,
    repeat_ndcg,
    explore_recall,
    explore_ndcg,
    explore_hit_rate,
    explore_mrr,
    explore_precision
from recommendation_outcomes
order by snapshot_date, customer_id, model
