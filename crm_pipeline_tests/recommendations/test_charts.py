"""Charts of the recommendations: that they are drawn from what is there, and not from nothing."""

import duckdb
import pytest

from crm_pipeline.cleaned import products
from crm_pipeline.recommendations import charts, product_affinities, recommendation_evaluation


@pytest.fixture
def connection():
    """The three tables that are read, empty."""
    with duckdb.connect() as opened:
        opened.execute("create schema recommendations")
        opened.execute("create schema cleaned")
        for module in (products, product_affinities, recommendation_evaluation):
            schema = module.__name__.split(".")[-2]
            columns = ", ".join(f'"{column.name}" {column.type}' for column in module.TABLE.columns)
            opened.execute(f"create table {schema}.{module.TABLE.name} ({columns})")
        yield opened


CHARTS = (charts.recall_over_time, charts.top_affinities)


@pytest.mark.parametrize("chart", CHARTS)
def test_nothing_is_drawn_from_nothing(connection, chart):
    assert chart(connection) is None


@pytest.mark.parametrize("chart", CHARTS)
def test_it_is_drawn_and_drawn_alike(connection, chart):
    connection.execute(
        """insert into recommendations.recommendation_evaluation by name
           select day as snapshot_date, 'snapshot' as scope, model, 'active' as population, 'recall_at_10' as metric,
                  0.1 as value, 0.09 as lower, 0.11 as upper
           from (values (date '2024-01-01'), (date '2024-02-01')) as days(day),
                (values ('published'), ('GP-TopFreq')) as models(model)"""
    )
    connection.execute(
        """insert into recommendations.product_affinities by name
           select date '2024-01-01' as snapshot_date, one as product_id, other as other_product_id, 2.5 as lift,
                  1.5 as lift_lower
           from (values ('tea', 'cake'), ('cake', 'tea')) as pairs(one, other)"""
    )
    connection.execute("insert into cleaned.products by name select 'tea' as product_id, 'Green tea' as name")
    image = chart(connection)
    assert image is not None and image.startswith(b"\x89PNG")
    assert chart(connection) == image
