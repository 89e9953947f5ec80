-- every feature of snapshots whose outcome is known, of at most 100,000 rows of whole customers, and of the snapshot
-- itself
with features as (              -- all columns: what a customer's features are is stated there
    select * from customer_features
),

recent_snapshots as (           -- twelve judged snapshots, a year of monthly ones, say enough
    select snapshot_date, row_number() over (order by snapshot_date desc) as position
    from (select snapshot_date from clv_outcomes group by snapshot_date) as judged_snapshots
),

judged as (
    select
        clv_outcomes.snapshot_date,
        clv_outcomes.customer_id,
        clv_outcomes.purchase_count,
        clv_outcomes.spend_amount
    from clv_outcomes
    inner join recent_snapshots
        on clv_outcomes.snapshot_date = recent_snapshots.snapshot_date
        and recent_snapshots.position <= 12
    where clv_outcomes.horizon_days = $clv_horizon_days
),

customer_rows as (
    select customer_id, count(*) as row_count
    from judged
    group by customer_id
),

-- samples of customers that are the same on every run and engine
sampled as (
    select customer_id, sum(row_count) over (order by md5(customer_id), customer_id) as rows_so_far
    from customer_rows
),

current_customers as (
    select customer_id, row_number() over (order by md5(customer_id), customer_id) as position
    from customer_rfm
    where snapshot_date = $snapshot_date::date
),

chosen as (
    select judged.snapshot_date, judged.customer_id, judged.purchase_count, judged.spend_amount
    from judged
    inner join sampled on judged.customer_id = sampled.customer_id and sampled.rows_so_far <= 100000
    union all                   -- customers to be scored: what becomes of them is not known
    select
        $snapshot_date::date as snapshot_date,
        current_customers.customer_id,
        cast(null as integer) as purchase_count,
        cast(null as decimal(18, 4)) as spend_amount
    from current_customers
    where current_customers.position <= 50000
)

select
    features.*,
    customer_rfm.frequency,
    customer_rfm.recency,
    customer_rfm."T",
    customer_rfm.monetary_value,
    chosen.purchase_count,
    chosen.spend_amount as outcome_amount
from chosen
inner join features
    on chosen.snapshot_date = features.snapshot_date
    and chosen.customer_id = features.customer_id
inner join customer_rfm
    on chosen.snapshot_date = customer_rfm.snapshot_date
    and chosen.customer_id = customer_rfm.customer_id
order by features.snapshot_date, features.customer_id
