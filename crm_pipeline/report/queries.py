"""The queries behind the report: every number on the page is a cell of one of them, and the page shows them all.

They run on `published.duckdb` as they stand; `$snapshot_date` is the day D that the page is about. Sums are over
decimals, so that the same tables give the same bytes. What is said of customers, scores and models reads nothing later
than D. What is said of data quality (`SOURCES`, `ROWS`, `CHECKS`, `FAILED_CHECKS`) has no D: it is the published state
as it stands, whatever the page's snapshot. So are the names of products.
"""

from crm_pipeline.quality import newest_checks

BUSINESS = """
with behaviour as (
    select snapshot_date, count(*) as customers, count(*) filter (where is_active) as active_customers,
        sum(order_count_30d)::bigint as orders_30d, sum(spend_amount_30d) as spend_30d
    from features.customer_features where snapshot_date <= $snapshot_date group by all
),
expected as (
    select snapshot_date, sum(clv::decimal(18, 4)) as expected_value, max(horizon_days) as horizon_days
    from features.customer_clv where snapshot_date <= $snapshot_date group by all
),
risk as (
    select snapshot_date, sum(value_at_risk::decimal(18, 4)) filter (where is_active) as value_at_risk
    from churn.churn_predictions where snapshot_date <= $snapshot_date group by all
)
select snapshot_date, customers, active_customers, orders_30d, spend_30d, expected_value, value_at_risk, horizon_days,
    customers / lag(customers) over by_day - 1 as customers_change,
    active_customers / nullif(lag(active_customers) over by_day, 0) - 1 as active_customers_change,
    (spend_30d / nullif(lag(spend_30d) over by_day, 0))::double - 1 as spend_30d_change,
    (expected_value / nullif(lag(expected_value) over by_day, 0))::double - 1 as expected_value_change,
    (value_at_risk / nullif(lag(value_at_risk) over by_day, 0))::double - 1 as value_at_risk_change,
    (value_at_risk / nullif(expected_value, 0))::double as risk_share,
    lag(snapshot_date) over by_day as before
from behaviour left join expected using (snapshot_date) left join risk using (snapshot_date)
window by_day as (order by snapshot_date)
qualify row_number() over (order by snapshot_date desc) <= 24
order by snapshot_date
"""

SOURCES = """
select source, any_value(entity) as entity, sum(read_count)::bigint as read, sum(clean_count)::bigint as clean,
    sum(rejected_count)::bigint as rejected, sum(duplicate_count)::bigint as duplicate,
    coalesce(sum(left_out_count), 0)::bigint as left_out, read - left_out as concerned,
    coalesce(rejected / nullif(concerned, 0), 0) as rejected_share,
    coalesce(duplicate / nullif(concerned, 0), 0) as duplicate_share
from quality.reconciliation group by source order by rejected desc, duplicate desc, source
"""

ROWS = """
select sum(read_count)::bigint as read, sum(clean_count)::bigint as clean, sum(rejected_count)::bigint as rejected,
    sum(duplicate_count)::bigint as duplicate, coalesce(sum(left_out_count), 0)::bigint as left_out,
    count(distinct source) as sources, coalesce(clean / nullif(read - left_out, 0), 0) as clean_share
from quality.reconciliation having sum(read_count) > 0
"""

CHECKS = f"""
with newest as ({newest_checks.NEWEST_CHECKS})
select count(*) as checks, count(*) filter (where status = 'passed') as passed,
    count(*) filter (where status <> 'passed') as failed, count(distinct table_name) as tables
from newest
having count(*) > 0
"""

FAILED_CHECKS = f"""
with newest as ({newest_checks.NEWEST_CHECKS})
select severity, table_name, check_name, count(*) as parts, min(observed) as observed
from newest
where status <> 'passed'
group by all order by severity, table_name, check_name limit 12
"""

VALUE_DECILES = """
with ranked as (
    select clv::decimal(18, 4) as clv, ntile(10) over (order by clv desc, customer_id) as decile
    from features.customer_clv where snapshot_date = $snapshot_date
)
select decile, count(*) as customers, sum(clv) as value, min(clv) as least,
    (sum(clv) / nullif(sum(sum(clv)) over (), 0))::double as share,
    (sum(sum(clv)) over (order by decile) / nullif(sum(sum(clv)) over (), 0))::double as cumulative_share,
    (sum(count(*)) over (order by decile) / sum(count(*)) over ())::double as customers_share
from ranked group by decile order by decile
"""

