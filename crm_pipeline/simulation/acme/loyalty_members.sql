-- nested records of the loyalty programme: one on joining, another when the tier or the address changes
with versions as (
    select *, joined_at as updated_at, 'basic' as tier, street as street_now
    from people
    where card is not null
    union all
    select
        *,
        joined_at + to_days(30 + cast(floor(300 * chance('changes after', customer_id)) as integer)) as updated_at,
        case when chance('gold', customer_id) < 0.4 then 'gold' else 'silver' end as tier,
        case when chance('moves', customer_id) < 0.3 then 'Neue ' || street else street end as street_now
    from people
    where card is not null and chance('changes', customer_id) < 0.35
)

select
    cast(updated_at as date) as arrives_on,
    card,
    strftime(updated_at, '%Y-%m-%dT%H:%M:%S') as updated_at,
    strftime(joined_at, '%Y-%m-%d') as joined_on,
    tier,
    {
        'name': case when chance('name typo', customer_id) < 0.03 then upper(last_name) || ', ' || first_name else first_name || ' ' || last_name end,
        'email': case
            when chance('no email', customer_id) < 0.08 then null
            when chance('email typo', customer_id) < 0.03 then replace(email, '@', ' at ')
            else email
        end,
        'phone': case when chance('no phone', customer_id) < 0.3 then null else phone end,
        'born': case when chance('no birthday', customer_id) < 0.2 then null else strftime(birth_date, '%Y-%m-%d') end,
        'address': {'street': street_now, 'postcode': postcode, 'region': region}
    } as person,
    case when web_share > 0.1 and chance('linked', customer_id) < 0.6 then web_account end as web_account
from versions
order by updated_at, card
