select customer_id, occurred_at, event_type, coalesce(product_id, 'none') as product_id, known_at
from staged_web_events
where verdict = 'clean'
