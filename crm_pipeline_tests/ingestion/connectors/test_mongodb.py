"""MongoDB's own driver against a server of its protocol (SecantusDB; MongoDB itself is in no package registry)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crm_pipeline.errors import CrmError, UserError
from crm_pipeline.ingestion.connectors import mongodb
from crm_pipeline.ingestion.connectors.extraction import land_source
from crm_pipeline.project import Project
from crm_pipeline_tests.ingestion.connectors.landing_shop import land, landed_rows, parquet_files, sql_project
from crm_pipeline_tests.ingestion.connectors.servers import Server
from crm_pipeline_tests.ingestion.loading import staged_rows

MONGO_URL = "SHOP_MONGO_URL"
NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
COLUMNS = {
    "order_line_id": {"sql": "\"parent._id\" || '-' || sku"},
    "order_id": "parent._id",
    "customer_id": "parent.customer.id",
    "product_id": "sku",
    "ordered_at": "parent.at",
    "quantity": "n",
    "net_amount": "amount",
}


@pytest.fixture
def shop(mongo: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An empty database of the server."""
    import pymongo

    url = f"mongodb://127.0.0.1:{mongo.port}/?directConnection=true"
    monkeypatch.setenv(MONGO_URL, url)
    with pymongo.MongoClient(url) as client:
        client.drop_database("shop")
        yield client["shop"]


def order(number: Any, day: int, **fields: Any) -> dict[str, Any]:
    """An order of one line, changed on a day after the first."""
    from bson.decimal128 import Decimal128

    lines = [{"sku": "tea", "n": 1, "amount": Decimal128("2.50")}]
    changed = NOON + timedelta(days=day)
    return {"_id": number, "customer": {"id": "c1"}, "at": NOON, "changed": changed, "lines": lines} | fields


def by_change(folder: Path, columns: dict[str, Any] | None = None, **settings: Any) -> Project:
    """Order lines out of a collection of orders, by the time of their last change."""
    base = {"url": f"${{{MONGO_URL}}}", "database": "shop", "collection": "orders", "cursor": "changed"}
    extract = {"mongodb": {**base, "explode": "lines", **settings}}
    return sql_project(folder, extract, columns=columns or COLUMNS)


def test_a_second_load_reads_only_what_is_new_ties_included(shop: Any, tmp_path: Path) -> None:
    project = by_change(tmp_path)
    shop.orders.insert_many([order(1, 0), order(2, 1)])
    assert (land(project), land(project)) == (2, 0)
    shop.orders.insert_many([order(3, 1), order(4, 2)])
    assert land(project) == 2
    assert landed_rows(project, '"parent._id", sku, amount') == [(n, "tea", "2.50") for n in ("1", "2", "3", "4")]


def test_a_changed_document_replaces_all_rows_of_its_older_version(shop: Any, tmp_path: Path) -> None:
    project = by_change(tmp_path)
    line = {"sku": "tea", "n": 1, "amount": 2}
    shop.orders.insert_one(order(1, 0, lines=[line, {**line, "sku": "cup"}]))
    land(project)
    # within the same moment, so that the rows that are the same have the same cursor as well
    shop.orders.update_one({"_id": 1}, {"$set": {"lines": [line, {**line, "sku": "pot"}]}})
    land(project)
    judged = [(row["order_line_id"], row["verdict"]) for row in staged_rows(project)]
    assert judged == [("1-tea", "duplicate"), ("1-cup", "duplicate"), ("1-tea", "clean"), ("1-pot", "clean")]


def test_a_document_whose_list_was_emptied_leaves_no_clean_row(shop: Any, tmp_path: Path) -> None:
    project = by_change(tmp_path)
    shop.orders.insert_one(order(1, 0))
    land(project)
    shop.orders.update_one({"_id": 1}, {"$set": {"lines": [], "changed": NOON + timedelta(days=3)}})
    land(project)
    assert [(row["verdict"], row["rule"]) for row in staged_rows(project)] == [
        ("duplicate", None),
        ("rejected", "product_id is missing"),
    ]


