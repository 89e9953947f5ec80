with sightings as (
    select customer_id, coalesce(first_seen_at, known_at, loaded_at) as seen_at, coalesce(known_at, loaded_at) as known_at
    from staged_customers
    where verdict = 'clean'
    union all
    select customer_id, ordered_at as seen_at, known_at
    from order_lines
    where customer_id is not null
    union all
    select customer_id, ordered_at as seen_at, known_at
    from staged_orders
    where verdict = 'clean' and customer_id is not null
    union all
    select customer_id, contacted_at as seen_at, known_at
    from campaign_contacts
),

-- only what was known first counts, so that later records change nothing about an earlier day
first_known as (
    select customer_id, min(known_at) as known_at
    from sightings
    group by customer_id
)

select
    sightings.customer_id,
    least(min(sightings.seen_at), min(first_known.known_at)) as first_seen_at,
    min(first_known.known_at) as known_at
from sightings
inner join first_known
    on sightings.customer_id = first_known.customer_id
    and sightings.known_at = first_known.known_at
group by sightings.customer_id
