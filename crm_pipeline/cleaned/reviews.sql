select review_id, customer_id, product_id, reviewed_at, rating, known_at
from staged_reviews
where verdict = 'clean'
