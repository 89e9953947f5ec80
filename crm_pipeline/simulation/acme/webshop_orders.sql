-- the web shop's export: German headers, decimal commas, dd.mm.yyyy, postage as a line, and what goes wrong by hand
with lines as (
    select
        ordered_at,
        case when is_return then 'R' else 'B' end || order_id as order_number,
        line_number,
        web_account,
        card,
        'A' || lpad(cast(product_id as varchar), 4, '0') as article,
        quantity,
        unit_price,
        discount_amount,
        net_amount,
        order_line_id
    from sales
    where is_web
),

postage as (
    select
        min(ordered_at) as ordered_at,
        order_number,
        max(line_number) + 1 as line_number,
        web_account,
        max(card) as card,
        'VERSAND' as article,
        1 as quantity,
        cast(3.95 as decimal(18, 2)) as unit_price,
        cast(0 as decimal(18, 2)) as discount_amount,
        cast(3.95 as decimal(18, 2)) as net_amount,
        -min(order_line_id) as order_line_id
    from lines
    group by order_number, web_account
    having sum(net_amount) between 0 and 40
),

spoiled as (
    select
        *,
        chance('dirt', order_line_id) as dirt,
        chance('guest', order_number) < 0.02 as is_guest,
        chance('typed', order_number) < 0.01 as is_typed,
        chance('twice', order_line_id) < 0.006 as is_twice,
        chance('mended', order_line_id) < 0.5 as is_mended
    from (select * from lines union all select * from postage) as every_line
),

copied as (
    select *, unnest(case when is_twice then [1, 2] else [1] end) as copy
    from spoiled
)

select
    cast(ordered_at as date) as arrives_on,
    order_number as "Bestellnr",
    line_number as "Position",
    case when not is_guest then web_account end as "Kundennr",
    case when is_typed then lower(card) when not is_guest then card end as "Kundenkarte",
    article as "Artikelnr",
    -- half of the numbers typed as words are mended in the next day's export
    case
        when dirt < 0.006 and not (is_mended and cast(ordered_at as date) < getvariable('through')) then 'zwei'
        else cast(quantity as varchar)
    end as "Menge",
    replace(cast(unit_price as varchar), '.', ',') as "Einzelpreis",
    replace(cast(discount_amount as varchar), '.', ',') as "Rabatt",
    replace(cast(net_amount as varchar), '.', ',') as "Betrag",
    case when dirt between 0.006 and 0.009 then '31.02.' else strftime(ordered_at, '%d.%m.') end
    || strftime(ordered_at, '%Y %H:%M') as "Bestelldatum"
from copied
order by ordered_at, order_number, line_number, copy
