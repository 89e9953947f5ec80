-- lines of the receipts of the three shops; a till that was offline sends its receipts some days late
select
    cast(sent_at as date) as arrives_on,
    receipt_id,
    line_number,
    card,
    store,
    article,
    quantity,
    unit_price,
    discount,
    amount,
    cast(ordered_at as timestamp) as sold_at,
    cast(sent_at as timestamp) as sent_at
from (
    select
        'T' || order_id as receipt_id,
        line_number,
        case
            when chance('misread', order_id) < 0.03 then substr(card, 1, 6)      -- a card read badly belongs to nobody known
            else card
        end as card,
        'shop ' || store_id as store,
        'A' || lpad(cast(product_id as varchar), 4, '0') as article,
        quantity,
        unit_price,
        discount_amount as discount,
        net_amount as amount,
        ordered_at,
        cast(ordered_at as date) + interval '23 hours 45 minutes'
        + to_days(
            case when chance('late', order_id) < 0.03 then 1 + cast(floor(4 * chance('days late', order_id)) as integer) else 0 end
        ) as sent_at
    from sales
    where not is_web
) as receipts
order by sent_at, receipt_id, line_number
