with current_customers as (
    select
        customer_id,
        frequency,
        recency,
        "T",
        monetary_value,
        total_spend,
        order_count,
        -- a sample of customers that is the same on every run and engine
        row_number() over (order by md5(customer_id), customer_id) as sample_position
    from customer_rfm
    where snapshot_date = $snapshot_date::date
),

-- all that the purchase model needs to know: how many customers share a history
histories as (
    select
        'history' as part,
        frequency,
        recency,
        "T",
        0 as monetary_value,
        count(*) as customer_count
    from current_customers
    group by frequency, recency, "T"
),

-- the spend model has three parameters: 100,000 customers are plenty; without a repeat, the mean order stands in
spenders as (
    select
        'spender' as part,
        frequency,
        0 as recency,
        0 as "T",
        case when frequency > 0 then monetary_value else total_spend / order_count end::decimal(18, 4) as monetary_value,
        count(*) as customer_count
    from current_customers
    where sample_position <= 100000
    group by
        frequency,
        case when frequency > 0 then monetary_value else total_spend / order_count end::decimal(18, 4)
),

parts as (
    select part, frequency, recency, "T", monetary_value, customer_count from histories
    union all
    select part, frequency, recency, "T", monetary_value, customer_count from spenders
)

select part, frequency, recency, "T", monetary_value, customer_count
from parts
order by part, frequency, recency, "T", monetary_value
