"""Every chart that is written is shown on the page of a table."""

from importlib import import_module
from inspect import getmembers, isfunction

import pytest

from crm_pipeline.asset_charts import CHARTS, SECOND_CHARTS
from crm_pipeline.pipeline import all_tables

SHOWN = (*CHARTS.values(), *SECOND_CHARTS.values())


def test_each_chart_belongs_to_a_table() -> None:
    assert {*CHARTS, *SECOND_CHARTS} <= set(all_tables())


@pytest.mark.parametrize("name", sorted({module for _, module, _ in SHOWN if module.endswith(".charts")}))
def test_no_chart_is_left_out(name: str) -> None:
    module = import_module(name)
    written = {n for n, made in getmembers(module, isfunction) if made.__module__ == name and not n.startswith("_")}
    assert written == {function for _, of_module, function in SHOWN if of_module == name}
