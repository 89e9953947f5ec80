with newly_due as (             -- nothing is judged again before something new is known
    select count(*) as row_count
    from clv_outcomes
    where known_date = $snapshot_date::date
),

judged as (
    select
        clv_outcomes.known_date,
        clv_outcomes.snapshot_date,
        clv_outcomes.customer_id,
        clv_outcomes.is_active,
        clv_outcomes.spend_amount,
        customer_clv.blend_spend,
        customer_clv.btyd_spend,
        customer_clv.naive_spend,
        customer_clv.formula_clv,
        customer_clv.expected_spend,
        customer_clv.clv,
        customer_clv.clv_lower,
        customer_clv.clv_upper
    from clv_outcomes
    inner join customer_clv
        on clv_outcomes.snapshot_date = customer_clv.snapshot_date
        and clv_outcomes.customer_id = customer_clv.customer_id
        and clv_outcomes.horizon_days = customer_clv.horizon_days
    inner join newly_due on newly_due.row_count > 0
),

customer_rows as (
    select customer_id, count(*) as row_count
    from judged
    group by customer_id
),

-- beyond 500,000 rows, a sample of customers that is the same on every run and engine
sampled as (
    select customer_id, sum(row_count) over (order by md5(customer_id), customer_id) as rows_so_far
    from customer_rows
)

select
    judged.snapshot_date,
    judged.customer_id,
    judged.known_date = $snapshot_date::date as is_newly_due,
    judged.is_active,
    judged.spend_amount,
    judged.blend_spend,
    judged.btyd_spend,
    judged.naive_spend,
    judged.formula_clv,
    judged.expected_spend,
    judged.clv,
    judged.clv_lower,
    judged.clv_upper
from judged
inner join sampled
    on judged.customer_id = sampled.customer_id
    and sampled.rows_so_far <= 500000
order by judged.snapshot_date, judged.customer_id
