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
)

select source, customer_id as source_customer_id, customer_id
from records
group by source, customer_id
