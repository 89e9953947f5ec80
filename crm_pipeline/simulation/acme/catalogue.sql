select
    null as arrives_on,
    'A' || lpad(cast(product_id as varchar), 4, '0') as article,
    case when chance('untidy name', product_id) < 0.1 then '  ' || upper(name) || ' ' else name end as name,
    category,
    subcategory,
    brand
from products
order by product_id
