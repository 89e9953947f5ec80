select campaign_id, name, campaign_type, started_at, ended_at, coalesce(known_at, loaded_at) as known_at
from staged_campaigns
where verdict = 'clean'
