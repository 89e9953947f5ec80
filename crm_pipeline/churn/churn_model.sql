-- every feature of snapshots whose outcome is known, beyond 500,000 rows those of whole customers only, and of the
-- snapshot itself
with features as (              -- all columns: what a customer's features are is stated there
    select * from customer_features
),

customers as (
    select customer_id, customer_hash, count(*) as row_count
    from churn_labels
    group by customer_id, customer_hash
),

hashes as (
    select
        customer_hash,
        sum(sum(row_count)) over (order by customer_hash) as row_count_so_far,
        min(customer_hash) over () as first_hash
    from customers
    group by customer_hash
),

sampled_hashes as (             -- at least one, so that a sample is never empty
    select customer_hash
    from hashes
    where row_count_so_far <= 500000 or customer_hash = first_hash
),

current_hashes as (
    select
        substr(md5(customer_id), 1, 4) as customer_hash,
        sum(count(*)) over (order by substr(md5(customer_id), 1, 4)) as row_count_so_far
    from features
    where snapshot_date = $snapshot_date::date
    group by substr(md5(customer_id), 1, 4)
),

outcomes as (
    select churn_labels.snapshot_date, churn_labels.customer_id, churn_labels.is_churned
    from churn_labels
    inner join sampled_hashes on churn_labels.customer_hash = sampled_hashes.customer_hash
    union all                   -- the customers to be scored, up to 100,000 of them: what becomes of them is not known
    select features.snapshot_date, features.customer_id, cast(null as boolean) as is_churned
    from features
    inner join current_hashes on substr(md5(features.customer_id), 1, 4) = current_hashes.customer_hash
    where features.snapshot_date = $snapshot_date::date and current_hashes.row_count_so_far <= 100000
)

select
    features.*,
    customer_clv.probability_alive,
    customer_clv.expected_purchases_churn_horizon as expected_purchases,
    outcomes.is_churned
from outcomes
inner join features
    on outcomes.snapshot_date = features.snapshot_date
    and outcomes.customer_id = features.customer_id
left join customer_clv
    on outcomes.snapshot_date = customer_clv.snapshot_date
    and outcomes.customer_id = customer_clv.customer_id
order by features.snapshot_date, features.customer_id
