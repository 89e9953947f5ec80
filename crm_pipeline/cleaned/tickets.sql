select ticket_id, customer_id, opened_at, closed_at, topic, known_at
from staged_tickets
where verdict = 'clean'