CONCENTRATION = """
with ranked as (
    select clv::decimal(18, 4) as clv, total_spend,
        ntile(20) over (order by clv desc, customer_id) as by_value,
        ntile(20) over (order by total_spend desc, customer_id) as by_spend
    from features.customer_clv inner join features.customer_rfm using (snapshot_date, customer_id)
    where snapshot_date = $snapshot_date
),
expected as (select by_value as twentieth, sum(clv) as amount, count(*) as customers from ranked group by all),
past as (select by_spend as twentieth, sum(total_spend) as amount from ranked group by all)
select twentieth, (sum(customers) over so_far / sum(customers) over ())::double as customers_share,
    (sum(expected.amount) over so_far / nullif(sum(expected.amount) over (), 0))::double as expected_share,
    (sum(past.amount) over so_far / nullif(sum(past.amount) over (), 0))::double as past_share
from expected inner join past using (twentieth)
window so_far as (order by twentieth)
order by twentieth
"""

VALUE_OUTCOMES = """
select snapshot_date, decile, customer_count as customers, expected_amount as expected, actual_amount as actual,
    naive_amount as rule,
    (sum(expected_amount) over () / nullif(sum(actual_amount) over (), 0))::double - 1 as bias,
    (sum(actual_amount) over (order by decile) / nullif(sum(actual_amount) over (), 0))::double as found_share
from features.clv_deciles
where known_date <= $snapshot_date
    and snapshot_date = (select max(snapshot_date) from features.clv_deciles where known_date <= $snapshot_date)
order by decile
"""

VALUE_EVIDENCE = """
select metric, value, lower, upper, baseline_value, improvement, improvement_lower, improvement_upper,
    snapshot_count as snapshots, row_count as customers
from features.clv_evaluation
where known_date = (select max(known_date) from features.clv_evaluation where known_date <= $snapshot_date)
    and scope = 'pooled' and model = 'published' and population = 'active' and baseline = 'naive'
    and metric in ('mae', 'normalized_gini', 'total_bias')
order by metric
"""

SEGMENTS = """
with days as (
    select max(snapshot_date) as before from segments.customer_segments where snapshot_date < $snapshot_date
),
earlier as (
    select rfm_segment, count(*) as customers from segments.customer_segments
    where snapshot_date = (select before from days) group by all
),
present as (
    select rfm_segment, count(*) as customers, sum(spend_amount_30d) as spend_30d,
        sum(clv::decimal(18, 4)) as value, sum(churn_probability::decimal(18, 8)) filter (where c.is_active)
            / nullif(count(*) filter (where c.is_active), 0) as churn_probability,
        sum(value_at_risk::decimal(18, 4)) filter (where c.is_active) as value_at_risk
    from segments.customer_segments as s
    left join features.customer_features as f using (snapshot_date, customer_id)
    left join features.customer_clv as v using (snapshot_date, customer_id)
    left join churn.churn_predictions as c using (snapshot_date, customer_id)
    where s.snapshot_date = $snapshot_date
    group by all
)
select rfm_segment as segment, p.customers, p.customers / sum(p.customers) over () as share,
    p.customers - e.customers as change, spend_30d, value,
    (value / nullif(sum(value) over (), 0))::double as value_share,
    churn_probability::double as churn_probability, value_at_risk
from present as p left join earlier as e using (rfm_segment)
order by p.customers desc, segment
"""

TRANSITIONS = """
select from_segment, to_segment, customer_count as customers, share
from segments.segment_transitions where snapshot_date = $snapshot_date order by from_segment, to_segment
"""

MOVES = """
select sum(customer_count)::bigint as customers,
    sum(customer_count) filter (where from_segment <> to_segment)::bigint as moved,
    (sum(customer_count) filter (where from_segment <> to_segment) / sum(customer_count))::double as moved_share
from segments.segment_transitions
where snapshot_date = $snapshot_date and from_segment <> 'no orders yet'
having sum(customer_count) > 0
"""

LARGEST_MOVES = """
select from_segment, to_segment, customer_count as customers, share
from segments.segment_transitions
where snapshot_date = $snapshot_date and from_segment <> to_segment and from_segment <> 'no orders yet'
order by customers desc, from_segment, to_segment limit 5
"""

