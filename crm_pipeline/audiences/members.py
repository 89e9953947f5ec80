"""Who is in an audience at a snapshot, read from the copy for readers: chosen, with consent, treated or held out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import duckdb

from crm_pipeline.audiences.consent import consented
from crm_pipeline.audiences.queries import names_snapshot, stages
from crm_pipeline.audiences.settings import AudienceSettings
from crm_pipeline.audiences.views import show_views
from crm_pipeline.counting import counted
from crm_pipeline.errors import UserError
from crm_pipeline.pipeline import Pipeline
from crm_pipeline.warehouse.connection import Warehouse, translated
from crm_pipeline.yaml_lines import closest

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

TREATED, CONTROL = "treated", "control"
_DIGEST_RANGE = 2**32


@dataclass(frozen=True)
class Members:
    """An audience at a snapshot.

    ``rows``: customer_id, audience_group (`treated` or `control`) and the exported columns, ordered by customer.
    ``chosen``: customers before consent was asked for.
    """

    name: str
    snapshot_date: date
    rows: pa.Table
    chosen: int

    @property
    def treated(self) -> pa.Table:
        """What is exported: the audience's name, the snapshot, customer_id and the exported columns."""
        import pyarrow as pa
        import pyarrow.compute as pc

        kept = self.rows.filter(pc.equal(self.rows["audience_group"], TREATED)).drop_columns(["audience_group"])
        count = kept.num_rows
        first = {
            "audience": pa.array([self.name] * count, pa.string()),
            "snapshot_date": pa.array([self.snapshot_date] * count, pa.date32()),
        }
        return pa.table({**first, **{name: kept[name] for name in kept.column_names}})


