select
    order_line_id,
    order_id,
    customer_id,
    product_id,
    store_id,
    ordered_at,
    quantity,
    coalesce(
        unit_price,
        try_cast(round((net_amount + coalesce(discount_amount, 0)) / nullif(quantity, 0), 4) as decimal(18, 4))
    ) as unit_price,
    net_amount,
    coalesce(discount_amount, 0) as discount_amount,
    coalesce(line_type, 'product') as line_type,
    coalesce(line_type, 'product') = 'product' and (quantity < 0 or net_amount < 0) as is_return,
    known_at,
    source
from staged_order_lines
where verdict = 'clean'
