"""The queries behind grades, drift and champions."""

GRADES = """
with grades as (
    select 'churn' as subject, model, metric, letter, value, baseline_value, improvement_lower, improvement_upper,
        snapshot_count as snapshots, row_count as scores
    from churn.churn_grade
    where known_date = (select max(known_date) from churn.churn_grade where known_date <= $snapshot_date)
    union all
    select 'recommendations', model, metric, letter, value, baseline_value, improvement_lower, improvement_upper,
        snapshot_count, row_count
    from recommendations.recommendation_grade
    where known_date = (
        select max(known_date) from recommendations.recommendation_grade where known_date <= $snapshot_date
    )
)
select * from grades order by subject, model, metric
"""

GRADE_HISTORY = """
select known_date, max(letter) filter (where metric = 'roc_auc') as letter,
    max(improvement) filter (where metric = 'roc_auc') as improvement,
    max(improvement_lower) filter (where metric = 'roc_auc') as improvement_lower,
    max(improvement_upper) filter (where metric = 'roc_auc') as improvement_upper
from churn.churn_grade where known_date <= $snapshot_date
group by known_date
qualify row_number() over (order by known_date desc) <= 24
order by known_date
"""

DRIFT = """
with moved as (                 -- it warns beyond the limit of crm.yaml, and beyond what chance alone does
    select *, greatest(warning_from, chance) as limit_of_warnings, value / limit_of_warnings as reach,
        row_number() over (partition by snapshot_date, kind order by reach desc, subject) as place
    from churn.churn_drift
    where snapshot_date <= $snapshot_date and is_judged and value is not null
)
select snapshot_date, max(value) filter (where kind = 'score') as score_psi,
    max(limit_of_warnings) filter (where kind = 'score') as score_limit,
    max(reach) filter (where kind = 'score') as score_reach,
    max(subject) filter (where kind = 'feature' and place = 1) as feature,
    max(value) filter (where kind = 'feature' and place = 1) as feature_psi,
    max(limit_of_warnings) filter (where kind = 'feature' and place = 1) as feature_limit,
    max(reach) filter (where kind = 'feature') as feature_reach, 1.0 as limit_reach,
    max(warning_from) filter (where measure = 'psi') as warning_from,
    bool_or(chance > warning_from and measure = 'psi') as is_chance,
    count(*) filter (where is_warning) as warnings, count(*) filter (where is_failure) as failures
from moved
group by snapshot_date
qualify row_number() over (order by snapshot_date desc) <= 24
order by snapshot_date
"""

DRIFTED = """
select kind, subject, measure, value, reference_mean, current_mean, is_failure
from churn.churn_drift
where snapshot_date = $snapshot_date and is_warning
order by is_failure desc, value desc, subject limit 8
"""

CHAMPIONS = """
with churn_champions as (
    select snapshot_date, candidate, is_fallback from churn.churn_model
    where is_champion and snapshot_date <= $snapshot_date
    qualify row_number() over (partition by snapshot_date order by table_version desc) = 1
),
list_champions as (
    select snapshot_date, candidate, is_fallback from recommendations.recommendation_model
    where is_champion and snapshot_date <= $snapshot_date  -- a shop without products has a model and no lists
        and snapshot_date in (select snapshot_date from recommendations.customer_recommendations)
    qualify row_number() over (partition by snapshot_date order by table_version desc) = 1
),
value_champions as (
    select snapshot_date, candidate from features.clv_model
    where is_champion and snapshot_date <= $snapshot_date
    qualify row_number() over (partition by snapshot_date order by table_version desc) = 1
)
select snapshot_date, c.candidate as churn_model, c.is_fallback as churn_is_fallback, v.candidate as value_model,
    r.candidate as list_model, r.is_fallback as list_is_fallback
from churn_champions as c
full join value_champions as v using (snapshot_date)
full join list_champions as r using (snapshot_date)
qualify row_number() over (order by snapshot_date desc) <= 12
order by snapshot_date
"""
