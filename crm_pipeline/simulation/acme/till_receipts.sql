-- shops 1 and 2: times in UTC
select
    arrives_on,
    receipt_id,
    line_number,
    card,
    store,
    article,
    quantity,
    unit_price,
    discount,
    amount,
    cast(timezone('UTC', timezone('Europe/Berlin', sold_at)) as timestamp) as sold_at,
    cast(timezone('UTC', timezone('Europe/Berlin', sent_at)) as timestamp) as sent_at
from receipts
where store <> 'shop 3'
order by sent_at, receipt_id, line_number
