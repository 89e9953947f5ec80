"""One run of matching: only records that are new or changed are normalised and compared; all are grouped anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crm_pipeline.identity.decisions import Decision
from crm_pipeline.identity.facts import collect_facts
from crm_pipeline.identity.records import records_query
from crm_pipeline.identity.settings import IdentitySettings, Pair
from crm_pipeline.identity.stable_ids import assign_ids, changes
from crm_pipeline.identity.state import SCHEMA, has_state, next_name
from crm_pipeline.warehouse.row_hashes import digest

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from crm_pipeline.models.identity import IdentityModel
    from crm_pipeline.models.identity import IdentitySettings as MatcherSettings

RESULT = "temp.identity_result"
RECORDS, NORMALISED, PAIRS = "identity_all_records", "identity_all_normalised", "identity_all_pairs"
"""Temporary views and tables of what is known after this run."""
_STATED = ("identity_listed_always", "identity_listed_never", "identity_listed_same_key")


@dataclass(frozen=True)
class Wishes:
    """What a project and its people say about matching: its settings, listed pairs, and decisions that hold."""

    settings: IdentitySettings
    columns: Sequence[str]
    listed: Mapping[str, Sequence[Pair]]
    decided: Mapping[Pair, Decision]

    @property
    def model_hash(self) -> str:
        """Changes with what a model is trained on and for."""
        return digest(repr(matcher_settings(self.settings)), *self.columns)

    @property
    def pairs_hash(self) -> str:
        """Changes with the pairs that are, or are not, one customer."""
        listed = [f"{key} {pair}" for key in sorted(self.listed) for pair in sorted(self.listed[key])]
        return digest(*listed, *(f"{pair} {self.decided[pair].action}" for pair in sorted(self.decided)))


def matcher_settings(settings: IdentitySettings) -> MatcherSettings:
    """The matcher's settings."""
    from crm_pipeline.models.identity import IdentitySettings as MatcherSettings

    given: dict[str, Any] = {
        "unit": settings.unit,
        "country": settings.country,
        "largest_cluster": settings.largest_cluster,
        "names_per_value": settings.names_per_value,
    }
    if settings.precision_goal is not None:
        given["precision_goal"] = settings.precision_goal
    return MatcherSettings(**given)


def refresh(connection: DuckDBPyConnection, staged: str, wishes: Wishes, *, anew: bool) -> bool:
    """Match the records of ``staged`` and leave the rows of `identity_assignments` in `RESULT`.

    With ``anew`` every record is normalised and compared, by a model that is trained now; without, only the records
    that are new, changed or gone since the run before, unless the model is to be trained again. What is to be kept
    stands in the temporary tables of `state.next_name`. Returns whether all of it was computed anew.
    """
    from crm_pipeline.models.identity import cluster, normalise, score

    settings = matcher_settings(wishes.settings)
    connection.execute(f"create or replace temporary table {RECORDS}_values as {records_query(staged)}")
    connection.execute(
        f"create or replace temporary view {RECORDS} as "
        f"select record_id, source, customer_key, known_at, changed_at, content from {RECORDS}_values"
    )
    is_whole = anew or not has_state(connection)
    _find_touched(connection, is_whole)
    bad = normalise(connection, "identity_touched_values", "identity_next_normalised", settings)
    model = _standing_model(connection, wishes, is_whole)
    if model is None:
        is_whole = True
        if has_state(connection) and not anew:
            _find_touched(connection, True)
            bad = normalise(connection, "identity_touched_values", "identity_next_normalised", settings)
    _see_all(connection, NORMALISED, "normalised", is_whole)
    if model is None:
        model = _trained(connection, settings, wishes)
    else:
        _no_model(connection)
    report = score(connection, NORMALISED, model, "identity_next_pairs", None if is_whole else "identity_touched")
    _see_all(connection, PAIRS, "pairs", is_whole)
    _wanted_pairs(connection, wishes)
    cluster(connection, PAIRS, NORMALISED, model, "identity_clusters", *_STATED)
    _standing_customers(connection)
    assign_ids(connection)
    changes(connection, "identity_next_ledger", _last_change(connection))
    connection.execute(
        f"create or replace temporary table identity_result as select r.source, r.customer_key as source_customer_id, "
        "i.customer_id, round(c.match_probability, 6) as match_probability, c.reason as match_reason, c.is_held "
        f"from {RECORDS} as r inner join identity_clusters as c on r.record_id = c.record_id "
        "inner join identity_ids as i on c.cluster_id = i.cluster_id"
    )
    collect_facts(connection, model, bad, report, is_whole=is_whole)
    return is_whole


def _find_touched(connection: DuckDBPyConnection, is_whole: bool) -> None:
    """Make `identity_touched`: records that are new, changed or gone; and the rows of those that are there."""
    if is_whole:
        touched = f"select record_id from {RECORDS}"
    else:
        same = "n.content is not distinct from o.content"
        touched = (
            f"select coalesce(n.record_id, o.record_id) as record_id from {RECORDS} as n "
            f"full join {SCHEMA}.records as o on n.record_id = o.record_id where not ({same})"
        )
    connection.execute(f"create or replace temporary table identity_touched as {touched}")
    connection.execute(
        "create or replace temporary view identity_touched_values as "
        f"select * exclude (customer_key, changed_at, content) from {RECORDS}_values "
        "where record_id in (select record_id from identity_touched)"
    )
    connection.execute(
        f"create or replace temporary table identity_next_records as select * from {RECORDS} "
        "where record_id in (select record_id from identity_touched)"
    )


