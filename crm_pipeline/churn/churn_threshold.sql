-- active customers of the snapshot with every feature, up to 100,000 of them by a hash of their id
with features as (              -- all columns: what a customer's features are is stated there
    select * from customer_features
),

hashes as (
    select
        substr(md5(customer_id), 1, 4) as customer_hash,
        sum(count(*)) over (order by substr(md5(customer_id), 1, 4)) as row_count_so_far,
        sum(count(*)) over () as active_count
    from features
    where snapshot_date = $snapshot_date::date and is_active
    group by substr(md5(customer_id), 1, 4)
)

select
    features.*,
    customer_clv.probability_alive,
    customer_clv.expected_purchases_churn_horizon as expected_purchases,
    customer_clv.clv,
    hashes.active_count
from features
inner join hashes on substr(md5(features.customer_id), 1, 4) = hashes.customer_hash
left join customer_clv
    on features.snapshot_date = customer_clv.snapshot_date
    and features.customer_id = customer_clv.customer_id
where
    features.snapshot_date = $snapshot_date::date
    and features.is_active
    and hashes.row_count_so_far <= 100000
order by features.customer_id
