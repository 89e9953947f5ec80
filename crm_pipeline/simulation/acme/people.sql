-- who there is: the systems that know a person, and under which number
with drawn as (
    select
        customer_id,
        registered_at as first_order_at,
        region,
        age_band,
        chance('channel', customer_id) as channel_draw,
        registered_at + to_days(cast(floor(60 * chance('join after', customer_id)) as integer)) + interval 2 hour as joined_at,
        pick(
            ['Anna', 'Ben', 'Clara', 'David', 'Elif', 'Felix', 'Greta', 'Hannes', 'Ida', 'Jonas', 'Klara', 'Levent', 'Marie',
             'Nils', 'Olga', 'Paul', 'Rosa', 'Samir', 'Tilda', 'Yusuf'],
            'first name', customer_id
        ) as first_name,
        pick(
            ['Adler', 'Becker', 'Celik', 'Dietrich', 'Ebert', 'Fuchs', 'Gross', 'Hartmann', 'Ivanov', 'Jung', 'Krause', 'Lorenz',
             'Müller', 'Neumann', 'Otto', 'Peters', 'Richter', 'Schulz', 'Thiel', 'Weiß'],
            'last name', customer_id
        ) as last_name
    from customers
)

select
    customer_id,
    first_order_at,
    -- a third buys on the web, a third in the shops, a third in both
    case when channel_draw < 0.34 then 0.95 when channel_draw < 0.67 then 0.05 else 0.5 end as web_share,
    'W' || (20000 + 3 * customer_id) as web_account,
    case when chance('joins', customer_id) < 0.7 then 'AC' || lpad(cast(1000 + 7 * customer_id as varchar), 6, '0') end as card,
    joined_at,
    first_name,
    last_name,
    lower(strip_accents(first_name || '.' || last_name)) || customer_id % 90 || '@example.org' as email,
    '+49 30 555 ' || lpad(cast(customer_id as varchar), 4, '0') as phone,
    pick(['Lindenweg', 'Am Markt', 'Hafenstraße', 'Gartenweg', 'Bahnhofstraße'], 'street', customer_id)
    || ' ' || (1 + customer_id % 80) as street,
    cast(10115 + 13 * (customer_id % 300) as varchar) as postcode,
    cast(
        date '2005-01-01' - cast(floor(365 * case age_band when '18-29' then 11 when '30-44' then 25 when '45-59' then 40 else 60 end
        * (0.6 + 0.4 * chance('age', customer_id))) as integer) as date
    ) as birth_date,
    region,
    -- the newsletter knows who agreed when joining, until some withdraw
    chance('newsletter', customer_id) < 0.75 as wants_newsletter,
    joined_at + to_days(cast(floor(400 * chance('withdraws after', customer_id)) as integer)) as withdraws_at,
    chance('withdraws', customer_id) < 0.15 as withdraws
from drawn
