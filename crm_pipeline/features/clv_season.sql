with days as (                  -- what was spent how many days before the snapshot
    select
        date_diff('day', orders.ordered_at::date, $snapshot_date::date) as days_before,
        sum(orders.net_amount) as net_amount
    from orders
    where orders.customer_id is not null
    group by date_diff('day', orders.ordered_at::date, $snapshot_date::date)
),

history as (
    select coalesce(max(days.days_before), 0) as history_days from days
),

amounts as (
    select
        history.history_days,
        coalesce(sum(days.net_amount) filter (where days.days_before between 1 and 365), 0) as year_amount,
        coalesce(sum(days.net_amount) filter (
            where days.days_before between 366 - $clv_horizon_days and 365
        ), 0) as window_amount,
        -- the growth is told by as many days as were seen a year earlier too, at most a year of them
        coalesce(sum(days.net_amount) filter (
            where days.days_before between 1 and least(history.history_days - 365, 365)
        ), 0) as recent_amount,
        coalesce(sum(days.net_amount) filter (
            where days.days_before between 366 and 365 + least(history.history_days - 365, 365)
        ), 0) as earlier_amount
    from history
    left join days on true
    group by history.history_days
)

select
    $snapshot_date::date as snapshot_date,
    $clv_horizon_days::integer as horizon_days,
    history_days::integer as history_days,
    year_amount::decimal(18, 4) as year_amount,
    window_amount::decimal(18, 4) as window_amount,
    recent_amount::decimal(18, 4) as recent_amount,
    earlier_amount::decimal(18, 4) as earlier_amount,
    case
        when
            history_days >= 365 + 28 and $clv_horizon_days < 365
            and year_amount > 0 and window_amount > 0 and recent_amount > 0 and earlier_amount > 0
            then ln((window_amount / $clv_horizon_days) / (year_amount / 365))
                + ln(recent_amount / earlier_amount) * (365 - $clv_horizon_days) / 730
    end as season_log
from amounts
