-- nested records of the loyalty programme: one on joining, another when the tier, the address or the name changes
select
    cast(written_at as date) as arrives_on,
    number as card,
    strftime(written_at, '%Y-%m-%dT%H:%M:%S') as updated_at,
    strftime(joined_at, '%Y-%m-%d') as joined_on,
    case when version = 1 then 'basic' when chance('gold', customer_id) < 0.4 then 'gold' else 'silver' end as tier,
    {
        'name': case
            when chance('name style', number) < 0.05 then upper(last_written) || ', ' || first_written
            when chance('name style', number) < 0.08 then substr(first_written, 1, 1) || '. ' || last_written
            else first_written || ' ' || last_written
        end,
        'email': email,
        'phone': phone,
        'born': strftime(birth_date, '%Y-%m-%d'),
        'address': {'street': street || ' ' || house_number, 'postcode': postcode, 'city': city, 'region': region}
    } as person
from records
where system = 'loyalty'
order by written_at, card
