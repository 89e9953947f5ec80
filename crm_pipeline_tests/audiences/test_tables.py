"""Audiences in real PostgreSQL and MariaDB: replaced in one transaction, beside the rows of others, or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crm_pipeline.audiences.history import exports_of
from crm_pipeline.errors import CrmError, UserError
from crm_pipeline.project import Project
from crm_pipeline_tests.audiences.published import audience_project, many, publish
from crm_pipeline_tests.audiences.test_export import export
from crm_pipeline_tests.ingestion.connectors.landing_shop import URL, Database
from crm_pipeline_tests.ingestion.connectors.servers import PASSWORD

TO_TABLE = {"segment": "at risk", "format": "table", "url": f"${{{URL}}}", "table": "handed_over"}


@pytest.fixture(params=["postgresql", "mariadb"])
def database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A server without the table; its address is in the environment."""
    fixture = {"postgresql": "postgres", "mariadb": "mariadb"}[request.param]
    found = Database(request.param, request.getfixturevalue(fixture))
    monkeypatch.setenv(URL, found.url)
    found.execute("drop table if exists handed_over")
    return found


def rows(database: Database, columns: str = "audience, customer_id") -> list[tuple[Any, ...]]:
    with database.engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(f"select {columns} from handed_over order by 1, 2")]


def shop(folder: Path, **settings: Any) -> Project:
    """Two audiences that share a table."""
    return audience_project(folder, them=TO_TABLE | settings, others={**TO_TABLE, "segment": "champions"} | settings)


def test_an_audience_replaces_its_own_rows_only(database: Database, tmp_path: Path) -> None:
    project = shop(tmp_path, columns=["spend_amount_90d", "is_active"])
    for name in ("others", "them"):
        assert export(project, name).target == "table handed_over"
    assert rows(database) == [("others", "eve"), ("them", "ada"), ("them", "bob")]
    assert [float(amount) for _, amount in rows(database, "customer_id, spend_amount_90d")] == [500, 20, 900]
    publish(project, **many(6000))
    assert [export(project).is_new, export(project).is_new] == [True, False]
    assert rows(database)[0] == ("others", "eve") and len(rows(database)) == 6001


def test_what_the_server_refuses_half_way_leaves_what_was_there(database: Database, tmp_path: Path) -> None:
    project = shop(tmp_path)
    export(project)
    tables = many(6000)
    too_long = "x" * 300  # sorted last, so that a batch of 5,000 rows was inserted before
    publish(project, **{name: f"{given}\n2024-02-01, {too_long}{', at risk' * (name == 'customer_segments')}"
                        for name, given in tables.items()})  # fmt: skip
    with pytest.raises(CrmError, match=r"audiences\.them: the database did not take the export") as error:
        export(project)
    assert too_long not in str(error.value)
    assert rows(database) == [("them", "ada"), ("them", "bob")]
    assert len(exports_of(tmp_path / "warehouse/audiences", "them")) == 1


def test_a_table_of_someone_else_is_not_touched(database: Database, tmp_path: Path) -> None:
    database.execute("create table handed_over (customer_id varchar(20), note text)")
    database.execute("insert into handed_over values ('zoe', 'call her')")
    with pytest.raises(UserError, match="lacks audience, snapshot_date and also has note"):
        export(shop(tmp_path))
    assert rows(database, "customer_id, note") == [("zoe", "call her")]


def test_a_table_without_transactions_is_refused(database: Database, tmp_path: Path) -> None:
    if database.kind != "mariadb":
        pytest.skip("PostgreSQL has transactions everywhere")
    database.execute(
        "create table handed_over (audience varchar(255), snapshot_date date, customer_id varchar(255)) engine=MyISAM"
    )
    with pytest.raises(UserError, match="kept by MyISAM, which has no transactions"):
        export(shop(tmp_path))


@pytest.mark.parametrize(
    ("url", "says", "kind"),
    [
        ("postgresql://shop:wr0ng-s3cret@127.0.0.1:1/shop", "did not take the export", CrmError),
        ("mysql://shop:wr0ng-s3cret@127.0.0.1:1/shop", "did not take the export", CrmError),
        ("oracle://shop:wr0ng-s3cret@127.0.0.1/shop", "expected postgresql or mysql", UserError),
        ("no address", "is not the address of a database", UserError),
        ("", "SHOP_DB_URL is empty", UserError),
    ],
)
def test_what_is_wrong_is_said_without_the_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, says: str, kind: type[CrmError]
) -> None:
    monkeypatch.setenv(URL, url)
    with pytest.raises(kind) as error:
        export(shop(tmp_path))
    assert says in str(error.value) and "audiences.them" in str(error.value) and "wr0ng" not in str(error.value)


def test_a_wrong_password_is_not_repeated(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL, database.url.replace("s3cret", "wr0ng"))
    with pytest.raises(CrmError, match="did not take the export") as error:
        export(shop(tmp_path))
    assert "wr0ng" not in str(error.value) and PASSWORD not in str(error.value)
