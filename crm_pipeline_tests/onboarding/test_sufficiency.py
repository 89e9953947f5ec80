"""Verdicts on tiny shops, with figures worked out by hand."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crm_pipeline.onboarding.history import Balance
from crm_pipeline.onboarding.sufficiency import Sufficiency, judge
from crm_pipeline.onboarding.typed import typed_project
from crm_pipeline_tests.ingestion.loading import lines_source, project_with

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
HEADER = "order_id,customer_id,product_id,ordered_at,quantity,net_amount"
SOURCE = lines_source(columns={"customer_id": "customer_id"})


def judged(folder: Path, lines: list[str], **settings: Any) -> Sufficiency:
    settings = {"sources": {"lines": SOURCE}, "churn": {"horizon_days": 30}, **settings}
    project = project_with(folder, {"lines.csv": "\n".join([HEADER, *lines]) + "\n"}, **settings)
    with typed_project(project, NOW) as typed:
        return judge(typed, date(2024, 6, 1))


def order(customer: str, day: date, number: int = 0, quantity: int = 1) -> str:
    return f"{customer}{day:%m%d}{number},{customer},p{number % 7},{day},{quantity},{5 * quantity}"


def test_labels_of_every_judged_snapshot(tmp_path: Path) -> None:
    lines = [
        order("ada", date(2024, 1, 10)),
        order("ada", date(2024, 2, 20)),  # within 30 days of 1 February
        order("bob", date(2024, 1, 20)),  # never again
        order("cyd", date(2024, 2, 5)),  # new: not seen by 1 February
        order("bob", date(2024, 2, 2), quantity=-1),  # a return is no order
        order("dan", date(2024, 3, 30)),
    ]
    found = judged(tmp_path, lines, snapshots={"every": "month", "first": "2024-02-01", "last": "2024-03-31"})
    assert found.snapshots_due == (date(2024, 2, 1), date(2024, 3, 1), date(2024, 3, 31))
    assert found.balances == (
        Balance(date(2024, 2, 1), 2, 1, 2, 1),
        Balance(date(2024, 3, 1), 3, 3, 3, 3),  # bob has been silent for 41 days: as long as the longest pause
    )
    history = found.history
    assert (history.customers, history.orders, history.repeat_customers) == (4, 5, 1)
    assert (history.first_day, history.data_through, history.days) == (date(2024, 1, 10), date(2024, 3, 30), 81)
    assert history.usual_gap_days == history.longest_gap_days == 41


def test_no_judged_snapshot_says_when_the_first_one_comes(tmp_path: Path) -> None:
    lines = [order(f"c{n}", date(2024, 5, 1) + timedelta(days=n % 20)) for n in range(60)]
    found = judged(tmp_path, lines, snapshots={"every": "month", "first": "2024-05-15"})
    churn = found.verdicts[0]
    assert (churn.model, churn.verdict) == ("churn", "not enough")
    assert found.first_judged_on == date(2024, 6, 15)
    assert "the first judged snapshot comes on 2024-06-15" in churn.why


@pytest.mark.parametrize(
    ("customers", "months", "churn"), [(300, 5, "enough"), (300, 2, "thin"), (24, 5, "thin"), (3, 5, "not enough")]
)
def test_verdicts_follow_customers_and_history(tmp_path: Path, customers: int, months: int, churn: str) -> None:
    end = date(2024, 5, 31)
    first = end - timedelta(days=31 * months + 29)
    lines = []
    for customer in range(customers):
        pause = 12 if customer % 3 else 400  # one in three orders once
        day = first + timedelta(days=customer % 25)
        while day <= end:
            lines.append(order(f"c{customer}", day, customer))
            day += timedelta(days=pause)
    snapshots = {"every": "month", "first": str(first + timedelta(days=30)), "last": "2024-06-01"}
    found = judged(tmp_path, lines, snapshots=snapshots, churn={"horizon_days": 30, "active_days": 365})
    assert found.verdicts[0].verdict == churn
    assert all(item.missing and item.what_to_do for item in found.verdicts if item.verdict != "enough")


def test_without_orders_nothing_suffices(tmp_path: Path) -> None:
    found = judged(tmp_path, ["x,,tea,2024-01-01,1,2"])
    assert {item.verdict for item in found.verdicts} == {"not enough"}
    assert "customer_id" in found.verdicts[0].missing


def test_snapshots_outside_the_data_are_told(tmp_path: Path) -> None:
    found = judged(tmp_path, [order("ada", date(2024, 1, 1))], snapshots={"every": "month", "first": "2024-05-01"})
    assert "2024-01-01" in found.verdicts[0].what_to_do


@pytest.mark.parametrize(
    ("order_lines", "advice"),
    [
        (None, "map a source of order_lines: whole orders name no products"),
        ("order_id,product_id\n", "no row of goods is clean: load a file with rows, or mend what the findings say"),
        ("order_id,product_id\na,tea\nb,jam\n", "load files with more products, or map another product_id in goods"),
        ("something,else\n1,2\n", "mend what the findings say of goods: it cannot be read"),
    ],
)
def test_advice_on_products_knows_which_sources_there_are(tmp_path: Path, order_lines: str | None, advice: str) -> None:
    orders = "order_id,customer_id,ordered_at,net_amount\na,ada,2024-01-01,5\nb,bob,2024-01-02,7\n"
    names = ("order_id", "customer_id", "ordered_at", "net_amount")
    sources: dict[str, Any] = {
        "heads": {"entity": "orders", "path": "orders.csv", "columns": {name: name for name in names}}
    }
    files = {"orders.csv": orders}
    if order_lines is not None:
        columns = {
            "order_id": "order_id",
            "product_id": "product_id",
            "net_amount": {"sql": "1"},
            "quantity": {"sql": "1"},
        }
        sources["goods"] = {"entity": "order_lines", "path": "goods.csv", "join": "heads", "columns": columns}
        files["goods.csv"] = order_lines
    project = project_with(tmp_path, files, sources=sources, snapshots={"every": "month", "first": "2024-01-03"})
    with typed_project(project, NOW) as typed:
        verdict = judge(typed, date(2024, 6, 1)).verdicts[-1]
    assert (verdict.model, verdict.verdict, verdict.what_to_do) == ("recommendations", "not enough", advice)


def test_beside_a_broken_file_the_others_are_measured_as_ever(tmp_path: Path) -> None:
    days = [date(2024, 1, 10), date(2024, 2, 20)]
    lines = "\n".join([HEADER, *(order("ada", day) for day in days)]).replace("ada", "ärn") + "\n"
    (tmp_path / "lines_1.csv").write_bytes(lines.encode("cp1252"))  # of another encoding only the careful readers read
    source = SOURCE | {"path": "lines*.csv", "read": {"encoding": "cp1252"}}
    files = {"lines_2.csv": "something,else\n1,2\n"}
    snapshots = {"every": "month", "first": "2024-01-20", "last": "2024-02-20"}
    project = project_with(tmp_path, files, sources={"lines": source}, churn={"horizon_days": 30}, snapshots=snapshots)
    with typed_project(project, NOW) as typed:
        found = judge(typed, date(2024, 6, 1))
    assert found.history.share == 1 and found.history.usual_gap_days == 41
    assert found.balances == (Balance(date(2024, 1, 20), 1, 1, 1, 1),)
