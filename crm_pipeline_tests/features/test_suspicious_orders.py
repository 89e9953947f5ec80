"""Suspicious orders: each sign on a shop made by hand, and planted frauds found better than by their amounts."""

from contextlib import closing
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from crm_pipeline.cleaned import orders, returned_lines
from crm_pipeline.features import suspicious_orders
from crm_pipeline.pipeline import all_tables
from crm_pipeline.simulation import ShopSettings, simulate_shop
from crm_pipeline_tests.kit import (
    build_candidate,
    built_rows,
    candidate_name,
    fill_table,
    make_project,
    memory_warehouse,
)

DAY = date(2024, 3, 1)


def usual_lines(count: int = 400) -> pd.DataFrame:
    """One line per order: 50 customers, an order a day or so, quantities 1 to 3, 8 to 32 in amount, all at 12:xx."""
    number = np.arange(count)
    return pd.DataFrame(
        {
            "order_line_id": [f"l{n}" for n in number],
            "order_id": [f"o{n}" for n in number],
            "customer_id": [f"c{n % 50}" for n in number],
            "product_id": [f"p{n % 7}" for n in number],
            "ordered_at": pd.Timestamp("2023-12-01 12:00") + pd.to_timedelta(number * 5.3, unit="h"),
            "quantity": 1 + number % 3,
            "net_amount": 8.0 * (1 + number % 3) + number % 9,
            "discount_amount": 0.5 * (number % 4),
        }
    )


def found_in(extra: list[dict[str, object]], day: date = DAY) -> pd.DataFrame:
    """What is found when lines are added to the usual ones."""
    lines = pd.concat([usual_lines(), pd.DataFrame(extra)], ignore_index=True) if extra else usual_lines()
    lines["discount_amount"] = lines["discount_amount"].fillna(0)
    lines["order_line_id"] = [f"l{n}" for n in range(len(lines))]
    with closing(memory_warehouse()) as connection:
        fill_table(connection, all_tables()["order_lines"], lines)
        return _build(connection, day)


def _build(connection, day: date) -> pd.DataFrame:  # type: ignore[no-untyped-def]
    for module in (orders, returned_lines):
        table = build_candidate(connection, module)
        connection.execute(f"create table {table.qualified_name} as from {candidate_name(table)}")
    project = make_project(snapshots={"every": "month", "first": date(2023, 1, 1)})
    table = build_candidate(connection, suspicious_orders, snapshot_dates=[day], project=project)
    return connection.sql(f"select * from {candidate_name(table)} order by order_id").df().set_index("order_id")


def line(order: str, customer: str | None, when: str, amount: float, quantity: float = 1, **more: object):  # type: ignore[no-untyped-def]
    return {"order_id": order, "customer_id": customer, "product_id": "p1", "ordered_at": pd.Timestamp(when),
            "quantity": quantity, "net_amount": amount, **more}  # fmt: skip


def test_a_usual_shop_has_no_strong_sign() -> None:
    assert (found_in([])["score"] < 0.5).all()


def test_orders_within_minutes() -> None:
    found = found_in([line(f"x{n}", "c1", f"2024-02-20 15:0{n}:00", 10) for n in range(5)])
    burst = found.loc[[f"x{n}" for n in range(5)]]
    assert set(burst["reason_1_code"]) == {"burst"} and set(burst["reason_1_value"]) == {5}
    assert burst["reason_1_strength"].to_numpy() == pytest.approx(0.9)


def test_dates_without_a_time_say_nothing_about_minutes() -> None:
    found = found_in([line(f"x{n}", "c1", "2024-02-20", 10 + n) for n in range(5)])
    assert not set(found["reason_1_code"]) & {"burst", "ring"}


def test_a_quantity_far_beyond_the_products_usual() -> None:
    row = found_in([line("x", "c1", "2024-02-20 15:00", 20, quantity=60)]).loc["x"]
    assert (row["reason_1_code"], row["reason_1_value"]) == ("quantity", 60)
    assert row["reason_1"] == "Quantity far beyond the product's usual: 60"


def test_a_large_first_order_and_one_of_a_customer_with_a_history() -> None:
    found = found_in([line("x", "new", "2024-02-20 15:00", 200), line("y", "c1", "2024-02-21 15:00", 200)])
    assert found.loc["x", "reason_1_code"] == "first_order"
    assert found.loc["y", "reason_1_code"] == "own_amount"


