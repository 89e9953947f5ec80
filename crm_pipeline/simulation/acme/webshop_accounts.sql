-- who has ordered on the web; three in five of those with a card have entered its number
with accounts as (
    select customer_id, min(ordered_at) as opened_at
    from sales
    where is_web
    group by customer_id
)

select
    cast(accounts.opened_at as date) as arrives_on,
    people.web_account as "Kundennr",
    case when people.joined_at <= accounts.opened_at and chance('linked', people.customer_id) < 0.6 then people.card end as "Kundenkarte",
    case
        when chance('web typo', people.customer_id) < 0.05 then substr(people.first_name, 1, 1) || '. ' || people.last_name
        else people.first_name || ' ' || people.last_name
    end as "Name",
    people.email as "E-Mail",
    people.region as "Region",
    strftime(accounts.opened_at, '%d.%m.%Y %H:%M') as "Angelegt"
from accounts
inner join people on accounts.customer_id = people.customer_id
order by accounts.opened_at, people.web_account