COHORTS = """
select cohort_month, months_since, customer_count as customers, active_count, retention_share as share
from segments.cohort_retention
where snapshot_date = $snapshot_date and months_since between 1 and 12
    and cohort_month in (
        select cohort_month from segments.cohort_retention where snapshot_date = $snapshot_date
        group by cohort_month order by cohort_month desc limit 13
    )
order by cohort_month, months_since
"""

RETENTION = """
select months_since, count(*) as cohorts, sum(customer_count)::bigint as customers,
    (sum(active_count) / sum(customer_count))::double as share
from segments.cohort_retention
where snapshot_date = $snapshot_date and months_since between 0 and 12
group by months_since order by months_since
"""

CHURN_BANDS = """
select risk_band, count(*) as customers, count(*) / sum(count(*)) over () as share,
    (sum(churn_probability::decimal(18, 8)) / count(*))::double as churn_probability,
    sum(churn_probability::decimal(18, 8)) as expected_churners,
    sum(value_at_risk::decimal(18, 4)) as value_at_risk,
    (sum(value_at_risk::decimal(18, 4)) / nullif(sum(sum(value_at_risk::decimal(18, 4))) over (), 0))::double
        as value_share,
    max(horizon_days) as horizon_days
from churn.churn_predictions where snapshot_date = $snapshot_date and is_active
group by risk_band order by churn_probability desc
"""

CHURN_REASONS = """
select reason_1_code as reason, count(*) as customers, count(*) / sum(count(*)) over () as share,
    median(reason_1_value) as typical_value, sum(value_at_risk::decimal(18, 4)) as value_at_risk
from churn.churn_predictions
where snapshot_date = $snapshot_date and is_active and risk_band in ('high', 'medium') and reason_1_code is not null
group by reason_1_code order by customers desc, reason limit 6
"""

CHURN_OVER_TIME = """
select snapshot_date,
    max(value) filter (where model = 'published') as model,
    max(lower) filter (where model = 'published') as model_lower,
    max(upper) filter (where model = 'published') as model_upper,
    max(value) filter (where model = 'recency_rule') as rule,
    max(lower) filter (where model = 'recency_rule') as rule_lower,
    max(upper) filter (where model = 'recency_rule') as rule_upper
from churn.churn_evaluation
where known_date <= $snapshot_date and scope = 'snapshot' and population = 'active' and metric = 'roc_auc'
    and model in ('published', 'recency_rule')
group by snapshot_date
qualify row_number() over (order by snapshot_date desc) <= 24
order by snapshot_date
"""

CHURN_EVIDENCE = """
select metric, value, lower, upper, baseline_value, improvement, improvement_lower, improvement_upper,
    snapshot_count as snapshots, row_count as customers
from churn.churn_evaluation
where known_date = (select max(known_date) from churn.churn_evaluation where known_date <= $snapshot_date)
    and scope = 'pooled' and model = 'published' and population = 'active'
    and metric in ('roc_auc', 'pr_auc', 'lift_at_10', 'brier')
order by metric
"""

CHURN_CALIBRATION = """
with judged as (
    select churn_probability, is_churned,
        ntile(10) over (order by churn_probability, snapshot_date, customer_id) as tenth
    from churn.churn_labels inner join churn.churn_predictions using (snapshot_date, customer_id)
    where known_date <= $snapshot_date and churn_labels.is_active
)
select tenth, count(*) as customers, (sum(churn_probability::decimal(18, 8)) / count(*))::double as predicted,
    count(*) filter (where is_churned) / count(*) as observed
from judged group by tenth order by tenth
"""

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
select snapshot_date, max(value) filter (where kind = 'score') as score_psi,
    max(value) filter (where kind = 'feature') as feature_psi,
    max(warning_from) as warning_from, max(failure_from) as failure_from,
    count(*) filter (where is_warning) as warnings, count(*) filter (where is_failure) as failures
from churn.churn_drift
where snapshot_date <= $snapshot_date and is_judged and measure = 'psi' and value is not null
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
    where is_champion and snapshot_date <= $snapshot_date
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

ALL: dict[str, str] = {name.lower(): text.strip() for name, text in list(vars().items()) if name.isupper()}
"""The queries by name."""
