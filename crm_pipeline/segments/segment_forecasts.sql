with recent_snapshots as (      -- a year of monthly ones
    select snapshot_date, row_number() over (order by snapshot_date desc) as position
    from (select snapshot_date from segment_transitions group by snapshot_date) as known_snapshots
),

recent_moves as (
    select
        segment_transitions.from_segment,
        segment_transitions.to_segment,
        sum(segment_transitions.customer_count) as move_count
    from segment_transitions
    inner join recent_snapshots
        on segment_transitions.snapshot_date = recent_snapshots.snapshot_date
        and recent_snapshots.position <= 12
    group by segment_transitions.from_segment, segment_transitions.to_segment
),

sizes as (
    select rfm_segment, count(*) as customer_count
    from customer_segments
    where snapshot_date = $snapshot_date::date
    group by rfm_segment
)

select
    $snapshot_date::date as snapshot_date,
    case when recent_moves.from_segment <> 'no orders yet' then recent_moves.from_segment end as from_segment,
    recent_moves.to_segment,
    recent_moves.move_count,
    (select count(*) from recent_snapshots where position <= 12) as snapshot_count,
    coalesce(sizes.customer_count, 0) as customer_count
from recent_moves
left join sizes on recent_moves.to_segment = sizes.rfm_segment
order by recent_moves.from_segment, recent_moves.to_segment
