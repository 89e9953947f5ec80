"""The queries behind recommendations and baskets."""

LISTS_OVER_TIME = """
select snapshot_date,
    max(value) filter (where model = 'published') as model,
    max(lower) filter (where model = 'published') as model_lower,
    max(upper) filter (where model = 'published') as model_upper,
    max(value) filter (where model = 'GP-TopFreq') as rule,
    max(lower) filter (where model = 'GP-TopFreq') as rule_lower,
    max(upper) filter (where model = 'GP-TopFreq') as rule_upper
from recommendations.recommendation_evaluation
where known_date <= $snapshot_date and scope = 'snapshot' and population = 'active' and metric = 'ndcg_at_10'
    and model in ('published', 'GP-TopFreq')
group by snapshot_date
qualify row_number() over (order by snapshot_date desc) <= 24
order by snapshot_date
"""

LIST_EVIDENCE = """
select metric, value, lower, upper, baseline_value, improvement, improvement_lower, improvement_upper,
    snapshot_count as snapshots, row_count as customers
from recommendations.recommendation_evaluation
where known_date = (
        select max(known_date) from recommendations.recommendation_evaluation where known_date <= $snapshot_date
    )
    and scope = 'pooled' and model = 'published' and population = 'active' and baseline = 'GP-TopFreq'
    and metric in ('ndcg_at_10', 'recall_at_10', 'hit_rate_at_10')
order by metric
"""

LIST_REASONS = """
select reason_code as reason, count(*) as recommendations, count(*) / sum(count(*)) over () as share,
    count(distinct customer_id) as customers
from recommendations.customer_recommendations
where snapshot_date = $snapshot_date and rank <= 10
group by reason_code order by recommendations desc, reason
"""

PRODUCTS_KNOWN = """
select count(*) as products from recommendations.product_popularity where snapshot_date = $snapshot_date
"""

AFFINITIES = """
with pairs as (                 -- each pair once, from the side that says more
    select product_id, other_product_id, pair_count, confidence, lift, lift_lower
    from recommendations.product_affinities
    where snapshot_date = $snapshot_date
    qualify row_number() over (
        partition by least(product_id, other_product_id), greatest(product_id, other_product_id)
        order by confidence desc, product_id
    ) = 1
)
select a.product_id, coalesce(p.name, a.product_id) as product, a.other_product_id,
    coalesce(o.name, a.other_product_id) as other_product, pair_count as baskets, confidence::double as confidence,
    lift::double as lift, lift_lower::double as lift_lower
from pairs as a
left join cleaned.products as p using (product_id)
left join cleaned.products as o on o.product_id = a.other_product_id
where p.name is distinct from o.name or p.name is null   -- sorts of one thing say little
order by lift_lower desc, baskets desc, a.product_id, a.other_product_id limit 10
"""

BUNDLES = """
select rank, coalesce(a.name, product_1_id) as product_1, coalesce(b.name, product_2_id) as product_2,
    coalesce(c.name, product_3_id) as product_3, bundle_count as baskets, extra_count as extra_baskets,
    lift::double as lift, lift_lower::double as lift_lower, price
from recommendations.bundles
left join cleaned.products as a on a.product_id = product_1_id
left join cleaned.products as b on b.product_id = product_2_id
left join cleaned.products as c on c.product_id = product_3_id
where snapshot_date = $snapshot_date and rank <= 8
order by rank
"""
