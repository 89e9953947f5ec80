"""Ids that last: a cluster of records keeps the id that its customer had, and every merge and split is written down."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_IDS = """
with members as (
    select r.record_id, r.customer_key, r.source, r.known_at, c.cluster_id, s.customer_id as had
    from identity_all_records as r
    inner join identity_clusters as c on r.record_id = c.record_id
    left join identity_before as s on r.customer_key = s.customer_key
),

-- an id is the key of a record: of a customer who stands, of one who once stood, or of a record that has had none
candidates as (
    select
        cluster_id,
        customer_key as customer_id,
        case
            when customer_key in (select customer_id from identity_before) then 0
            when customer_key in (select from_customer_id from identity_dead) then 1
            else 2
        end as rank,
        coalesce(issued.change_number, 0) as issued,
        known_at,
        source
    from members
    left join identity_issued as issued on customer_key = issued.customer_id
    union all
    -- the record that gave the id is gone from the files; its customer is not
    select cluster_id, had, 0, 0, known_at, source
    from members
    where had is not null and had not in (select customer_key from identity_all_records)
),

-- where a customer is split, one part keeps such an id
claimed as (
    select *
    from candidates
    qualify row_number() over (partition by customer_id order by known_at, source, cluster_id) = 1
)

select cluster_id, customer_id
from claimed
qualify row_number() over (partition by cluster_id order by rank, issued, known_at, source, customer_id) = 1
"""

_CHANGES = """
with moved as (
    select
        b.customer_id as from_customer_id,
        i.customer_id as to_customer_id,
        count(distinct r.customer_key) as record_count,
        max(r.changed_at) as known_at,
        min(c.reason) as reason,
        min(d.decided_by) as decided_by
    from identity_before as b
    inner join identity_all_records as r on b.customer_key = r.customer_key
    inner join identity_clusters as c on r.record_id = c.record_id
    inner join identity_ids as i on c.cluster_id = i.cluster_id
    left join identity_deciders as d on r.record_id = d.record_id
    where b.customer_id <> i.customer_id
    group by b.customer_id, i.customer_id
)

select
    $first + row_number() over (order by from_customer_id, to_customer_id) as change_number,
    case
        when from_customer_id not in (select customer_id from identity_ids) then 'merge'
        when to_customer_id in (select customer_id from identity_before) then 'move'
        else 'split'
    end as kind,
    from_customer_id,
    to_customer_id,
    record_count,
    known_at,
    reason,
    coalesce(decided_by, 'matching') as decided_by
from moved
"""


def assign_ids(connection: DuckDBPyConnection) -> None:
    """Make `identity_ids`: the customer of each cluster.

    A cluster has the id of a customer who stands where it holds the record that gave it, else one that stood before,
    else the key of its earliest record. Of several, ids that no split gave come first, then the earliest (by time,
    source and key). So records that join rename nobody, and what is undone has the ids that it had.

    Reads the temporary tables `identity_all_records`, `identity_clusters` (record_id, cluster_id, reason),
    `identity_before` (customer_key, customer_id), `identity_dead` (from_customer_id) and `identity_issued`
    (customer_id, change_number): ids that a split gave.
    """
    connection.execute(f"create or replace temporary table identity_ids as {_IDS}")


def changes(connection: DuckDBPyConnection, target: str, first: int) -> None:
    """Make ``target``: the merges and splits since the run before, numbered after ``first``.

    A merge ends an id; a split takes records away from one that goes on and gives them an id; a move takes them to
    another customer who stood before. `known_at` is the newest record's time.
    Reads also `identity_deciders` (record_id, decided_by).
    """
    connection.execute(f"create or replace temporary table {target} as {_CHANGES}", {"first": first})