def test_values_keep_every_digit_and_fields_that_some_lack_are_empty(shop: Any, tmp_path: Path) -> None:
    from bson import Binary, Int64, ObjectId
    from bson.decimal128 import Decimal128

    key = ObjectId("65a000000000000000000001")
    odd = {"big": Int64(2**63 - 1), "exact": Decimal128("1E+3"), "part": 0.1, "raw": Binary(b"\x00\xff"), "on": True}
    shop.orders.insert_one(order(key, 0, **odd, text="Zoë 😀", nothing=None, tags=["a", {"b": Decimal128("1.10")}]))
    shop.orders.insert_one(order("second", 1))
    mapped = {**COLUMNS, "store_id": "parent.text"}
    project = by_change(tmp_path, columns=mapped)
    land(project)
    names = ("_id", "big", "exact", "part", "raw", "on", "text", "nothing", "tags", "at")
    first, second = landed_rows(project, ", ".join(f'"parent.{name}"' for name in names))
    exact = ("9223372036854775807", "1000", "0.1", "\\x00ff", "true", "Zoë 😀", None, '["a", {"b": 1.10}]')
    assert first == (str(key), *exact, "2024-01-01 12:00:00+00:00")
    assert second == ("second", *[None] * 8, "2024-01-01 12:00:00+00:00")
    assert [row["verdict"] for row in staged_rows(project)] == ["clean", "clean"]


def test_without_a_cursor_the_whole_is_replaced(shop: Any, tmp_path: Path) -> None:
    project = by_change(tmp_path, cursor=None)
    shop.orders.insert_many([order(1, 0), order(2, 1)])
    land(project)
    shop.orders.delete_one({"_id": 1})
    land(project)
    assert landed_rows(project, '"parent._id"') == [("2",)]


def test_late_documents_are_found_by_an_overlap(shop: Any, tmp_path: Path) -> None:
    project = by_change(tmp_path, overlap_minutes=2880)
    shop.orders.insert_many([order(1, 0), order(2, 5)])
    land(project)
    shop.orders.insert_one(order(3, 4))
    assert (land(project), land(project)) == (1, 0)


@pytest.mark.parametrize("victim", ["client", pytest.param("server", marks=pytest.mark.full)])
def test_a_load_that_is_killed_goes_on_with_nothing_lost_or_doubled(
    victim: str, shop: Any, mongo: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mongodb, "FILE_DOCUMENTS", 150)
    monkeypatch.setattr(mongodb, "BATCH_DOCUMENTS", 50)
    monkeypatch.setattr(mongodb, "CONNECT_MILLISECONDS", 1000)
    monkeypatch.setattr(mongodb, "TELL_EVERY", 100)
    shop.orders.insert_many([order(n, n // 100) for n in range(1000)])
    project = by_change(tmp_path)

    class Killed(BaseException):
        """The client dies."""

    def die(text: str) -> None:
        if len(parquet_files(project)) == 2:
            if victim == "client":
                raise Killed
            mongo.kill()

    with pytest.raises(CrmError if victim == "server" else Killed):
        land_source(project, "lines", die)
    if victim == "server":
        mongo.start()
    before = len(landed_rows(project, "sku"))
    assert project.source_files("lines") == []
    assert 300 <= before < 1000
    land(project)
    assert sorted(int(n) for (n,) in landed_rows(project, '"parent._id"')) == list(range(1000))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"collection": "order"}, "has no collection 'order'; did you mean 'orders'?"),
        ({"cursor": "seen"}, "some documents have no seen, or one of another type"),
        ({"cursor": "mixed"}, "some documents have no mixed, or one of another type"),
        ({"explode": "customer.id"}, "there is not a JSON object where records should be"),
        ({"cursor": "_id", "overlap_minutes": 5}, "`overlap_minutes` needs a cursor that is a time"),
        ({"url": "mongodb://shop:${SHOP_MONGO_PASSWORD}@127.0.0.1:no/"}, "`url` cannot be used"),
    ],
)
def test_a_mistake_is_one_message(
    settings: dict[str, Any], said: str, shop: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_MONGO_PASSWORD", "hush/hush")
    shop.orders.insert_many([order(1, 0, mixed=NOON), order(2, 1, mixed="noon")])
    project = by_change(tmp_path, **settings)
    with pytest.raises(UserError) as told:
        land(project)
        shop.orders.insert_one(order(3, 3))
        land(project)
    assert said in str(told.value) and "hush" not in str(told.value)


def test_a_mapped_field_that_no_document_has_is_named(shop: Any, tmp_path: Path) -> None:
    shop.orders.insert_one(order(1, 0))
    project = by_change(tmp_path, columns={**COLUMNS, "quantity": "nn"})
    with pytest.raises(UserError, match="names 'nn', which no document has; did you mean 'n'"):
        land(project)


def test_a_server_that_is_not_there_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pymongo")
    monkeypatch.setattr(mongodb, "CONNECT_MILLISECONDS", 200)
    monkeypatch.setenv(MONGO_URL, "mongodb://shop:hush-hush@127.0.0.1:1/")
    with pytest.raises(CrmError, match="the connection failed or was lost") as told:
        land(by_change(tmp_path))
    assert not isinstance(told.value, UserError) and "hush" not in str(told.value)
