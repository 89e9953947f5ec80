with members as (
    select segment, customer_id
    from custom_segments
    where snapshot_date = $snapshot_date::date
),

earlier_members as (
    select segment, customer_id
    from custom_segments
    where snapshot_date = $previous_snapshot_date::date
),

customers as (
    select customer_id, spend_amount_90d, count(*) over () as customer_count
    from customer_features
    where snapshot_date = $snapshot_date::date
)

select
    $snapshot_date::date as snapshot_date,
    members.segment,
    count(*) as customer_count,
    count(*) / max(customers.customer_count) as customer_share,
    sum(customers.spend_amount_90d) as spend_amount_90d,
    count(earlier_members.customer_id) as stayed_count
from members
inner join customers on members.customer_id = customers.customer_id
left join earlier_members
    on members.segment = earlier_members.segment and members.customer_id = earlier_members.customer_id
group by members.segment
