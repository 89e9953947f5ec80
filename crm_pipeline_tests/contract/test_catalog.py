"""The catalogue of declared tables."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import duckdb
import pytest

from crm_pipeline.contract.catalog import STAGES, Transform, declared_transforms, transform_of
from crm_pipeline.contract.sql import check_predicate
from crm_pipeline.pipeline import all_tables
from crm_pipeline_tests.warehouse.planted import TOTALS, TOTALS_SQL


def test_tables_come_after_those_that_they_read() -> None:
    seen: set[str] = set()
    for name, item in declared_transforms().items():
        assert {upstream for upstream in item.upstream if upstream in declared_transforms()} <= seen | {name}
        seen.add(name)


def test_every_stage_is_known() -> None:
    assert {table.stage for table in all_tables().values()} <= set(STAGES)


@pytest.mark.parametrize("name", list(all_tables()))
def test_types_of_columns_and_rules_are_valid(name: str) -> None:
    table = all_tables()[name]
    with duckdb.connect() as connection:
        columns = ", ".join(f'"{column.name}" {column.type}' for column in table.columns)
        connection.execute(f"create table t ({columns})")
        for rule in table.rules:
            assert connection.execute(f"select count(*) from t where ({rule}) is not true").fetchall() == [(0,)]
    for rule in table.rules:
        check_predicate(rule)


@pytest.mark.parametrize("name", list(all_tables()))
def test_everything_is_described_in_a_sentence(name: str) -> None:
    table = all_tables()[name]
    said = {table.name: table.description, **{column.name: column.description for column in table.columns}}
    assert [key for key, text in said.items() if not text.endswith(".")] == []


@pytest.mark.parametrize("name", list(all_tables()))
def test_direct_identifiers_stay_in_the_vault(name: str) -> None:
    table = all_tables()[name]
    if not table.is_in_vault:
        assert [column.name for column in table.columns if column.pii == "direct"] == []


@pytest.mark.parametrize("name", list(all_tables()))
def test_expectations_judge_columns_that_are_there(name: str) -> None:
    table = all_tables()[name]
    judged = {item.column for item in table.expectations if item.column}
    assert judged <= set(table.column_names)
    assert all(item.minimum is not None or item.maximum is not None for item in table.expectations)


def planted(sql: str = TOTALS_SQL, **changes: Any) -> Transform:
    module = SimpleNamespace(__name__="crm_pipeline.features.customer_rfm")
    return transform_of(cast(Any, module), replace(TOTALS, sql=sql, **changes))


def test_the_code_hash_changes_with_query_columns_and_rules_only() -> None:
    first = planted().code_hash
    assert planted(owner="team:other").code_hash == first
    assert planted(description="Other words.").code_hash == first
    assert planted(sql=TOTALS_SQL + " ").code_hash != first
    assert planted(rules=("amount > 0",)).code_hash != first
    assert planted(columns=(*TOTALS.columns[:2], TOTALS.columns[2].may_be_null())).code_hash != first


def test_a_function_brings_its_frames_and_its_own_code() -> None:
    def build(rows: Any, orders: Any, project: Any, snapshot_date: Any) -> Any:
        return rows

    module = SimpleNamespace(__name__="crm_pipeline.features.customer_rfm", build=build, STREAMS=True)
    item = transform_of(cast(Any, module), replace(TOTALS, sql=TOTALS_SQL))
    assert (item.frames, item.upstream, item.streams) == (("orders",), ("events", "orders"), True)
    assert item.code_hash != planted().code_hash
