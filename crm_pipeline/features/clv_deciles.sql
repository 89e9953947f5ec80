with judged as (
    select
        clv_outcomes.snapshot_date,
        clv_outcomes.customer_id,
        clv_outcomes.purchase_count,
        clv_outcomes.spend_amount,
        customer_clv.expected_spend::decimal(18, 4) as expected_spend,
        customer_clv.naive_spend::decimal(18, 4) as naive_spend,
        -- each customer's own margin and discount
        case
            when customer_clv.expected_spend > 0
                then clv_outcomes.spend_amount * customer_clv.clv / customer_clv.expected_spend
            else clv_outcomes.spend_amount::double
        end as actual_value,
        customer_clv.clv_lower,
        customer_clv.clv_upper,
        ntile(10) over (
            partition by clv_outcomes.snapshot_date
            order by customer_clv.expected_spend desc, clv_outcomes.customer_id
        ) as decile
    from clv_outcomes
    inner join customer_clv
        on clv_outcomes.snapshot_date = customer_clv.snapshot_date
        and clv_outcomes.customer_id = customer_clv.customer_id
        and clv_outcomes.horizon_days = customer_clv.horizon_days
    where clv_outcomes.known_date = $snapshot_date::date
),

deciles as (
    select
        snapshot_date,
        decile,
        count(*) as customer_count,
        count(*) filter (where purchase_count > 0) as buyer_count,
        sum(expected_spend) as expected_amount,
        sum(naive_spend) as naive_amount,
        sum(spend_amount) as actual_amount,
        count(*) filter (where actual_value < clv_lower) as below_count,
        count(*) filter (where actual_value > clv_upper) as above_count
    from judged
    group by snapshot_date, decile
)

select
    $snapshot_date::date as known_date,
    snapshot_date,
    decile,
    customer_count,
    buyer_count,
    expected_amount,
    naive_amount,
    actual_amount,
    sum(actual_amount) over (partition by snapshot_date order by decile)
        / nullif(sum(actual_amount) over (partition by snapshot_date), 0) as cumulative_share,
    below_count / customer_count as below_interval_share,
    above_count / customer_count as above_interval_share
from deciles
