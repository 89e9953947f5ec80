"""Every chart that is written is shown on the page of a table."""

from importlib import import_module
from inspect import getmembers, isfunction

import pytest

from crm_pipeline.asset_charts import CHARTS
from crm_pipeline.pipeline import all_tables


def test_each_chart_belongs_to_a_table() -> None:
    assert set(CHARTS) <= set(all_tables())


@pytest.mark.parametrize("name", sorted({module for _, module, _ in CHARTS.values() if module.endswith(".charts")}))
def test_no_chart_is_left_out(name: str) -> None:
    module = import_module(name)
    written = {n for n, made in getmembers(module, isfunction) if made.__module__ == name and not n.startswith("_")}
    assert written == {function for _, of_module, function in CHARTS.values() if of_module == name}
