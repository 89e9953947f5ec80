-- sent, opened by two in five, clicked by one in ten
select cast(happened_at as date) as arrives_on, recipient, event, campaign, strftime(happened_at, '%Y-%m-%dT%H:%M:%S') as happened_at
from (
    select
        people.subscriber as recipient,
        unnest(['sent', 'opened', 'clicked']) as event,
        unnest([0.0, chance('opens', concat(campaign_id, '-', people.customer_id)), chance('clicks', concat(campaign_id, '-', people.customer_id))]) as draw,
        unnest([1.0, 0.4, 0.1]) as share,
        'K' || campaign_id as campaign,
        contacted_at + to_minutes(cast(unnest([0, 180, 185]) as integer)) as happened_at
    from campaign_contacts
    inner join people on campaign_contacts.customer_id = people.customer_id
    where channel = 'email' and people.wants_newsletter and people.joined_at < contacted_at
) as events
where draw < share and recipient is not null
order by happened_at, recipient, event
