select
    cast(contacted_at as date) as arrives_on,
    'K' || campaign_id as campaign,
    if(channel = 'email', cast(people.subscriber as varchar), person_key(people, contacted_at)) as recipient,
    contacted_at as sent_at,
    channel
from campaign_contacts
inner join people on campaign_contacts.customer_id = people.customer_id
where case when channel = 'email' then people.wants_newsletter and people.joined_at < contacted_at else person_key(people, contacted_at) is not null end
order by contacted_at, campaign_id, people.customer_id
