with recent_snapshots as (      -- twelve judged snapshots, a year of monthly ones, say enough about the level
    select snapshot_date, row_number() over (order by snapshot_date desc) as position
    from (select snapshot_date from clv_outcomes group by snapshot_date) as judged_snapshots
),

customers_judged as (
    select customer_id
    from clv_outcomes
    group by customer_id
),

-- a sample of customers that is the same on every run and engine
sampled as (
    select customer_id, row_number() over (order by md5(customer_id), customer_id) as position
    from customers_judged
)

select
    clv_outcomes.snapshot_date,
    clv_outcomes.customer_id,
    clv_outcomes.is_active,
    clv_outcomes.purchase_count,
    clv_outcomes.spend_amount,
    customer_rfm.frequency,
    customer_rfm.recency,
    customer_rfm."T",
    customer_rfm.monetary_value
from clv_outcomes
inner join recent_snapshots
    on clv_outcomes.snapshot_date = recent_snapshots.snapshot_date
    and recent_snapshots.position <= 12
inner join sampled
    on clv_outcomes.customer_id = sampled.customer_id
    and sampled.position <= 20000
inner join customer_rfm
    on clv_outcomes.snapshot_date = customer_rfm.snapshot_date
    and clv_outcomes.customer_id = customer_rfm.customer_id
where clv_outcomes.horizon_days = $clv_horizon_days
order by clv_outcomes.snapshot_date, clv_outcomes.customer_id
