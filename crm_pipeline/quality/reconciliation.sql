with judged as (
    select 'customers' as entity, source, file_name, verdict, coalesce(first_seen_at, known_at) as event_at from staged_customers
    union all
    select 'orders' as entity, source, file_name, verdict, ordered_at as event_at from staged_orders
    union all
    select 'order_lines' as entity, source, file_name, verdict, ordered_at as event_at from staged_order_lines
    union all
    select 'products' as entity, source, file_name, verdict, known_at as event_at from staged_products
    union all
    select 'campaigns' as entity, source, file_name, verdict, started_at as event_at from staged_campaigns
    union all
    select 'campaign_contacts' as entity, source, file_name, verdict, contacted_at as event_at from staged_campaign_contacts
    union all
    select 'coupons' as entity, source, file_name, verdict, known_at as event_at from staged_coupons
    union all
    select 'coupon_redemptions' as entity, source, file_name, verdict, redeemed_at as event_at from staged_coupon_redemptions
    union all
    select 'web_events' as entity, source, file_name, verdict, occurred_at as event_at from staged_web_events
    union all
    select 'email_events' as entity, source, file_name, verdict, occurred_at as event_at from staged_email_events
    union all
    select 'tickets' as entity, source, file_name, verdict, opened_at as event_at from staged_tickets
    union all
    select 'reviews' as entity, source, file_name, verdict, reviewed_at as event_at from staged_reviews
    union all
    select 'consents' as entity, source, file_name, verdict, decided_at as event_at from staged_consents
),

counted as (
    select
        entity,
        source,
        file_name,
        count(*) filter (verdict = 'clean') as clean_count,
        count(*) filter (verdict = 'rejected') as rejected_count,
        count(*) filter (verdict = 'duplicate') as duplicate_count,
        count(*) filter (verdict = 'left_out') as left_out_count,
        min(event_at) filter (verdict = 'clean') as first_event_at,
        max(event_at) filter (verdict = 'clean') as last_event_at
    from judged
    group by entity, source, file_name
),

entity_clean as (
    select entity, sum(clean_count) as clean_count
    from counted
    group by entity
),

-- counted again in the cleaned tables, so that a row lost between the two is seen
published as (
    select 'order_lines' as entity, count(*) as row_count from order_lines
    union all
    select 'products' as entity, count(*) as row_count from products
    union all
    select 'campaigns' as entity, count(*) as row_count from campaigns
    union all
    select 'campaign_contacts' as entity, count(*) as row_count from campaign_contacts
    union all
    select 'coupons' as entity, count(*) as row_count from coupons
    union all
    select 'coupon_redemptions' as entity, count(*) as row_count from coupon_redemptions
    union all
    select 'web_events' as entity, count(*) as row_count from web_events
    union all
    select 'email_events' as entity, count(*) as row_count from email_events
    union all
    select 'tickets' as entity, count(*) as row_count from tickets
    union all
    select 'reviews' as entity, count(*) as row_count from reviews
    union all
    select 'consents' as entity, count(*) as row_count from consents
)

select
    source_files.source,
    source_files.entity,
    source_files.file_name,
    source_files.row_count as read_count,
    coalesce(counted.clean_count, 0) as clean_count,
    coalesce(counted.rejected_count, 0) as rejected_count,
    coalesce(counted.duplicate_count, 0) as duplicate_count,
    coalesce(counted.left_out_count, 0) as left_out_count,
    coalesce(entity_clean.clean_count, 0) as entity_clean_count,
    coalesce(published.row_count, entity_clean.clean_count, 0) as entity_published_count,
    counted.first_event_at,
    counted.last_event_at,
    source_files.data_through as stated_data_through
from source_files
left join counted
    on source_files.source = counted.source
    and source_files.file_name = counted.file_name
left join entity_clean on source_files.entity = entity_clean.entity
left join published on source_files.entity = published.entity
where source_files.is_current
