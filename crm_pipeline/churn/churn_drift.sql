-- active customers of the snapshot and of those whose outcome is known, with every feature; beyond 100,000 rows those
-- of whole customers only
with features as (              -- all columns: what a customer's features are is stated there
    select * from customer_features
),

seen as (
    select known_date, snapshot_date, customer_id, is_churned, customer_hash
    from churn_labels
    where is_active
    union all                   -- the customers to be scored: what becomes of them is not known
    select
        cast(null as date) as known_date,
        features.snapshot_date,
        features.customer_id,
        cast(null as boolean) as is_churned,
        substr(md5(features.customer_id), 1, 4) as customer_hash
    from features
    where features.snapshot_date = $snapshot_date::date and features.is_active
),

hashes as (
    select
        customer_hash,
        sum(count(*)) over (order by customer_hash) as row_count_so_far,
        min(customer_hash) over () as first_hash
    from seen
    group by customer_hash
)

select
    features.*,
    customer_clv.probability_alive,
    customer_clv.expected_purchases_churn_horizon as expected_purchases,
    churn_predictions.churn_probability,
    seen.known_date,
    seen.is_churned
from seen
inner join hashes on seen.customer_hash = hashes.customer_hash
inner join features
    on seen.snapshot_date = features.snapshot_date
    and seen.customer_id = features.customer_id
left join customer_clv
    on seen.snapshot_date = customer_clv.snapshot_date
    and seen.customer_id = customer_clv.customer_id
left join churn_predictions
    on seen.snapshot_date = churn_predictions.snapshot_date
    and seen.customer_id = churn_predictions.customer_id
where hashes.row_count_so_far <= 100000 or hashes.customer_hash = hashes.first_hash
order by features.snapshot_date, features.customer_id
