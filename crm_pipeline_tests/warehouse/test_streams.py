"""Frames of a bounded size that keep together what belongs together."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any, cast

import pandas as pd
import pytest

from crm_pipeline.contract.catalog import Transform, transform_of
from crm_pipeline.errors import CrmError
from crm_pipeline.warehouse import candidate
from crm_pipeline.warehouse.candidate import Builder, candidate_name
from crm_pipeline_tests.kit import fill_table, make_project, memory_warehouse
from crm_pipeline_tests.warehouse.planted import EVENTS, TOTALS

DAY = date(2024, 2, 1)
EVENT_ROWS = """event_id, known_at,   amount
                a1,       2024-01-01, 1
                a2,       2024-01-02, 1
                a3,       2024-01-03, 1
                b1,       2024-01-01, 1
                c1,       2024-01-01, 1
                c2,       2024-01-02, 1"""
BY_NAME = "select substr(event_id, 1, 1) as name, amount from events order by event_id"


def streamed(build: Any, sql: str, **settings: Any) -> Transform:
    module = SimpleNamespace(__name__="crm_pipeline.features.customer_rfm", build=build, STREAM_BY="name", **settings)
    return transform_of(cast(Any, module), replace(TOTALS, sql=sql, grain=("snapshot_date", "event_count")))


def frames_of(sql: str, batch_rows: int, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, int]]:
    """How often each name occurs in each frame."""
    seen: list[dict[str, int]] = []

    def build(rows: pd.DataFrame, snapshot_date: date) -> pd.DataFrame:
        seen.append(dict(Counter(rows["name"])))
        return pd.DataFrame({"snapshot_date": [snapshot_date], "event_count": [len(seen)], "amount": [len(rows)]})

    monkeypatch.setattr(candidate, "BATCH_ROWS", batch_rows)
    with closing(memory_warehouse()) as connection:
        fill_table(connection, EVENTS, EVENT_ROWS)
        tables = {"events": EVENTS, "totals": TOTALS}
        Builder(streamed(build, sql), tables, make_project()).build(connection, [DAY], lambda text: None)
    return seen


def test_a_frame_ends_where_its_last_name_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    assert frames_of(BY_NAME, 2, monkeypatch) == [{"a": 3}, {"b": 1}, {"c": 2}]
    assert frames_of(BY_NAME, 4, monkeypatch) == [{"a": 3, "b": 1}, {"c": 2}]


def test_without_rows_there_is_one_empty_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    assert frames_of(BY_NAME.replace("order by", "where amount > 9 order by"), 2, monkeypatch) == [{}]


def test_a_query_in_another_order_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CrmError, match=r"totals\.sql must be ordered by name"):
        frames_of(BY_NAME.replace("order by", "order by known_at,"), 1, monkeypatch)


def test_a_current_frame_holds_the_part_of_the_snapshot_date_only() -> None:
    totals = replace(TOTALS, name="earlier_totals")
    given: list[int] = []

    def build(rows: pd.DataFrame, earlier_totals: pd.DataFrame, snapshot_date: date) -> pd.DataFrame:
        given.append(len(earlier_totals))
        return pd.DataFrame({"snapshot_date": [snapshot_date], "event_count": [len(rows)], "amount": [0]})

    with closing(memory_warehouse()) as connection:
        fill_table(connection, EVENTS, EVENT_ROWS)
        fill_table(connection, totals, "snapshot_date, event_count\n2024-01-01, 1\n2024-02-01, 2\n2024-03-01, 3")
        tables = {"events": EVENTS, "earlier_totals": totals, "totals": TOTALS}
        for settings in ({}, {"CURRENT_FRAMES": ("earlier_totals",)}):
            made = streamed(build, BY_NAME, **settings)
            Builder(made, tables, make_project()).build(connection, [DAY], lambda text: None)
            connection.execute(f"drop table {candidate_name(TOTALS)}")
    assert given == [2, 1]


def test_a_current_frame_that_the_function_does_not_take_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"CURRENT_FRAMES names \['events'\]"):
        streamed(lambda rows: rows, BY_NAME, CURRENT_FRAMES=("events",))


def test_a_sample_holds_all_rows_of_the_drawn_names_and_is_fitted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    samples: list[list[str]] = []

    def fit_sample(sample: pd.DataFrame) -> int:
        samples.append(sample["name"].tolist())
        return len(samples)

    def build(rows: pd.DataFrame, fitted: int, snapshot_date: date) -> pd.DataFrame:
        return pd.DataFrame({"snapshot_date": [snapshot_date], "event_count": [len(rows)], "amount": [fitted]})

    monkeypatch.setattr(candidate, "BATCH_ROWS", 2)
    with closing(memory_warehouse()) as connection:
        fill_table(connection, EVENTS, EVENT_ROWS)
        tables = {"events": EVENTS, "totals": TOTALS}
        for shown in ("events", "(select * from events order by amount desc, event_id desc)"):
            transform = streamed(
                build, BY_NAME.replace("from events", f"from {shown}"), fit_sample=fit_sample, SAMPLE_SIZE=2
            )
            Builder(transform, tables, make_project()).build(connection, [DAY], lambda text: None)
        fitted = connection.sql(f"select amount from {candidate_name(TOTALS)}").fetchall()
    # by their md5: a 0cc1..., b 92eb..., c 4a8a...
    assert samples == [["a", "a", "a", "c", "c"]] * 2
    assert {row[0] for row in fitted} == {2}


def test_a_sample_needs_a_name_to_draw_by() -> None:
    module = SimpleNamespace(__name__="crm_pipeline.features.customer_rfm", build=lambda rows: rows, fit_sample=len)
    with pytest.raises(ValueError, match="fit_sample draws values of STREAM_BY, which is not set"):
        transform_of(cast(Any, module), replace(TOTALS, sql=BY_NAME))
