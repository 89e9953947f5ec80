"""Engines of SQLAlchemy that hand values over as the text that the server wrote: nothing is rounded or refused."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from pydantic import SecretStr

from crm_pipeline.errors import UserError
from crm_pipeline.ingestion.connectors.extraction import needs

POSTGRES = "postgresql+psycopg"
MYSQL = "mysql+pymysql"
DRIVERS = {"postgres": POSTGRES, "postgresql": POSTGRES, "mysql": MYSQL, "mariadb": MYSQL}
CONNECT_SECONDS = 10
READ_SECONDS = 600
MYSQL_TIMESTAMP = 7


def open_engine(url: SecretStr) -> sa.Engine:
    """An engine that reads only; UserError for an address that cannot be one, or a driver that is not installed."""
    problem: UserError
    try:
        parsed = sa.make_url(url.get_secret_value())
        driver = DRIVERS.get(parsed.drivername, parsed.drivername)
        parsed = parsed.set(drivername=driver)
        engine = sa.create_engine(parsed, **_options(driver), poolclass=sa.pool.NullPool, hide_parameters=True)
        _prepare(engine, driver)
        return engine
    except ModuleNotFoundError as error:
        extra = {POSTGRES: "postgres", MYSQL: "mysql"}.get(driver, "all")
        problem = needs(extra, error.name or driver)
    except sa.exc.NoSuchModuleError:
        problem = UserError(f"`url`: {parsed.drivername!r} is not a known database; expected postgresql or mysql")
    except (sa.exc.ArgumentError, ValueError):
        problem = UserError("`url` is not the address of a database; expected postgresql://user:${PASSWORD}@host/name")
    raise problem


def _options(driver: str) -> dict[str, Any]:
    if driver == POSTGRES:
        alive = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 6}
        arguments = {"connect_timeout": CONNECT_SECONDS, "client_encoding": "utf8", **alive}
        return {"connect_args": arguments, "use_native_hstore": False}
    if driver == MYSQL:
        from pymysql.converters import encoders

        # no decoders: every value is the text that the server sent, zero dates included
        times = {"connect_timeout": CONNECT_SECONDS, "read_timeout": READ_SECONDS}
        return {"connect_args": {**times, "charset": "utf8mb4", "conv": dict(encoders)}}
    return {}


def _prepare(engine: sa.Engine, driver: str) -> None:
    if driver == POSTGRES:

        @sa.event.listens_for(engine, "connect")
        def as_text(connection: Any, record: Any) -> None:
            from psycopg.types.string import TextLoader

            adapters = connection.adapters
            for info in adapters.types:
                for oid in (info.oid, info.array_oid):
                    if oid:
                        adapters.register_loader(oid, TextLoader)

    statements = {
        POSTGRES: [
            "set session characteristics as transaction read only",
            "set time zone 'UTC'",
            "set datestyle to 'ISO, YMD'",
            "set intervalstyle to 'iso_8601'",
            "set extra_float_digits to 1",
        ],
        MYSQL: ["set session transaction read only", "set time_zone = '+00:00'"],
    }.get(driver, [])

    @sa.event.listens_for(engine, "connect")
    def settle(connection: Any, record: Any) -> None:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        cursor.close()
        connection.commit()


def abandon(connection: sa.Connection, result: sa.CursorResult[Any]) -> None:
    """Leave a result that is not read to its end; PyMySQL would first read all the rest of it."""
    if connection.dialect.name in ("mysql", "mariadb") and result.cursor is not None:
        unread = getattr(result.cursor, "_result", None)
        if unread is not None:
            unread.unbuffered_active = False
        connection.invalidate()


def zoned_columns(dialect: sa.Dialect, result: sa.CursorResult[Any]) -> list[int]:
    """Positions of columns whose text is in UTC without saying so: `timestamp` of MySQL and MariaDB."""
    if dialect.name not in ("mysql", "mariadb") or result.cursor is None:
        return []
    return [number for number, column in enumerate(result.cursor.description) if column[1] == MYSQL_TIMESTAMP]


def as_parameter(dialect: sa.Dialect, text: str) -> str:
    """A landed cursor as the server compares it: MySQL and MariaDB know no offsets, and the session is in UTC."""
    if dialect.name in ("mysql", "mariadb"):
        return re.sub(r"^(.*:\d\d(?:\.\d+)?)\+00(:00)?$", r"\1", text)
    return text
