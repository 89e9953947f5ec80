"""Charts of the churn tables: the numbers behind them, and that they are drawn."""

import duckdb
import numpy as np
import pytest

from crm_pipeline.churn import charts

ALL = [charts.lift, charts.calibration, charts.grade_over_time, charts.precision_recall, charts.profit]


@pytest.fixture
def connection():
    """20 active customers of whom the 4 with the highest scores churned, and one inactive one."""
    with duckdb.connect() as opened:
        opened.execute("create schema churn")
        opened.execute(
            """create table churn.churn_predictions as
               select date '2024-01-01' as snapshot_date, id as customer_id, (id + 1) / 25 as churn_probability,
                      0.5::double as baseline_probability
               from range(21) as rows(id)"""
        )
        opened.execute(
            """create table churn.churn_labels as
               select date '2024-02-01' as known_date, date '2024-01-01' as snapshot_date, id as customer_id,
                      id >= 16 as is_churned, id < 20 as is_active
               from range(21) as rows(id)"""
        )
        opened.execute(
            """create table churn.churn_threshold as
               select date '2024-01-01' as snapshot_date, id / 10 as cutoff, id * (10 - id) as expected_profit,
                      id = 5 as is_recommended
               from range(11) as rows(id)"""
        )
        opened.execute(
            """create table churn.churn_evaluation as
               select date '2024-01-01' as snapshot_date, model, 'snapshot' as scope, 'active' as population,
                      'roc_auc' as metric, 0.8 as value, 0.7 as lower, 0.9 as upper
               from (values ('published'), ('recency_rule')) as models(model)"""
        )
        yield opened


def test_lift_by_hand(connection):
    counts = charts._score_counts(connection, "churn_probability")
    assert counts.shape == (20, 3)
    # the two highest tenths hold all who churned: 2 of 2 against 4 of 20
    np.testing.assert_allclose(charts._deciles(counts), [5, 5, 0, 0, 0, 0, 0, 0, 0, 0], atol=1e-12)
    # one score for all: every tenth is the average
    np.testing.assert_allclose(charts._deciles(charts._score_counts(connection, "baseline_probability")), 1.0)


@pytest.mark.parametrize("chart", ALL)
def test_it_is_drawn(connection, chart):
    image = chart(connection)
    assert image is not None and image.startswith(b"\x89PNG")


@pytest.mark.parametrize("chart", ALL)
def test_without_rows_there_is_no_chart(connection, chart):
    for table in ("churn_predictions", "churn_labels", "churn_evaluation", "churn_threshold"):
        connection.execute(f"delete from churn.{table}")
    assert chart(connection) is None
