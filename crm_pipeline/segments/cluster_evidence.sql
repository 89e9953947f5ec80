select
    snapshot_date,
    model_version,
    artifact
from cluster_model
where snapshot_date = $snapshot_date
order by model_version