def test_a_dear_order_that_comes_back_at_once() -> None:
    found = found_in(
        [
            line("x", "c1", "2024-02-20 15:00", 60, quantity=3),
            line("back", "c1", "2024-02-21 10:00", -60, quantity=-3),
            line("y", "c2", "2024-02-10 15:00", 60, quantity=3),
            line("late", "c2", "2024-02-20 15:00", -60, quantity=-3),
        ]
    )
    assert found.loc["x", "reason_1_code"] == "quick_return" and found.loc["x", "reason_1_value"] == 1
    assert "y" not in found.index or found.loc["y", "reason_1_code"] != "quick_return"
    assert not {"back", "late"} & set(found.index)  # a return is not an order


def test_an_extreme_discount() -> None:
    row = found_in([line("x", "c1", "2024-02-20 15:00", 2, discount_amount=18)]).loc["x"]
    assert (row["reason_1_code"], row["reason_1_value"]) == ("discount", pytest.approx(0.9))


def test_many_customers_with_one_basket_at_once() -> None:
    found = found_in([line(f"x{n}", f"new{n}", f"2024-02-20 14:5{n}:00", 13) for n in range(6)])
    ring = found.loc[[f"x{n}" for n in range(6)]]
    assert set(ring["reason_1_code"]) == {"ring"} and set(ring["reason_1_value"]) == {6}


def test_lines_without_a_customer_are_judged_by_what_is_known() -> None:
    found = found_in([line(f"x{n}", None, "2024-02-20 15:00", 10, quantity=80) for n in range(3)])
    assert set(found.loc[["x0", "x1", "x2"], "reason_1_code"]) == {"quantity"}


def test_the_window_before_the_snapshot() -> None:
    """2024-01-29 is 32 days before; what is known on the day itself is not seen."""
    found = found_in(
        [
            line("before", "c1", "2024-01-28 23:59", 20, quantity=60),
            line("first", "c2", "2024-01-29 00:01", 20, quantity=60),
            line("last", "c3", "2024-02-29 23:59", 20, quantity=60),
            line("after", "c4", "2024-03-01 00:01", 20, quantity=60),
        ]
    )
    assert {"before", "first", "last", "after"} & set(found.index) == {"first", "last"}


def test_a_tiny_shop_has_nothing_usual() -> None:
    rows = built_rows(
        suspicious_orders,
        snapshot_date="2024-02-01",
        orders="""order_id, customer_id, ordered_at,       net_amount
                  a,        ada,         2024-01-01 10:00, 10
                  b,        ada,         2024-01-02 10:00, 9999""",
    )
    assert rows.empty


@pytest.fixture(scope="module")
def evaluated() -> pd.DataFrame:
    """Orders of a month of a simulated shop with 2 % frauds: amount, kind of fraud, score."""
    shop = simulate_shop(ShopSettings(customers=5_000, fraud_share=0.03), 11)
    lines, truth = shop.order_lines, shop.truth.fraudulent_orders
    lines = lines.append_column("discount_amount", pa.compute.subtract(lines["list_amount"], lines["net_amount"]))
    lines = lines.drop_columns(["list_amount"])
    with closing(memory_warehouse()) as connection:
        fill_table(connection, all_tables()["order_lines"], lines)
        found = _build(connection, date(2022, 6, 1))
        judged = connection.sql(
            "select order_id, sum(net_amount)::double as amount from cleaned.orders where part_type = 'order' "
            "and known_at >= date '2022-04-30' and known_at < date '2022-06-01' group by order_id"
        ).df()
    kinds = truth.to_pandas().assign(order_id=lambda frame: frame["order_id"].astype(str)).set_index("order_id")["kind"]
    return judged.assign(kind=judged["order_id"].map(kinds), score=judged["order_id"].map(found["score"]).fillna(0.0))


def precision_at(evaluated: pd.DataFrame, by: list[str], k: int) -> float:
    return float(evaluated.sort_values([*by, "order_id"], ascending=False).head(k)["kind"].notna().mean())


def test_planted_frauds_are_found_and_better_than_by_amount(evaluated: pd.DataFrame) -> None:
    frauds = int(evaluated["kind"].notna().sum())
    assert frauds >= 15
    by_score, by_amount = (precision_at(evaluated, by, frauds) for by in (["score", "amount"], ["amount"]))
    assert by_score >= 0.75
    assert by_score >= by_amount + 0.2
    found = evaluated.sort_values(["score", "amount", "order_id"], ascending=False).head(2 * frauds)
    assert found["kind"].notna().sum() >= 0.9 * frauds  # recall


def test_few_honest_orders_are_called_likely(evaluated: pd.DataFrame) -> None:
    honest = evaluated[evaluated["kind"].isna()]
    assert (honest["score"] >= 0.5).mean() < 0.01