@contextmanager
def reader(warehouse: Warehouse) -> Iterator[DuckDBPyConnection]:
    """The copy for readers, from which nothing outside it can be reached; UserError before the first run."""
    if not warehouse.published.exists():
        raise UserError(
            "there is no copy for readers yet, which audiences are taken from; start with: crm-pipeline run"
        )
    with translated(warehouse.published), duckdb.connect(str(warehouse.published), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set enable_external_access = false")
        there = {name for (name,) in connection.execute("select schema_name from duckdb_schemas()").fetchall()}
        connection.execute(f"set search_path = '{','.join(name for name in stages() if name in there)}'")
        yield connection


def published_snapshots(connection: DuckDBPyConnection) -> list[date]:
    """The snapshots whose customers readers see, ascending; [] before the first."""
    built = "select 1 from duckdb_tables() where schema_name = 'segments' and table_name = 'customer_segments'"
    if not connection.execute(built).fetchall():
        return []
    rows = connection.execute("select distinct snapshot_date from segments.customer_segments order by 1").fetchall()
    return [day for (day,) in rows]


def find_members(connection: DuckDBPyConnection, pipeline: Pipeline, name: str, snapshot_date: date) -> Members:
    """Who is in the audience ``name`` at a snapshot; UserError for what the data do not know or a query cannot do."""
    settings = pipeline.project.audiences[name]
    where = f"audiences.{name}"
    try:
        if settings.query is not None:
            show_views(connection, pipeline, settings.query, where, snapshot_date)
        _choose(connection, settings, where, snapshot_date)
    except duckdb.CatalogException:
        raise UserError(
            f"{where}: a table that it needs is not in the copy for readers yet; build it with: crm-pipeline run"
        ) from None
    except duckdb.Error as error:
        what = "a value that cannot be converted" if isinstance(error, duckdb.ConversionException) else "an error"
        raise UserError(  # the message may quote a customer's value
            f"{where}: the {'query' if settings.query else 'predicate'} ends in {what} ({type(error).__name__}); "
            "guard it, for example by try_cast"
        ) from None
    _check_key(connection, where)
    counted = connection.execute("select count(*) from chosen").fetchone()
    limit = f"{min(round(settings.control_share * _DIGEST_RANGE), _DIGEST_RANGE - 1):08x}"
    columns = [row[0] for row in connection.execute("describe chosen").fetchall() if row[0] != "customer_id"]
    listed = "".join(f', chosen."{column}"' for column in columns)
    rows: pa.Table = connection.sql(
        "select chosen.customer_id, "
        "case when substr(md5($salt || chr(31) || chosen.customer_id), 1, 8) < $limit "
        f"then '{CONTROL}' else '{TREATED}' end as audience_group{listed} "
        f"from chosen {consented(connection, pipeline, settings, where)} order by chosen.customer_id",
        params={"salt": settings.salt_of(name), "limit": limit},
    ).to_arrow_table()
    return Members(name, snapshot_date, rows, int(counted[0]) if counted else 0)


def _choose(connection: DuckDBPyConnection, settings: AudienceSettings, where: str, snapshot_date: date) -> None:
    """Put the chosen customers into the temporary table ``chosen``: customer_id and the exported columns."""
    if settings.query is not None:
        query = settings.query.rstrip().rstrip(";")
        given = {"snapshot_date": snapshot_date} if names_snapshot(settings.query) else None
        connection.execute(
            "create or replace temporary table chosen as select * replace (customer_id::varchar as customer_id) "
            f"from ({query}\n) where customer_id is not null",
            given,
        )
        return
    predicate, values_of = settings.where or "", {}
    if settings.segment is not None:
        predicate = _segment_predicate(connection, settings.segment, where, snapshot_date)
        values_of = {"segment": settings.segment}
    listed = "".join(f', "{column}"' for column in settings.columns)
    connection.execute(
        f"create or replace temporary table chosen as select customer_id{listed} from ({_customer_rows()}\n) "
        f"where {predicate}",
        {"snapshot_date": snapshot_date, "custom_segment_count": 1, **values_of},
    )


def _customer_rows() -> str:
    """A customer's row at a snapshot: the one over which `segments.custom` are predicates."""
    from crm_pipeline.contract.catalog import declared_transforms

    sql = declared_transforms()["custom_segments"].sql
    return sql.rstrip().rstrip(";")


def _segment_predicate(connection: DuckDBPyConnection, segment: str, where: str, snapshot_date: date) -> str:
    """The predicate of a segment, by where its name is found; UserError where it is found nowhere."""
    from crm_pipeline.segments.rfm_segments import RFM_RULES

    given = {"segment": segment, "day": snapshot_date}
    if segment in {rule.name for rule in RFM_RULES}:
        return "rfm_segment = $segment"
    labels = [
        label
        for (label,) in connection.execute(
            "select distinct cluster_label from segments.customer_segments where snapshot_date = $day order by 1",
            {"day": snapshot_date},
        ).fetchall()
    ]
    if segment in labels:
        return "cluster_label = $segment"
    found = connection.execute(
        "select 1 from segments.custom_segment_sizes where segment = $segment and snapshot_date = $day limit 1", given
    ).fetchall()
    if found:
        members = "select customer_id from custom_segments where segment = $segment and snapshot_date = $snapshot_date"
        return f"customer_id in ({members})"
    custom = [
        name
        for (name,) in connection.execute(
            "select distinct segment from segments.custom_segment_sizes where snapshot_date = $day",
            {"day": snapshot_date},
        ).fetchall()
    ]
    known = {*labels, *custom, *(rule.name for rule in RFM_RULES)}
    raise UserError(f"{where}.segment: there is no segment {segment!r} at {snapshot_date}{closest(segment, known)}")


def _check_key(connection: DuckDBPyConnection, where: str) -> None:
    twice = connection.execute(
        "select count(*) from (select customer_id from chosen group by customer_id having count(*) > 1)"
    ).fetchone()
    if twice and twice[0]:
        raise UserError(
            f"{where}: the query gives {counted(twice[0], 'customer')} more than once; "
            "an audience has one row per customer (did you mean where snapshot_date = $snapshot_date?)"
        )
