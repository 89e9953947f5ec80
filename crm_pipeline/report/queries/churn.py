"""The queries behind churn."""

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
with at_risk as (
    select * from churn.churn_predictions
    where snapshot_date = $snapshot_date and is_active and risk_band in ('high', 'medium') and reason_1_code is not null
),
listed as (
    select customer_id, value_at_risk, unnest([reason_1_code, reason_2_code, reason_3_code]) as reason,
        unnest([reason_1_value, reason_2_value, reason_3_value]) as value,
        unnest([reason_1_share, reason_2_share, reason_3_share]) as weight
    from at_risk
),
raising as (                    -- reasons compare with the average customer: one that lowers is none to leave
    select *, row_number() over (partition by customer_id order by weight desc, reason) as place
    from listed where reason like '%:raises'
),
counted as (
    select reason, count(*) filter (where place = 1) as customers, count(*) as among,
        median(value) as typical_value, sum(value_at_risk::decimal(18, 4)) filter (where place = 1) as value_at_risk
    from raising group by reason
    union all
    select 'none', count(*), null, null, sum(value_at_risk::decimal(18, 4)) from at_risk
    where customer_id not in (select customer_id from raising) having count(*) > 0
)
select reason, customers, customers / (select count(*) from at_risk) as share, among, typical_value,
    coalesce(value_at_risk, 0) as value_at_risk
from counted
qualify reason = 'none' or row_number() over (order by reason = 'none', customers desc, among desc, reason) <= 6
order by reason = 'none', customers desc, among desc, reason
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
