-- who agreed to the newsletter, with what its form asks for; the newsletter counts its own numbers
select
    cast(written_at as date) as arrives_on,
    number as subscriber,
    first_written as first_name,
    last_written as last_name,
    email,
    strftime(birth_date, '%Y-%m-%d') as born,
    case when chance('no postcode', number) < 0.15 then null else postcode end as postcode,
    strftime(written_at, '%Y-%m-%d %H:%M:%S') as subscribed_at
from records
where system = 'newsletter'
order by written_at, number
