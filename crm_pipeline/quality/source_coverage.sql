with order_sources as (
    select
        source,
        entity,
        max(coalesce(stated_data_through, last_event_at::date)) as data_through
    from reconciliation
    where entity in ('orders', 'order_lines')
    group by source, entity
)

select
    $snapshot_date as snapshot_date,
    source,
    entity,
    least(coalesce(data_through, date '1970-01-01'), $snapshot_date::date - 1) as data_through,
    coalesce(data_through, date '1970-01-01') >= $snapshot_date::date - 1 as is_complete
from order_sources
