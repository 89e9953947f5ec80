select
    cast(reviewed_at as date) as arrives_on,
    review,
    author,
    article,
    stars,
    comment,
    strftime(reviewed_at, '%Y-%m-%d %H:%M:%S') as reviewed_at
from (
    select
        'V' || order_line_id as review,
        coalesce(card, web_account) as author,
        'A' || lpad(cast(product_id as varchar), 4, '0') as article,
        case when chance('no stars', order_line_id) < 0.05 then null else 1 + cast(floor(5 * sqrt(chance('stars', order_line_id))) as integer) end as stars,
        pick(['good', 'as described', 'smaller than I thought', 'broke after a week', 'would buy again'], 'comment', order_line_id) as comment,
        ordered_at + to_days(3 + cast(floor(20 * chance('reviews after', order_line_id)) as integer)) as reviewed_at
    from sales
    where is_web and not is_return and chance('reviews', order_line_id) < 0.04
) as written
order by reviewed_at, review
