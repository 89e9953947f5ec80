with features as (              -- all columns: what a customer's features are is stated there
    select * from customer_features
)

select
    features.*,
    customer_clv.probability_alive,
    customer_clv.expected_purchases_churn_horizon as expected_purchases,
    customer_clv.clv,
    count(*) over () as customer_count
from features
left join customer_clv
    on features.snapshot_date = customer_clv.snapshot_date
    and features.customer_id = customer_clv.customer_id
where features.snapshot_date = $snapshot_date::date
order by features.customer_id
