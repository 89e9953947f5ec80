"""Shops that no churn model can be learned from: a labelled fallback, why in words, exit code 0."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from crm_pipeline_tests.acceptance.commands import crm_process

pytestmark = pytest.mark.full

SETTINGS = """name: poor_shop
currency: EUR
data_through: 2024-05-31
snapshots: {{dates: [{dates}]}}
churn: {{horizon_days: 30}}
sources:
  lines:
    entity: order_lines
    path: lines.csv
    columns: {{order_id: o, customer_id: c, product_id: p, ordered_at: day, quantity: n, net_amount: sum}}
"""
MONTHS = ("2024-03-01", "2024-04-01", "2024-05-01", "2024-06-01")
Orders = Iterator[tuple[str, date]]


def tiny() -> Orders:
    """Six customers with an order or two."""
    for number in range(6):
        yield f"c{number}", date(2024, 2, 1 + number)
        if number % 2:
            yield f"c{number}", date(2024, 3, 10 + number)


def nobody_leaves() -> Orders:
    """Everyone orders every week."""
    for number in range(80):
        for week in range(21):
            yield f"c{number}", date(2024, 1, 1 + number % 7) + timedelta(days=7 * week)


def everybody_left() -> Orders:
    """One order each, all before the first snapshot."""
    for number in range(120):
        yield f"c{number}", date(2024, 1, 1) + timedelta(days=number % 50)


def all_new() -> Orders:
    """All came in the week before the only snapshot."""
    for number in range(120):
        yield f"c{number}", date(2024, 5, 25) + timedelta(days=number % 7)


def ancient() -> Orders:
    """A shop that closed fifteen years ago."""
    for number in range(120):
        for month in range(1, 1 + number % 12):
            yield f"c{number}", date(2009, month, 1 + number % 28)


CASES = {
    "tiny": (tiny, MONTHS),
    "nobody leaves": (nobody_leaves, MONTHS),
    "everybody left": (everybody_left, MONTHS),
    "all new": (all_new, MONTHS[-1:]),
    "ancient": (ancient, MONTHS),
}


@pytest.mark.parametrize("case", CASES)
def test_a_labelled_fallback_is_published(case: str, new_folder: Callable[[], Path]) -> None:
    orders, dates = CASES[case]
    folder = new_folder()
    folder.mkdir()
    (folder / "crm.yaml").write_text(SETTINGS.format(dates=", ".join(dates)))
    lines = (f"o{n},{customer},p{n % 7},{day},1,{5 + n % 3}" for n, (customer, day) in enumerate(orders()))
    (folder / "lines.csv").write_text("\n".join(["o,c,p,day,n,sum", *lines]) + "\n")
    ended = crm_process("run", folder, "--select", "+churn_grade", "--select", "+churn_drift")
    assert ended.code == 0, ended.text
    assert f"Not enough data for a churn model at {dates[-1]}: A prior is published" in ended.text
    with duckdb.connect(str(folder / "warehouse" / "crm.duckdb"), read_only=True) as connection:
        assert connection.execute(
            "select bool_and(is_fallback), count(distinct snapshot_date), "
            "bool_and(churn_probability between 0 and 1 and reason_method = 'exact') from churn.churn_predictions"
        ).fetchone() == (True, len(dates), True)
        letters = connection.execute("select distinct letter from churn.churn_grade").fetchall()
    assert letters in ([], [("D",)])
