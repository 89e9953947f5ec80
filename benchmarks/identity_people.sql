-- synthetic people as three sources write them down; every draw is a digest, so the same number of people gives the same rows
with people as (
    select
        range as person,
        -- squares make some names frequent
        cast(floor(400 * pow(draw('first', range), 2)) as bigint) as first_no,
        cast(floor(9000 * pow(draw('last', range), 2)) as bigint) as last_no,
        cast(date '1940-01-01' + to_days(cast(floor(24000 * draw('birth', range)) as integer)) as date) as birth_date,
        cast(floor(3000 * draw('street', range)) as bigint) as street_no,
        cast(1 + floor(120 * draw('house', range)) as bigint) as house_number,
        cast(10000 + floor(8000 * draw('postcode', range)) as bigint) as postcode,
        '+4915' || lpad(cast(cast(floor(1e9 * draw('phone', range)) as bigint) as varchar), 9, '0') as phone
    from range($people)
),

named as (
    select *, 'F' || syllables(first_no) as first_name, 'L' || syllables(last_no) as last_name from people
),

written as (
    select named.*, sources.source, concat(sources.source, '-', person) as place
    from named
    cross join (select unnest(['shop', 'loyalty', 'newsletter']) as source) as sources
    where draw('written by ' || sources.source, person) < 0.56
)

select
    'r' || md5(place) as record_id,
    source,
    timestamp '2024-01-01' + to_days(cast(floor(300 * draw('known', place)) as integer)) as known_at,
    mistyped(first_name, 0.06, 'first', place) as first_name,
    mistyped(last_name, 0.06, 'last', place) as last_name,
    case when draw('has e-mail', place) < 0.7 then
        mistyped(lower(first_name) || '.' || lower(last_name) || (person % 997), 0.03, 'e-mail', place) || '@mail.example'
    end as email,
    case when draw('has phone', place) < 0.6 then phone end as phone,
    case when draw('has birth date', place) < 0.7 then cast(birth_date as varchar) end as birth_date,
    mistyped('S' || syllables(street_no) || 'weg', 0.04, 'street', place) as street,
    cast(house_number as varchar) as house_number,
    cast(postcode as varchar) as postcode,
    'C' || syllables(postcode // 20) as city,
    cast(person as varchar) as entity_id
from written
