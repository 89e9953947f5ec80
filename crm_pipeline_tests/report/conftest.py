"""The published file of the tests, and the report's pages on it, each made once."""

from collections.abc import Callable, Iterator
from datetime import date
from functools import cache

import duckdb
import pytest

from crm_pipeline.report.page import render_report
from crm_pipeline_tests.report.tables import NEWEST, published_file

Page = Callable[..., str]


@pytest.fixture(scope="session")
def published() -> Iterator[duckdb.DuckDBPyConnection]:
    """Only to be read."""
    with published_file() as connection:
        yield connection


@pytest.fixture(scope="session")
def page(published: duckdb.DuckDBPyConnection) -> Page:
    """The report in a language, of a day."""

    @cache
    def rendered(language: str = "en", day: date = NEWEST) -> str:
        return render_report(published, "shop", "EUR", language, day)

    return rendered
