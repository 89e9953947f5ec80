with earlier as (
    select customer_id, rfm_segment
    from customer_segments
    where snapshot_date = $previous_snapshot_date::date
),

later as (
    select customer_id, rfm_segment
    from customer_segments
    where snapshot_date = $snapshot_date
),

moves as (
    select
        coalesce(earlier.rfm_segment, 'no orders yet') as from_segment,
        later.rfm_segment as to_segment,
        count(*) as customer_count
    from later
    left join earlier on earlier.customer_id = later.customer_id
    -- without a snapshot before, nobody has moved
    where exists (select 1 from earlier)
    group by coalesce(earlier.rfm_segment, 'no orders yet'), later.rfm_segment
)

select
    $snapshot_date::date as snapshot_date,
    from_segment,
    to_segment,
    customer_count,
    customer_count / sum(customer_count) over (partition by from_segment) as share
from moves
