with newest as (
    select source, max(loaded_at) as loaded_at
    from source_files
    where is_current
    group by source
),

changed as (
    select source, file_name, sha256, loaded_at, is_current, unnest(schema_changes) as item
    from source_files
)

select
    changed.source,
    changed.file_name,
    changed.sha256,
    changed.loaded_at as known_since,
    changed.item.column as column_name,
    changed.item.change as change,
    changed.item.before as before,
    changed.item.after as after,
    changed.is_current and changed.loaded_at = newest.loaded_at as is_newest
from changed
left join newest on changed.source = newest.source
