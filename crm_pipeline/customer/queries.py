"""The queries behind the customer page: `$customer_id` is whom it is about, `$snapshot_date` the day D.

They run on `published.duckdb` as they stand. Events are shown as they were known before D.
"""

IDENTITY = """
select source, source_customer_id, count(*) over () as records, keys, sources from cleaned.customer_identity
cross join (
    select count(distinct source_customer_id) as keys, count(distinct source) as sources
    from cleaned.customer_identity where customer_id = $customer_id
)
where customer_id = $customer_id order by source, source_customer_id limit 40
"""

KNOWN = """
select customer_id, first_seen_at from cleaned.customers where customer_id = $customer_id
"""

ATTRIBUTES = """
select attribute, value from cleaned.customer_attributes
where customer_id = $customer_id and known_at < $snapshot_date order by attribute limit 30
"""

BEHAVIOUR = """
select r.order_count, total_spend, r.days_since_last_order, monetary_value, rfm_score, r_score, f_score, m_score,
    is_active, order_count_90d, spend_amount_90d
from features.customer_rfm as r inner join features.customer_features as f using (snapshot_date, customer_id)
where customer_id = $customer_id and snapshot_date = $snapshot_date
"""

VALUE = """
select snapshot_date, clv, clv_lower, clv_upper, expected_spend, btyd_spend, expected_purchases,
    probability_alive, horizon_days, why_code = 'does_not_beat_baseline' as is_rule,
    btyd_spend not between expected_spend / 2 and expected_spend * 2 as is_disputed,
    clv - lag(clv) over (order by snapshot_date) as change
from features.customer_clv
where customer_id = $customer_id and snapshot_date <= $snapshot_date
qualify row_number() over (order by snapshot_date desc) <= 24
order by snapshot_date
"""

CHURN = """
select snapshot_date, churn_probability, is_active, risk_band, value_at_risk, horizon_days, model, model_version,
    churn_probability - lag(churn_probability) over (order by snapshot_date) as change,
    model_version <> lag(model_version) over (order by snapshot_date) as is_refitted
from churn.churn_predictions
where customer_id = $customer_id and snapshot_date <= $snapshot_date
qualify row_number() over (order by snapshot_date desc) <= 24
order by snapshot_date
"""

REASONS = """
with scored as (
    select * from churn.churn_predictions where customer_id = $customer_id and snapshot_date = $snapshot_date
)
select 1 as place, reason_1_code as reason, reason_1_value as value, reason_1_share as share from scored
union all select 2, reason_2_code, reason_2_value, reason_2_share from scored
union all select 3, reason_3_code, reason_3_value, reason_3_share from scored
order by place
"""

SEGMENTS = """
select snapshot_date, rfm_segment, cluster_label from segments.customer_segments
where customer_id = $customer_id and snapshot_date <= $snapshot_date
qualify row_number() over (order by snapshot_date desc) <= 24
order by snapshot_date
"""

RECOMMENDATIONS = """
select rank, r.product_id, coalesce(p.name, r.product_id) || case
        when p.name is not null and count(*) over (partition by p.name) > 1     -- what tells them apart
        then concat(' (', p.brand || ', ', r.product_id, ')') else '' end as product, score, slot, reason_code,
    order_count,
    days_between_orders, days_since_last_ordered, coalesce(o.name, related_product_id) as related_product,
    product_order_count_30d
from recommendations.customer_recommendations as r
left join cleaned.products as p on p.product_id = r.product_id
left join cleaned.products as o on o.product_id = r.related_product_id
where customer_id = $customer_id and snapshot_date = $snapshot_date and rank <= 10
order by rank
"""

NEXT_PURCHASE = """
select category, probability, expected_date, usual_gap_days, days_since_last from recommendations.next_purchase
where customer_id = $customer_id and snapshot_date = $snapshot_date and category <> 'any'
order by probability desc, category limit 5
"""

NEXT_ORDER = """
select expected_date, usual_gap_days, days_since_last from recommendations.next_purchase
where customer_id = $customer_id and snapshot_date = $snapshot_date and category = 'any'
"""

TIMELINE = """
with events as (
    select ordered_at as happened_at, case when is_return then 'return' else 'order' end as event, order_id as subject,
        net_amount as amount, line_count::bigint as lines
    from cleaned.orders where customer_id = $customer_id and known_at < $snapshot_date
    union all
    select contacted_at, 'contact',
        concat_ws(' ', c.campaign_id, name, nullif(c.channel, 'unknown')), null, null
    from cleaned.campaign_contacts as c left join cleaned.campaigns as k using (campaign_id)
    where customer_id = $customer_id and c.known_at < $snapshot_date
    union all
    select redeemed_at, 'coupon', coupon_id, null, null
    from cleaned.coupon_redemptions where customer_id = $customer_id and known_at < $snapshot_date
    union all
    select opened_at, 'ticket', ticket_id || coalesce(' ' || topic, ''), null, null
    from cleaned.tickets where customer_id = $customer_id and known_at < $snapshot_date
    union all
    select reviewed_at, 'review', product_id || coalesce(' ' || rating, ''), null, null
    from cleaned.reviews where customer_id = $customer_id and known_at < $snapshot_date
    union all
    select occurred_at, 'email', event_type, null, null
    from cleaned.email_events where customer_id = $customer_id and known_at < $snapshot_date
    union all
    select occurred_at, 'web', event_type || coalesce(' ' || product_id, ''), null, null
    from cleaned.web_events where customer_id = $customer_id and known_at < $snapshot_date
)
select happened_at, event, subject, amount, lines, count(*) over () as events
from events order by happened_at desc, event, subject limit 40
"""

ALL: dict[str, str] = {name.lower(): text.strip() for name, text in list(vars().items()) if name.isupper()}
"""The queries by name; `changes` depends on the columns of a contract and is made by `changes.py`."""
