-- every feature of earlier snapshots whose outcome is known, beyond 500,000 rows those of whole customers only
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
)

select
    features.*,
    customer_clv.probability_alive,
    customer_clv.expected_purchases_churn_horizon as expected_purchases,
    churn_labels.is_churned
from churn_labels
inner join sampled_hashes on churn_labels.customer_hash = sampled_hashes.customer_hash
inner join features
    on churn_labels.snapshot_date = features.snapshot_date
    and churn_labels.customer_id = features.customer_id
left join customer_clv
    on churn_labels.snapshot_date = customer_clv.snapshot_date
    and churn_labels.customer_id = customer_clv.customer_id
order by features.snapshot_date, features.customer_id
