with named as (
    select
        source,
        customer_id,
        coalesce(known_at, loaded_at) as known_at,
        attributes,
        unnest(map_keys(attributes)) as attribute
    from staged_customers
    where verdict = 'clean'
),

stated as (
    select source, customer_id, attribute, known_at, min(attributes[attribute]) as value
    from named
    where attributes[attribute] is not null
    group by source, customer_id, attribute, known_at
),

-- of several sources that speak at one time, the first by name counts
first_sources as (
    select customer_id, attribute, known_at, min(source) as source
    from stated
    group by customer_id, attribute, known_at
)

select stated.customer_id, stated.attribute, stated.known_at, stated.value
from stated
inner join first_sources
    on stated.customer_id = first_sources.customer_id
    and stated.attribute = first_sources.attribute
    and stated.known_at = first_sources.known_at
    and stated.source = first_sources.source
