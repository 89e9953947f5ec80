-- products looked at in the hours before a web order, as seconds since 1970
select
    cast(seen_at as date) as arrives_on,
    cast(epoch(timezone('Europe/Berlin', seen_at)) as bigint) as seen_at,
    visitor,
    'view' as event,
    article
from (
    select
        ordered_at - to_minutes(1 + cast(floor(600 * chance('looks before', order_line_id)) as integer)) as seen_at,
        coalesce(card, web_account) as visitor,
        'A' || lpad(cast(product_id as varchar), 4, '0') as article
    from sales
    where is_web and not is_return and chance('looks', order_line_id) < 0.5
) as views
order by seen_at, visitor, article
