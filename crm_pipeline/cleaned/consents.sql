select customer_id, purpose, decided_at, is_granted, known_at
from staged_consents
where verdict = 'clean'
