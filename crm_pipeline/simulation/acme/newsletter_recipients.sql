select
    cast(contacted_at as date) as arrives_on,
    'K' || campaign_id as campaign,
    person_key(people, contacted_at) as recipient,
    contacted_at as sent_at,
    channel
from campaign_contacts
inner join people on campaign_contacts.customer_id = people.customer_id
where (people.wants_newsletter or channel = 'post') and person_key(people, contacted_at) is not null
order by contacted_at, campaign_id, people.customer_id
