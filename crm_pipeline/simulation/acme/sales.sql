-- every line of the shop with the channel of its order
with orders as (
    select order_id, customer_id, min(ordered_at) as ordered_at, min(quantity) < 0 as is_return
    from order_lines
    group by order_id, customer_id
)

select
    order_lines.order_line_id,
    order_lines.order_id,
    order_lines.product_id,
    order_lines.store_id,
    order_lines.ordered_at,
    order_lines.quantity,
    order_lines.unit_price,
    order_lines.list_amount - order_lines.net_amount as discount_amount,
    order_lines.net_amount,
    orders.is_return,
    chance('channel of order', orders.order_id) < people.web_share as is_web,
    people.customer_id,
    case when people.second_account_at <= orders.ordered_at then coalesce(people.second_account, people.web_account) else people.web_account end as web_account,
    -- the card is shown, or typed in, by most of those who have one, once they have it
    case when people.joined_at <= orders.ordered_at and chance('card', orders.order_id) < 0.9 then people.card end as card,
    row_number() over (partition by order_lines.order_id order by order_lines.order_line_id) as line_number
from order_lines
inner join orders on order_lines.order_id = orders.order_id
inner join people on orders.customer_id = people.customer_id
