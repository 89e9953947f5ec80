"""A local web service that pages in every way, throttles, breaks off and refuses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from crm_pipeline.errors import CrmError, UserError
from crm_pipeline.ingestion.connectors import http
from crm_pipeline.project import Project
from crm_pipeline_tests.ingestion.connectors.landing_shop import land, landed_rows, sql_project
from crm_pipeline_tests.ingestion.connectors.web_shop import TOKEN, WebShop, web_shop
from crm_pipeline_tests.ingestion.loading import staged_rows

COLUMNS = {
    "order_line_id": "id",
    "order_id": "id",
    "customer_id": "who.id",
    "product_id": "item",
    "ordered_at": "at",
    "quantity": "n",
    "net_amount": "amount",
}
PAGINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "page": ("/numbered", {"kind": "page", "size_param": "size", "size": 50}),
    "page of pages": ("/numbered", {"kind": "page", "total_pages": "pages"}),
    "offset": ("/offset", {"kind": "offset", "param": "from", "size_param": "size", "size": 50}),
    "cursor": ("/cursor", {"kind": "cursor", "param": "from", "field": "next"}),
    "link": ("/link", {"kind": "link", "size": 2, "size_param": "size"}),
    "next_url": ("/next", {"kind": "next_url", "field": "links.next"}),
}


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebShop]:
    """The service; waits take no time, and are noted."""
    pytest.importorskip("tenacity")
    monkeypatch.setattr(http, "pause", lambda seconds: None)
    monkeypatch.setenv("SHOP_TOKEN", TOKEN)
    with web_shop() as found:
        found.orders = [order(n) for n in range(1, 8)]
        yield found


def order(number: int, day: int = 1, **fields: Any) -> dict[str, Any]:
    return {
        "id": number,
        "who": {"id": "c1"},
        "item": "tea",
        "at": "2024-01-01T10:00:00Z",
        "n": 1,
        "amount": 0.1,
        "updated": f"2024-01-{day:02}T00:00:00Z",
    } | fields


def rest_project(folder: Path, shop: WebShop, path: str = "/all", **settings: Any) -> Project:
    rest = {"url": shop.base + path, "records": "data.orders", **settings}
    return sql_project(folder, {"rest": rest}, columns=COLUMNS)


def ids(project: Project) -> list[int]:
    return [int(row[0]) for row in landed_rows(project, "id")]


@pytest.mark.parametrize("way", PAGINGS)
def test_every_way_of_paging_reads_every_record_once(way: str, shop: WebShop, tmp_path: Path) -> None:
    path, paging = PAGINGS[way]
    project = rest_project(tmp_path, shop, path, paging=paging, params={"state": "any"})
    assert land(project) == 7
    assert ids(project) == [1, 2, 3, 4, 5, 6, 7]
    assert all(query.get("state") == "any" for query in shop.requests) and len(shop.requests) >= 3


@pytest.mark.parametrize("way", PAGINGS)
def test_a_service_that_fails_at_random_is_asked_again(way: str, shop: WebShop, tmp_path: Path) -> None:
    path, paging = PAGINGS[way]
    shop.orders = [order(n) for n in range(60)]
    shop.trouble_share = 0.3
    project = rest_project(tmp_path, shop, path, paging=paging, retries=15)
    assert land(project) == 60
    assert ids(project) == list(range(60))


def test_numbers_keep_every_digit(shop: WebShop, tmp_path: Path) -> None:
    shop.orders = [order(1, amount=0.30000000000000004, n=12345678901234567890123)]
    project = rest_project(tmp_path, shop)
    land(project)
    assert landed_rows(project, 'amount, n, "who.id"') == [("0.30000000000000004", "12345678901234567890123", "c1")]


def test_only_what_changed_since_is_asked_for_and_replaces_older_versions(shop: WebShop, tmp_path: Path) -> None:
    cursor = {"field": "updated", "param": "since", "start": "2024-01-01"}
    shop.orders = [order(1, day=1), order(2, day=3)]
    project = rest_project(tmp_path, shop, cursor=cursor, key=["id"])
    assert (land(project), land(project)) == (2, 0)
    shop.orders = [order(1, day=5, amount=9), order(2, day=3), order(3, day=3)]
    assert land(project) == 2
    assert [query["since"] for query in shop.requests] == ["2024-01-01", "2024-01-03T00:00:00Z", "2024-01-03T00:00:00Z"]
    judged = [(row["order_id"], str(row["net_amount"]), row["verdict"]) for row in staged_rows(project)]
    assert judged == [
        ("1", "0.1000", "duplicate"),
        ("2", "0.1000", "clean"),
        ("1", "9.0000", "clean"),
        ("3", "0.1000", "clean"),
    ]


@pytest.mark.parametrize(
    ("settings", "since"),
    [({"format": "%Y-%m-%d"}, "2024-01-03"), ({"overlap_minutes": 60}, "2024-01-02T23:00:00Z")],
)
def test_a_coarser_or_earlier_start_doubles_nothing(
    settings: dict[str, Any], since: str, shop: WebShop, tmp_path: Path
) -> None:
    shop.orders = [order(1, day=2), order(2, updated="2024-01-03T00:00:00Z")]
    project = rest_project(tmp_path, shop, cursor={"field": "updated", "param": "since", **settings}, key=["id"])
    land(project)
    shop.orders.append(order(3, updated="2024-01-02T23:30:00Z" if "overlap_minutes" in settings else "2024-01-03"))
    assert land(project) == 1
    assert shop.requests[-1]["since"] == since


def test_the_newest_cursor_counts_in_whatever_order_records_come(shop: WebShop, tmp_path: Path) -> None:
    shop.orders = [order(n, updated=str(n)) for n in (9, 10, 8)]
    project = rest_project(tmp_path, shop, cursor={"field": "updated", "param": "since"})
    land(project)
    land(project)
    assert shop.requests[-1]["since"] == "10"  # as a number: as text, 9 would lie behind


def test_without_a_cursor_the_whole_is_replaced_when_it_differs(shop: WebShop, tmp_path: Path) -> None:
    project = rest_project(tmp_path, shop, "/list", records=None)
    land(project)
    (file,) = project.source_files("lines")
    written = file.stat().st_ino
    shop.orders.reverse()
    land(project)
    assert file.stat().st_ino == written
    del shop.orders[0]
    land(project)
    assert len(ids(project)) == 6


def test_a_load_that_breaks_off_leaves_what_was_there_and_is_done_again(shop: WebShop, tmp_path: Path) -> None:
    cursor = {"field": "updated", "param": "since"}
    project = rest_project(tmp_path, shop, "/numbered", paging=PAGINGS["page"][1], cursor=cursor, key=["id"], retries=2)
    land(project)
    shop.orders += [order(n, day=2) for n in range(8, 20)]
    shop.troubles = ["", "", "500", "dropped", "truncated"]
    with pytest.raises(CrmError, match="failed 3 times, at last with an answer that is not JSON"):
        land(project)
    assert ids(project) == [1, 2, 3, 4, 5, 6, 7]
    assert land(project) == 12
    assert ids(project) == list(range(1, 20))


@pytest.mark.parametrize(
    ("auth", "header", "query"),
    [
        ({"bearer": "${SHOP_TOKEN}"}, ("Authorization", f"Bearer {TOKEN}"), None),
        ({"header": {"X-Key": "${SHOP_TOKEN}"}}, ("X-Key", TOKEN), None),
        ({"param": {"key": "${SHOP_TOKEN}"}}, None, ("key", TOKEN)),
        ({"user": "client", "password": "${SHOP_TOKEN}"}, ("Authorization", "Basic "), None),
        ({"oauth": True}, ("Authorization", "Bearer granted-"), None),
    ],
)
def test_every_way_to_say_who_asks(
    auth: dict[str, Any], header: tuple[str, str] | None, query: tuple[str, str] | None, shop: WebShop, tmp_path: Path
) -> None:
    def accepted(headers: dict[str, str], asked: dict[str, str]) -> bool:
        right_header = header is None or headers.get(header[0], "").startswith(header[1])
        return right_header and (query is None or asked.get(query[0]) == query[1])

    if "oauth" in auth:
        secret = {"client_id": "client", "client_secret": "${SHOP_TOKEN}"}
        auth = {"oauth": {"token_url": f"{shop.base}/token", **secret}}
    shop.accepted = accepted
    project = rest_project(tmp_path, shop, "/next", paging=PAGINGS["next_url"][1], auth=auth)
    assert land(project) == 7
    with pytest.raises(UserError, match=r"refused who asks \(status 401\)"):
        land(rest_project(tmp_path, shop))


@pytest.mark.parametrize(
    ("path", "settings", "said"),
    [
        ("/orders", {}, r"did not accept the request \(status 404\)"),
        ("/moved", {}, "sends us on to elsewhere.invalid"),
        ("/all", {"records": "data.items"}, "no list of records at 'data.items'"),
        ("/all", {"records": None}, "no list of records in the answer itself.*the answer has data"),
        ("/stuck", {"paging": {"kind": "page"}}, "the same page again and again"),
        ("/stuck", {"paging": PAGINGS["cursor"][1]}, "the pages lead back to one that was read"),
        ("/numbered", {"paging": {"kind": "page", "total_pages": "total"}}, "no number of pages at 'total'"),
        ("/all", {"cursor": {"field": "changed", "param": "since"}}, "a record has no 'changed'"),
        ("/all", {"explode": "item"}, "there is not a JSON object where records should be"),
    ],
)
def test_a_mistake_is_one_message(
    path: str, settings: dict[str, Any], said: str, shop: WebShop, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=said):
        land(rest_project(tmp_path, shop, path, **settings))


def test_secrets_go_to_no_other_address(shop: WebShop, tmp_path: Path) -> None:
    with web_shop() as other:
        shop.base, here = other.base, shop.base
        project = sql_project(
            tmp_path,
            {"rest": {"url": f"{here}/next", "records": "data.orders", "paging": PAGINGS["next_url"][1]}},
            columns=COLUMNS,
        )
        with pytest.raises(UserError, match="the next page lies on"):
            land(project)
        assert other.requests == []


def test_a_service_that_throttles_is_given_the_time_that_it_asks_for(
    shop: WebShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(http, "pause", waits.append)
    shop.troubles = ["429", "500", "500"]
    land(rest_project(tmp_path, shop))
    assert waits[0] == 0 and 0.7 < waits[1] < 1.3 and 1.4 < waits[2] < 2.6


def test_a_wait_may_be_seconds_or_a_date_and_has_a_limit() -> None:
    tenacity = pytest.importorskip("tenacity")
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=30))
    assert http._retry_after("7") == 7 and http._retry_after("soon") is None and http._retry_after(None) is None
    assert 25 < (http._retry_after(later) or 0) <= 30
    state = tenacity.RetryCallState(None, None, (), {})  # type: ignore[arg-type]
    state.set_exception((http.TryAgainError, http.TryAgainError("throttled", 86_400), None))
    assert http._wait(state) == http.LONGEST_WAIT_SECONDS
