select
    snapshot_date,
    segmentation,
    segment,
    feature,
    value_count,
    mean,
    standard_deviation
from segment_profiles
where snapshot_date = $snapshot_date::date
order by segmentation, feature, segment
