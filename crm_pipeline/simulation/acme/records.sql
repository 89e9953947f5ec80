-- what each system wrote down of a person, with the mistakes of that day; one row per number, and another when it changes
with asked as (
    select
        'loyalty' as system,
        card as number,
        joined_at as written_at,
        1 as version,
        *
    from people
    where card is not null
    union all
    select
        'loyalty',
        card,
        joined_at + to_days(30 + cast(floor(300 * chance('changes after', customer_id)) as integer)),
        2,
        *
    from people
    where card is not null and chance('changes', customer_id) < 0.35
    union all
    select 'web', accounts.account, accounts.opened_at, 1, people.*
    from people
    inner join (
        select customer_id, web_account as account, min(ordered_at) as opened_at
        from sales
        where is_web
        group by customer_id, web_account
    ) as accounts on people.customer_id = accounts.customer_id
    union all
    select 'newsletter', cast(subscriber as varchar), joined_at + interval 5 minutes, 1, *
    from people
    where subscriber is not null
),

told as (
    select
        *,
        concat(system, '-', number) as place,
        number = second_account as is_second,
        -- the e-mail address differs by what it is given for; marketplaces forward under one of their own
        case
            when number = second_account or chance('which e-mail', concat(system, '-', number)) < if(system = 'newsletter', 0.27, 0.2) then work_email
            else email
        end as given_email,
        case when married_name is not null and marries_at <= written_at then married_name else last_latin end as last_now,
        married_name is not null and marries_at <= written_at as is_married_name,
        moves and moves_at <= written_at as has_moved,
        chance('own letters', concat(system, '-', number)) as letters
    from asked
),

-- the web shop takes names as they are typed, the newsletter in plain letters, the loyalty clerks as they hear them
written as (
    select
        *,
        case
            when system = 'web' and letters < 0.4 then first_name
            when system = 'newsletter' or letters < 0.6 then initcap_plain(first_latin)
            else first_latin
        end as first_written,
        case
            when is_married_name then last_now
            when system = 'web' and letters < 0.4 then last_name
            when system = 'newsletter' or letters < 0.6 then initcap_plain(last_latin)
            else last_latin
        end as last_written,
        if(has_moved, new_street_name, street_name) as street_now,
        if(has_moved, new_house_number, house_number) as house_now,
        if(has_moved, new_postcode, postcode) as postcode_now,
        if(has_moved, new_city_name, city_name) as city_now
    from told
)

select
    customer_id,
    system,
    number,
    version,
    written_at,
    web_share,
    joined_at,
    region,
    mistyped(first_written, 0.04, 'first typo', place) as first_written,
    mistyped(last_written, 0.05, 'last typo', place) as last_written,
    case
        when chance('no e-mail', place) < if(system = 'loyalty', 0.12, 0.0) then null
        when chance('dummy e-mail', place) < 0.035 then pick(['test@test.com', 'keine@email.de', 'noreply@acme-handel.de', 'a@a.de'], 'which dummy', place)
        when system = 'web' and chance('marketplace', place) < 0.03 then substr(md5(place), 1, 14) || '@marketplace.amazon.de'
        when chance('e-mail at', place) < 0.02 then replace(given_email, '@', ' at ')
        when chance('e-mail capitals', place) < 0.08 then upper(substr(given_email, 1, 1)) || substr(given_email, 2)
        else mistyped(given_email, 0.04, 'e-mail typo', place)
    end as email,
    case
        when chance('no phone', place) < case system when 'web' then 0.5 else 0.25 end then null
        when chance('dummy phone', place) < 0.03 then pick(['0000000000', '000', '12345'], 'which dummy phone', place)
        else phone_style(mistyped(if(chance('other phone', place) < 0.2, mobile, phone), 0.02, 'phone typo', place), 'phone style', place)
    end as phone,
    case
        when chance('no birthday', place) < case system when 'web' then 0.5 when 'newsletter' then 0.2 else 0.12 end then null
        when chance('dummy birthday', place) < 0.02 then date '1900-01-01'
        when chance('birthday typo', place) < 0.015 then birth_date + to_days(pick([1, -1, 10, 365], 'which birthday typo', place))
        else birth_date
    end::date as birth_date,
    mistyped(if(chance('short street', place) < 0.3, replace(replace(street_now, 'straße', 'str.'), 'Straße', 'Str.'), street_now), 0.03, 'street typo', place) as street,
    house_now as house_number,
    mistyped(postcode_now, 0.02, 'postcode typo', place) as postcode,
    city_now as city
from written
