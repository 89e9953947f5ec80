with records as (
    select source, customer_id from staged_customers where verdict = 'clean'
    union all
    select source, customer_id from staged_order_lines where verdict = 'clean' and customer_id is not null
    union all
    select source, customer_id from staged_orders where verdict = 'clean' and customer_id is not null
    union all
    select source, customer_id from staged_campaign_contacts where verdict = 'clean'
    union all
    select source, customer_id from staged_coupon_redemptions where verdict = 'clean'
    union all
    select source, customer_id from staged_web_events where verdict = 'clean'
    union all
    select source, customer_id from staged_email_events where verdict = 'clean'
    union all
    select source, customer_id from staged_tickets where verdict = 'clean'
    union all
    select source, customer_id from staged_reviews where verdict = 'clean'
    union all
    select source, customer_id from staged_consents where verdict = 'clean'
),

keys as (
    select source, customer_id
    from records
    group by source, customer_id
)

select
    keys.source,
    keys.customer_id as source_customer_id,
    coalesce(customer_forwarding.customer_id, keys.customer_id) as customer_id,
    coalesce(identity_assignments.match_probability, 1) as match_probability,
    coalesce(
        identity_assignments.match_reason,
        case when customer_forwarding.customer_id is null then 'own_key' else 'same_key' end
    ) as match_reason,
    coalesce(identity_assignments.is_held, false) as is_held
from keys
left join customer_forwarding on keys.customer_id = customer_forwarding.source_customer_id
left join identity_assignments
    on keys.source = identity_assignments.source
    and keys.customer_id = identity_assignments.source_customer_id
