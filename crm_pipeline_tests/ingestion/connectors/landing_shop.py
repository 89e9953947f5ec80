"""A shop whose order lines lie in a database: what was landed, and how the rows were judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import sqlalchemy as sa

from crm_pipeline.ingestion.connectors.extraction import land_source
from crm_pipeline.project import Project
from crm_pipeline_tests.ingestion.connectors.servers import PASSWORD, Server
from crm_pipeline_tests.kit import make_project

URL = "SHOP_DB_URL"
COLUMNS = ("order_line_id", "order_id", "customer_id", "product_id", "ordered_at", "quantity", "net_amount")


@dataclass(frozen=True)
class Database:
    """A database of a running server, with an address for a connector and one for the test."""

    kind: str
    server: Server

    @property
    def url(self) -> str:
        """The address that a user would put into the environment, password and all."""
        name = "postgres" if self.kind == "postgresql" else "shop"
        url = sa.URL.create(self.kind, "shop", PASSWORD, "127.0.0.1", self.server.port, name)
        return url.render_as_string(hide_password=False)

    @property
    def engine(self) -> sa.Engine:
        """The test's own way in."""
        driver = {"postgresql": "postgresql+psycopg", "mariadb": "mysql+pymysql"}[self.kind]
        return sa.create_engine(sa.make_url(self.url).set(drivername=driver), poolclass=sa.pool.NullPool)

    def execute(self, *statements: str) -> None:
        """Run statements in one transaction."""
        with self.engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)


def sql_project(folder: Path, extract: Mapping[str, Any], **source: Any) -> Project:
    """A project whose order lines come from a connector."""
    columns = {name: name for name in COLUMNS} | source.pop("columns", {})
    lines = {"entity": "order_lines", "extract": {**extract}, "columns": columns, **source}
    return make_project(folder, sources={"lines": lines})


def land(project: Project, name: str = "lines") -> int:
    """Fetch what is new; returns the number of rows."""
    return land_source(project, name, lambda text: None)


def parquet_files(project: Project, name: str = "lines") -> list[Path]:
    """The files of the present way of reading, also while it is not complete."""
    return sorted(project.landed_folder(name).glob("*.parquet"))


def landed_rows(project: Project, columns: str, name: str = "lines") -> list[tuple[Any, ...]]:
    """Columns of every landed row, in the order of landing."""
    files = [str(path) for path in parquet_files(project, name)]
    if not files:
        return []
    with duckdb.connect() as connection:
        sql = (
            f"select {columns} from read_parquet($files, union_by_name = true, filename = true, file_row_number = true)"
        )
        return connection.execute(f"{sql} order by filename, file_row_number", {"files": files}).fetchall()
