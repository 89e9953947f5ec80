"""Audiences as rows of a table in PostgreSQL or MySQL: one transaction replaces an audience's rows, and only those."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm_pipeline.audiences.settings import OWN_COLUMNS, AudienceSettings
from crm_pipeline.errors import CrmError, UserError
from crm_pipeline.ingestion.connectors.secrets import Secrets

if TYPE_CHECKING:
    import pyarrow as pa
    import sqlalchemy as sa

BATCH_ROWS = 5_000
TEXT_LENGTH = 255
WITH_TRANSACTIONS = ("innodb", "rocksdb", "tokudb", "ndbcluster")


def table_name(settings: AudienceSettings, name: str) -> str:
    """The table of an audience, by default `audience_<name>`."""
    return settings.table or f"audience_{name}"


def write_to_database(rows: pa.Table, settings: AudienceSettings, name: str) -> None:
    """Replace the audience's rows in its table (made where it is missing), wholly or not at all.

    UserError for settings, privileges, or a table that is not one of ours; CrmError when the server fails.
    """
    import sqlalchemy as sa

    where = f"audiences.{name}"
    secrets = Secrets(name, where=where)
    problem: CrmError
    try:
        engine = _engine(secrets.resolve(settings.url or "", in_url=True).get_secret_value(), where)
        try:
            _replace(engine, rows, table_name(settings, name), name, where)
        finally:
            engine.dispose()
        return
    except sa.exc.SQLAlchemyError as error:
        origin = getattr(error, "orig", None)
        text = str(origin or type(error).__name__).strip().splitlines()[0]
        problem = CrmError(
            f"{where}: the database did not take the export "
            f"({type(origin or error).__name__}: {secrets.hidden(text)}); "
            "what it held before stays"
        )
    raise problem


def _engine(url: str, where: str) -> sa.Engine:
    import sqlalchemy as sa

    from crm_pipeline.ingestion.connectors.engine import CONNECT_SECONDS, DRIVERS, MYSQL, POSTGRES

    problem: UserError
    try:
        parsed = sa.make_url(url)
        driver = DRIVERS.get(parsed.drivername, parsed.drivername)
        if driver not in (POSTGRES, MYSQL):
            raise UserError(f"{where}.url: {parsed.drivername!r} is not known here; expected postgresql or mysql")
        times: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS}
        return sa.create_engine(
            parsed.set(drivername=driver), poolclass=sa.pool.NullPool, hide_parameters=True, connect_args=times
        )
    except ModuleNotFoundError as error:
        problem = UserError(
            f"{where}: {error.name} is not installed; install it with: pip install 'crm-pipeline[postgres,mysql]'"
        )
    except (sa.exc.ArgumentError, ValueError):
        problem = UserError(
            f"{where}.url is not the address of a database; expected postgresql://user:${{PASSWORD}}@host/name"
        )
    raise problem


def _replace(engine: sa.Engine, rows: pa.Table, target: str, name: str, where: str) -> None:
    import sqlalchemy as sa

    schema, _, plain = target.rpartition(".")
    table = sa.Table(
        plain,
        sa.MetaData(),
        *(sa.Column(field.name, _type(field), nullable=field.name not in OWN_COLUMNS) for field in rows.schema),
        schema=schema or None,
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
    )
    with engine.begin() as connection:
        _check_table(connection, table, where)
        table.create(connection, checkfirst=True)  # a new table is empty: of the audience it holds nothing yet
        connection.execute(table.delete().where(table.c.audience == name))
        for batch in rows.to_batches(max_chunksize=BATCH_ROWS):
            if batch.num_rows:
                connection.execute(table.insert(), batch.to_pylist())


def _type(field: pa.Field[Any]) -> Any:
    import pyarrow.types as pt
    import sqlalchemy as sa

    kind = field.type
    if pt.is_boolean(kind):
        return sa.Boolean()
    if pt.is_integer(kind):
        return sa.BigInteger()
    if pt.is_floating(kind):
        return sa.Double()
    if pt.is_decimal(kind):
        return sa.Numeric(kind.precision, kind.scale)
    if pt.is_date(kind):
        return sa.Date()
    if pt.is_timestamp(kind):
        return sa.DateTime()
    return sa.String(TEXT_LENGTH) if field.name in ("audience", "customer_id") else sa.Text()


def _check_table(connection: sa.Connection, table: sa.Table, where: str) -> None:
    """UserError for a table that is there with other columns, or that cannot take back what it was told."""
    import sqlalchemy as sa

    inspector = sa.inspect(connection)
    if not inspector.has_table(table.name, schema=table.schema):
        return
    found = {column["name"] for column in inspector.get_columns(table.name, schema=table.schema)}
    wanted = set(table.columns.keys())
    if found != wanted:
        missing, more = sorted(wanted - found), sorted(found - wanted)
        what = " and ".join(
            f"{verb} {', '.join(names)}" for verb, names in (("lacks", missing), ("also has", more)) if names
        )
        raise UserError(
            f"{where}: the table {table.fullname} {what}; "
            "name another table, or rename this one, so that a new one is made"
        )
    if connection.dialect.name in ("mysql", "mariadb"):
        kind = inspector.get_table_options(table.name, schema=table.schema).get("mysql_engine", "")
        if str(kind).lower() not in WITH_TRANSACTIONS:
            raise UserError(
                f"{where}: the table {table.fullname} is kept by {kind}, which has no transactions, so half an export "
                "could stay; alter it: engine=InnoDB"
            )
