with order_months as (
    select distinct
        customer_id,
        date_trunc('month', ordered_at)::date as month_date
    from orders
    where not is_return and customer_id is not null
),

first_months as (
    select customer_id, min(month_date) as cohort_month
    from order_months
    group by customer_id
),

active_months as (
    select
        first_months.cohort_month,
        (extract(year from order_months.month_date) - extract(year from first_months.cohort_month)) * 12
            + extract(month from order_months.month_date) - extract(month from first_months.cohort_month) as months_since,
        count(*) as active_count
    from order_months
    inner join first_months on first_months.customer_id = order_months.customer_id
    group by
        first_months.cohort_month,
        (extract(year from order_months.month_date) - extract(year from first_months.cohort_month)) * 12
            + extract(month from order_months.month_date) - extract(month from first_months.cohort_month)
),

cohorts as (
    select
        cohort_month,
        count(*) as customer_count,
        (extract(year from $snapshot_date::date) - extract(year from cohort_month)) * 12
            + extract(month from $snapshot_date::date) - extract(month from cohort_month) as complete_month_count
    from first_months
    group by cohort_month
),

-- the month of the snapshot date has only begun: it would look like a fall
cohort_months as (
    select
        cohort_month,
        customer_count,
        unnest(range(0, complete_month_count)) as months_since
    from cohorts
)

select
    $snapshot_date::date as snapshot_date,
    cohort_months.cohort_month,
    cohort_months.months_since,
    cohort_months.customer_count,
    coalesce(active_months.active_count, 0) as active_count,
    coalesce(active_months.active_count, 0) / cohort_months.customer_count as retention_share
from cohort_months
left join active_months
    on active_months.cohort_month = cohort_months.cohort_month
    and active_months.months_since = cohort_months.months_since
