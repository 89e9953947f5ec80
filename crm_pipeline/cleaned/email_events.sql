select customer_id, occurred_at, event_type, coalesce(campaign_id, 'none') as campaign_id, known_at
from staged_email_events
where verdict = 'clean'
