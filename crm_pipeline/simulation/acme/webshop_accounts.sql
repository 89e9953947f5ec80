select
    cast(first_order_at as date) as arrives_on,
    web_account as "Kundennr",
    case when chance('linked', customer_id) < 0.6 then card end as "Kundenkarte",
    case when chance('web typo', customer_id) < 0.05 then substr(first_name, 1, 1) || '. ' || last_name else first_name || ' ' || last_name end as "Name",
    email as "E-Mail",
    region as "Region",
    strftime(first_order_at, '%d.%m.%Y %H:%M') as "Angelegt"
from people
where web_share > 0.1
order by first_order_at, web_account
