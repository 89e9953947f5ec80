"""Of files too large to read whole: complete histories of some customers, chosen by their id."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crm_pipeline.onboarding import histories, sampling
from crm_pipeline.onboarding.history import history_of
from crm_pipeline.onboarding.typed import TypedProject, typed_project
from crm_pipeline_tests.ingestion.loading import lines_source, project_with

NOW = datetime(2024, 6, 1, tzinfo=UTC)
HEADER = "order_id,customer_id,product_id,ordered_at,quantity,net_amount"
CUSTOMERS, ORDERS, PAUSE = 400, 10, 14


def lines() -> list[str]:
    """Each customer orders ten times, fourteen days apart; one line is broken, one a return."""
    found = []
    for order in range(ORDERS):
        day = date(2024, 1, 1) + timedelta(days=PAUSE * order)
        found += [f"{customer}-{order},c{customer},p{order},{day},1,5" for customer in range(CUSTOMERS)]
    return [*found, "x,c1,p1,2024-01-02,-1,-5", "y,c2,p1"]


@contextmanager
def large(folder: Path, monkeypatch: pytest.MonkeyPatch, suffix: str) -> Iterator[TypedProject]:
    """A shop in one file that is larger than what may be read whole."""
    monkeypatch.setattr(sampling, "WHOLE_BYTES", 20_000)
    monkeypatch.setattr(sampling, "LEAST_BYTES", 20_000)
    source = lines_source(f"lines.{suffix}", columns={"customer_id": "customer_id"})
    project = project_with(folder, {"lines.csv": "\n".join([HEADER, *lines()]) + "\n"}, sources={"lines": source})
    if suffix == "parquet":
        values = [line.split(",") for line in lines() if line.count(",") == 5]
        columns = dict(zip(HEADER.split(","), (list(column) for column in zip(*values, strict=True)), strict=True))
        pq.write_table(pa.table(columns), folder / "lines.parquet", row_group_size=200)
    with typed_project(project, NOW) as typed:
        yield typed


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_complete_histories_are_exact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    with large(tmp_path, monkeypatch, suffix) as typed:
        assert not typed.sources["lines"].is_whole
        found = history_of(typed, 60)
    assert found.share == 1
    assert (found.customers, found.orders, found.repeat_customers) == (CUSTOMERS, CUSTOMERS * ORDERS, CUSTOMERS)
    assert (found.usual_gap_days, found.longest_gap_days) == (PAUSE, PAUSE)
    assert found.ended_within == ((7, 0), (14, 1), (30, 1), (60, 1), (90, 1), (180, 1), (365, 1))
    assert found.data_through == date(2024, 1, 1) + timedelta(days=PAUSE * (ORDERS - 1))


def test_of_too_many_rows_a_share_of_customers_with_all_their_orders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(histories, "MOST_ROWS", 1200)
    with large(tmp_path, monkeypatch, "csv") as typed:
        found = history_of(typed, 60)
    assert found.share is not None and 0.2 <= found.share < 0.5
    assert found.about == "about "
    assert abs(found.customers - CUSTOMERS) < 0.25 * CUSTOMERS
    assert abs(found.orders - ORDERS * found.customers) <= ORDERS * 2 and found.usual_gap_days == PAUSE


def test_what_takes_too_long_is_left_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with large(tmp_path, monkeypatch, "csv") as typed:
        found = history_of(typed, 0.0)
    assert found.share is None and found.about == "at least "
    assert 0 < found.customers <= CUSTOMERS
