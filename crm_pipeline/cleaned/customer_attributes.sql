with named as (
    select customer_id, coalesce(known_at, loaded_at) as known_at, attributes, unnest(map_keys(attributes)) as attribute
    from staged_customers
    where verdict = 'clean'
)

select customer_id, attribute, known_at, attributes[attribute] as value
from named
where attributes[attribute] is not null
