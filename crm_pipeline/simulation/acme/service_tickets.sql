-- one in twelve returns and one in eighty orders leads to a letter; the text may hold anything that people write
with cases as (
    select
        order_id,
        customer_id,
        max(coalesce(card, web_account)) as customer,
        bool_or(is_return) as is_return,
        min(ordered_at) + to_hours(4 + cast(floor(90 * chance('writes after', order_id)) as integer)) as opened_at
    from sales
    where is_web or card is not null
    group by order_id, customer_id
),

written as (
    select
        *,
        case when is_return then 'return' else pick(['delivery', 'invoice', 'product', 'other'], 'topic', order_id) end as topic
    from cases
    where chance('writes', order_id) < case when is_return then 0.08 else 0.0125 end
)

select
    cast(written.opened_at as date) as arrives_on,
    'S' || order_id as ticket,
    customer,
    strftime(opened_at, '%Y-%m-%d %H:%M') as opened,
    case
        when chance('stays open', order_id) < 0.1 then null
        else strftime(opened_at + to_hours(2 + cast(floor(100 * chance('answered after', order_id)) as integer)), '%Y-%m-%d %H:%M')
    end as closed,
    topic,
    case topic
        when 'return' then 'I have sent back order ' || order_id || ', when do I get my money?'
        when 'delivery' then 'My parcel has not come; "two days" was a week ago.' || chr(10) || 'Please call ' || people.phone || '.'
        when 'invoice' then 'The invoice names ' || people.last_name || ', ' || people.street || ' - I have moved.'
        when 'product' then 'The lid is broken. Can I have a new one?'
        else 'Thank you, ' || people.first_name || ' ' || people.last_name
    end as message
from written
inner join people on written.customer_id = people.customer_id
order by opened_at, order_id