def _see_all(connection: DuckDBPyConnection, view: str, table: str, is_whole: bool) -> None:
    """A view of what is kept of untouched records, with what was computed of the touched ones."""
    columns = ("left_id", "right_id") if table == "pairs" else ("record_id",)
    stays = " and ".join(f"{column} not in (select record_id from identity_touched)" for column in columns)
    before = "" if is_whole else f"select * from {SCHEMA}.{table} where {stays} union all by name "
    connection.execute(f"create or replace temporary view {view} as {before}select * from {next_name(table)}")


def _standing_model(connection: DuckDBPyConnection, wishes: Wishes, is_whole: bool) -> IdentityModel | None:
    """The newest model, or None where one is to be trained: other settings or columns, or many records since."""
    if is_whole or not has_state(connection, "models"):
        return None
    row = connection.execute(
        f"select record_count, settings, document from {SCHEMA}.models order by version desc limit 1"
    ).fetchone()
    if row is None or row[1] != wishes.model_hash:
        return None
    count = connection.execute(f"select count(*) from {RECORDS}").fetchone()
    now = int(count[0]) if count else 0
    if now - int(row[0]) > wishes.settings.retrain_share * int(row[0]):
        return None
    from crm_pipeline.models.identity import IdentityModel

    return IdentityModel.from_json(row[2])


def _no_model(connection: DuckDBPyConnection) -> None:
    connection.execute(
        "create or replace temporary table identity_next_models as select 1 as version, 1::bigint as record_count, "
        "'' as settings, '' as document where false"
    )


def _trained(connection: DuckDBPyConnection, settings: MatcherSettings, wishes: Wishes) -> IdentityModel:
    from crm_pipeline.models.identity import train

    model = train(connection, NORMALISED, settings)
    version = "select coalesce(max(version), 0) + 1 from " + (
        f"{SCHEMA}.models" if has_state(connection, "models") else "(select null::integer as version)"
    )
    connection.execute(
        f"create or replace temporary table identity_next_models as select ({version})::integer as version, "
        f"(select count(*) from {RECORDS}) as record_count, $settings::varchar as settings, "
        "$document::varchar as document",
        {"settings": wishes.model_hash, "document": model.to_json()},
    )
    return model


def _wanted_pairs(connection: DuckDBPyConnection, wishes: Wishes) -> None:
    """Make the tables of `_STATED`: listed pairs and, above these, what people decided; and records with one key."""
    pairs: dict[str, list[Pair]] = {"always": [], "never": []}
    for key, found in pairs.items():
        found += [pair for pair in wishes.listed.get(key, ()) if tuple(sorted(pair)) not in wishes.decided]
    for pair, decision in sorted(wishes.decided.items()):
        pairs["always" if decision.action == "accept" else "never"].append(pair)
    for table, found in zip(_STATED, pairs.values(), strict=False):
        connection.execute(f"create or replace temporary table {table} (left_id varchar, right_id varchar)")
        if found:
            connection.executemany(f"insert into {table} values (?, ?)", [list(pair) for pair in found])
    connection.execute(
        f"create or replace temporary table {_STATED[2]} as "
        f"select record_id as left_id, lead(record_id) over same_key as right_id from {RECORDS} "
        "window same_key as (partition by customer_key order by record_id) "
        "qualify lead(record_id) over same_key is not null"
    )
    connection.execute("create or replace temporary table identity_deciders (record_id varchar, decided_by varchar)")
    rows = [[record, f"decision {item.id}"] for item in wishes.decided.values() for record in item.pair]
    if rows:
        connection.executemany("insert into identity_deciders values (?, ?)", rows)


def _standing_customers(connection: DuckDBPyConnection) -> None:
    """Make `identity_before`, the customer of each key before this run, and `identity_dead`, ids merged away."""
    table = f"{SCHEMA}.identity_assignments"
    assigned = (
        f"select distinct source_customer_id as customer_key, customer_id from {table}"
        if has_state(connection, "identity_assignments")
        else "select null::varchar as customer_key, null::varchar as customer_id where false"
    )
    connection.execute(f"create or replace temporary table identity_before as {assigned}")
    built = connection.execute(
        "select count(*) from duckdb_tables() where database_name = 'live' and schema_name = 'cleaned' "
        "and table_name = 'customer_identity'"
    ).fetchone()
    if built and built[0]:  # keys that only sales knew are customers as well
        connection.execute(
            "insert into identity_before select distinct source_customer_id, customer_id "
            "from live.cleaned.customer_identity "
            "where source_customer_id not in (select customer_key from identity_before)"
        )
    issued = (
        f"select to_customer_id as customer_id, min(change_number) as change_number from {SCHEMA}.ledger "
        "where kind = 'split' group by to_customer_id"
        if has_state(connection, "ledger")
        else "select null::varchar as customer_id, null::bigint as change_number where false"
    )
    connection.execute(f"create or replace temporary table identity_issued as {issued}")
    dead = (
        f"select distinct from_customer_id from {SCHEMA}.ledger where kind = 'merge'"
        if has_state(connection, "ledger")
        else "select null::varchar as from_customer_id where false"
    )
    connection.execute(f"create or replace temporary table identity_dead as {dead}")


def _last_change(connection: DuckDBPyConnection) -> int:
    if not has_state(connection, "ledger"):
        return 0
    row = connection.execute(f"select coalesce(max(change_number), 0) from {SCHEMA}.ledger").fetchone()
    return int(row[0]) if row else 0
