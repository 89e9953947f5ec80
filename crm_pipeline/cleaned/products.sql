select product_id, name, category, subcategory, brand, coalesce(known_at, loaded_at) as known_at
from staged_products
where verdict = 'clean'
