-- who there is: their names in every spelling they go by, where they live, and under which number each system knows them
with drawn as (
    select
        customer_id,
        registered_at as first_order_at,
        region,
        age_band,
        chance('channel', customer_id) as channel_draw,
        registered_at + to_days(cast(floor(60 * chance('join after', customer_id)) as integer)) + interval 2 hour as joined_at,
        -- customers 2n and 2n+1 may live together: some of those share a name, and some of those are twins
        cast(floor(customer_id / 2) as bigint) as pair,
        chance('household', floor(customer_id / 2)) < 0.2 as is_shared,
        chance('one name', floor(customer_id / 2)) < 0.8 as is_family,
        chance('twins', floor(customer_id / 2)) < 0.08 as are_twins
    from customers
),

housed as (
    select
        *,
        -- whose draw decides on home, landline, family and, for twins, the birthday
        if(is_shared, 'pair ' || pair, 'person ' || customer_id) as home,
        if(is_shared and is_family, 'pair ' || pair, 'person ' || customer_id) as family,
        if(is_shared and is_family and are_twins, 'pair ' || pair, 'person ' || customer_id) as birth
    from drawn
),

-- every other person has a German name, the others one of eight languages
settled as (
    select *, if(chance('origin', family) < 0.5, 1, 2 + cast(draw('culture', family) % 8 as integer)) as culture
    from housed
),

named as (
    select
        *,
        names.first_names[1 + cast((draw('first name', pair) + (customer_id % 2) * 7) % len(names.first_names) as integer)] as first_forms,
        pick(names.last_names, 'last name', family) as last_forms,
        pick(names.last_names, 'married name', customer_id) as married_forms
    from settled
    inner join names on settled.culture = names.culture_number
),

-- a name is written as its bearer writes it, or in Latin letters ('Ирина|Irina')
spelled as (
    select
        *,
        split_part(first_forms, '|', 1) as first_name,
        split_part(first_forms, '|', -1) as first_latin,
        split_part(last_forms, '|', 1) as last_name,
        split_part(last_forms, '|', -1) as last_latin,
        case when chance('marries', customer_id) < 0.06 then split_part(married_forms, '|', -1) end as married_name,
        pick(getvariable('cities'), 'city', home) as city,
        pick(getvariable('cities'), 'new city', customer_id) as moved_city,
        joined_at + to_days(cast(floor(600 * chance('moves on', customer_id)) as integer) - 60) as moves_at,
        joined_at + to_days(cast(floor(500 * chance('marries on', customer_id)) as integer) - 60) as marries_at
    from named
)

select
    customer_id,
    first_order_at,
    -- a third buys on the web, a third in the shops, a third in both
    case when channel_draw < 0.34 then 0.95 when channel_draw < 0.67 then 0.05 else 0.5 end as web_share,
    'W' || (20000 + 3 * customer_id) as web_account,
    -- some open another account, with another e-mail address, when the first is forgotten
    case when chance('second account', customer_id) < 0.07 then 'W' || (20001 + 3 * customer_id) end as second_account,
    first_order_at + to_days(60 + cast(floor(300 * chance('second account on', customer_id)) as integer)) as second_account_at,
    case when chance('joins', customer_id) < 0.7 then 'AC' || lpad(cast(1000 + 7 * customer_id as varchar), 6, '0') end as card,
    case when chance('newsletter', customer_id) < 0.75 then 40000 + 3 * customer_id end as subscriber,
    joined_at,
    first_name,
    last_name,
    first_latin,
    last_latin,
    married_name,
    marries_at,
    plain(first_latin) || pick(['.', '', '_'], 'e-mail style', customer_id) || plain(last_latin)
    || cast(draw('e-mail number', customer_id) % 900 as varchar) || '@' || pick(['post', 'mail', 'net', 'brief'], 'e-mail host', customer_id) || '.acme-stadt.de' as email,
    substr(plain(first_latin), 1, 1) || plain(last_latin) || cast(draw('work number', customer_id) % 300 as varchar)
    || '@' || pick(['werk', 'buero', 'kontor'], 'work host', customer_id) || '.acme-handel.de' as work_email,
    '+49 30 ' || lpad(cast(5550000 + draw('landline', home) % 9000 as varchar), 7, '0') as landline,
    '+49 17' || (1 + draw('mobile network', customer_id) % 9) || ' ' || lpad(cast(1000000 + draw('mobile', customer_id) % 8999999 as varchar), 7, '0') as mobile,
    -- what a system is told when it asks for a telephone number
    case when is_shared or chance('gives landline', customer_id) < 0.3 then landline else mobile end as phone,
    pick(getvariable('streets'), 'street', home) as street_name,
    cast(1 + draw('house', home) % 120 as varchar) as house_number,
    street_name || ' ' || house_number as street,
    split_part(city, ' ', 1) as city_name,
    split_part(city, ' ', 2) || lpad(cast(draw('postcode', home) % 300 as varchar), 3, '0') as postcode,
    chance('moves', customer_id) < 0.18 as moves,
    moves_at,
    pick(getvariable('streets'), 'new street', customer_id) as new_street_name,
    cast(1 + draw('new house', customer_id) % 120 as varchar) as new_house_number,
    split_part(moved_city, ' ', 1) as new_city_name,
    split_part(moved_city, ' ', 2) || lpad(cast(draw('new postcode', customer_id) % 300 as varchar), 3, '0') as new_postcode,
    cast(
        date '2005-01-01' - cast(floor(365 * case age_band when '18-29' then 11 when '30-44' then 25 when '45-59' then 40 else 60 end
        * (0.6 + 0.4 * chance('age', birth)) + 365 * chance('day of birth', birth)) as integer) as date
    ) as own_birth_date,
    -- twins are told of in the band of the elder
    if(birth = 'pair ' || pair, cast(date '1958-01-01' + to_days(cast(draw('twins'' birthday', birth) % 16000 as integer)) as date), own_birth_date) as birth_date,
    region,
    -- the newsletter knows who agreed when joining, until some withdraw
    subscriber is not null as wants_newsletter,
    joined_at + to_days(cast(floor(400 * chance('withdraws after', customer_id)) as integer)) as withdraws_at,
    chance('withdraws', customer_id) < 0.15 as withdraws
from spelled
