select cast(decided_at as date) as arrives_on, person, purpose, answer, strftime(decided_at, '%d.%m.%Y %H:%M') as decided_at
from (
    select person_key(people, joined_at) as person, 'newsletter' as purpose, if(wants_newsletter, 'ja', 'nein') as answer, joined_at as decided_at
    from people
    union all
    select person_key(people, withdraws_at), 'newsletter', 'nein', withdraws_at + interval 1 minute
    from people
    where wants_newsletter and withdraws
) as answers
where person is not null
order by answers.decided_at, person
