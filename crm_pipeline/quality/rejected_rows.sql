with rejected as (
    select 'customers' as entity, source, file_name, position, rule from staged_customers where verdict = 'rejected'
    union all
    select 'orders' as entity, source, file_name, position, rule from staged_orders where verdict = 'rejected'
    union all
    select 'order_lines' as entity, source, file_name, position, rule from staged_order_lines where verdict = 'rejected'
    union all
    select 'products' as entity, source, file_name, position, rule from staged_products where verdict = 'rejected'
    union all
    select 'campaigns' as entity, source, file_name, position, rule from staged_campaigns where verdict = 'rejected'
    union all
    select 'campaign_contacts' as entity, source, file_name, position, rule from staged_campaign_contacts where verdict = 'rejected'
    union all
    select 'coupons' as entity, source, file_name, position, rule from staged_coupons where verdict = 'rejected'
    union all
    select 'coupon_redemptions' as entity, source, file_name, position, rule from staged_coupon_redemptions where verdict = 'rejected'
    union all
    select 'web_events' as entity, source, file_name, position, rule from staged_web_events where verdict = 'rejected'
    union all
    select 'email_events' as entity, source, file_name, position, rule from staged_email_events where verdict = 'rejected'
    union all
    select 'tickets' as entity, source, file_name, position, rule from staged_tickets where verdict = 'rejected'
    union all
    select 'reviews' as entity, source, file_name, position, rule from staged_reviews where verdict = 'rejected'
    union all
    select 'consents' as entity, source, file_name, position, rule from staged_consents where verdict = 'rejected'
)

select source, entity, file_name, position, rule
from rejected
