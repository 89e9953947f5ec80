-- shop 3 keeps a workbook: times of the shop's own clock
select
    arrives_on,
    receipt_id as "Receipt",
    line_number as "Line",
    card as "Card",
    article as "Article",
    quantity as "Qty",
    unit_price as "Price",
    discount as "Off",
    amount as "Total",
    sold_at as "Sold",
    sent_at as "Sent"
from receipts
where store = 'shop 3'
order by sent_at, receipt_id, line_number
