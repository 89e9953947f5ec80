-- what the company cannot know: who is who in its systems, and who has left
select
    people.customer_id as person,
    people.first_latin || ' ' || people.last_latin as name,
    people.card,
    people.joined_at,
    people.web_account,
    people.second_account,
    people.subscriber,
    people.web_share,
    true_customers.segment,
    true_customers.rate_per_day,
    true_customers.first_order_at,
    true_customers.died_at as left_at,
    true_customers.died_at > cast(getvariable('through') as timestamp) + interval 1 day as is_alive
from people
inner join true_customers on people.customer_id = true_customers.customer_id
where true_customers.first_order_at < cast(getvariable('through') as timestamp) + interval 1 day
order by person
