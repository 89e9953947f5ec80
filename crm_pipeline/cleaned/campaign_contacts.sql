with timed as (
    select
        contact.campaign_id,
        contact.customer_id,
        coalesce(contact.contacted_at, campaigns.started_at, contact.loaded_at) as contacted_at,
        coalesce(contact.channel, 'unknown') as channel,
        coalesce(contact.known_at, contact.contacted_at, campaigns.known_at, contact.loaded_at) as known_at
    from staged_campaign_contacts as contact
    left join campaigns on contact.campaign_id = campaigns.campaign_id
    where contact.verdict = 'clean'
)

select campaign_id, customer_id, contacted_at, channel, known_at
from timed
