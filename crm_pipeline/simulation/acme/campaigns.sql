select null as arrives_on, 'K' || campaign_id as campaign, name, campaign_type as kind, started_at, ended_at
from campaigns
order by campaign_id
