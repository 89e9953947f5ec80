"""Planted groups are found, keep their ids, and the few or none are no error."""

import json
from functools import partial

import pandas as pd
import pytest

from crm_pipeline.models.clustering import FittedSegments
from crm_pipeline.models.clustering_choice import Evidence
from crm_pipeline.models.clustering_stored import segments_from_json
from crm_pipeline.segments import cluster_model
from crm_pipeline_tests.kit import built_rows, built_table
from crm_pipeline_tests.segments.groups import FEATURES, GROUPS, planted_customers, with_strangers

DAY = "2024-02-01"


@pytest.fixture(scope="module")
def model() -> pd.DataFrame:
    """The model of one snapshot of planted groups."""
    return built_rows(cluster_model, snapshot_date=DAY, customer_features=planted_customers(DAY))


def test_planted_groups_are_found(model):
    row = model.iloc[0]
    fitted = FittedSegments.from_json(row["artifact"])
    clusters = fitted.predict(planted_customers(DAY)).assign(group=lambda rows: rows["customer_id"].str[:4])
    assert row["cluster_count"] == fitted.k == len(GROUPS)
    assert clusters.groupby("group")["cluster_id"].nunique().tolist() == [1, 1, 1]
    assert clusters.groupby("cluster_id")["group"].nunique().tolist() == [1, 1, 1]
    assert "k = 3" in row["why"] and row["is_champion"]


def test_settings_and_metrics_say_what_was_fitted(model):
    settings, metrics = (json.loads(model.iloc[0][name]) for name in ("settings", "metrics"))
    assert settings["features"] == list(FEATURES) and settings["k"] == [3, 4, 5, 6, 7, 8]
    assert metrics["customer_count"] == 120 and metrics["ari_mean"] == 1.0


def test_clusters_keep_their_ids_at_the_next_snapshot():
    days = [DAY, "2024-03-01"]
    customers = pd.concat([planted_customers(day) for day in days])
    customers.loc[customers["snapshot_date"] == days[1], "spend_amount_90d"] *= 1.05
    rows = built_rows(cluster_model, snapshot_dates=days, customer_features=customers)
    first, second = (FittedSegments.from_json(text) for text in rows["artifact"])
    assert rows["model_version"].nunique() == 2
    assert first.predict(planted_customers(DAY)).equals(second.predict(planted_customers(days[1])))
    assert second.next_cluster_id == first.next_cluster_id == 4


def test_a_cluster_that_became_another_gets_a_new_id(model):
    later = "2024-03-01"
    customers = planted_customers(later)
    gone = customers["customer_id"].str.startswith("gone")
    customers.loc[gone, ["days_since_last_order", "order_day_trend"]] = [1, 1.5]
    customers.loc[gone, ["spend_amount_90d", "mean_basket_amount", "mean_basket_line_count"]] *= 50
    ended = (
        FittedSegments.from_json(model["artifact"].iloc[0])
        .predict(planted_customers(DAY).query("customer_id == 'gone-000'"))
        .iloc[0]["cluster_id"]
    )
    rows = built_rows(cluster_model, snapshot_date=later, customer_features=customers, cluster_model=model)
    fitted = FittedSegments.from_json(rows["artifact"].iloc[0])
    assert set(fitted.cluster_ids) == {1, 2, 3, 4} - {ended} and fitted.next_cluster_id == 5
    assert "cluster 4 is new" in rows["why"].iloc[0] and f"no longer found: cluster {ended}" in rows["why"].iloc[0]


def test_the_order_of_rows_does_not_matter(model):
    shuffled = planted_customers(DAY).sample(frac=1, random_state=1)
    again = built_table(cluster_model, snapshot_date=DAY, customer_features=shuffled).to_pandas()
    assert again["artifact"].tolist() == model["artifact"].tolist()
    assert again["model_version"].tolist() == model["model_version"].tolist()


def test_other_snapshots_are_not_fitted(model):
    customers = pd.concat([planted_customers(DAY), planted_customers("2024-01-01").assign(spend_amount_90d=1)])
    rows = built_rows(cluster_model, snapshot_date=DAY, customer_features=customers)
    assert rows["artifact"].tolist() == model["artifact"].tolist()


def test_one_customer_is_one_cluster(assert_builds):
    assert_builds(
        cluster_model,
        snapshot_date=DAY,
        customer_features="customer_id, spend_amount_90d\nada, 10",
        expected="snapshot_date, candidate, is_champion, cluster_count\n2024-02-01, kmeans, true, 1",
    )


def test_density_clusters_and_outliers_are_found_and_kept():
    days = [DAY, "2024-03-01"]
    customers = pd.concat([with_strangers(day) for day in days])
    rows = built_rows(
        cluster_model, snapshot_dates=days, customer_features=customers, project={"segments": {"clustering": "hdbscan"}}
    )
    first, second = (segments_from_json(text) for text in rows["artifact"])
    found = first.predict(with_strangers(DAY)).assign(group=lambda frame: frame["customer_id"].str[:4])
    assert found.groupby("group")["cluster_id"].agg(lambda ids: ids.mode()[0]).nunique() == 4
    assert set(found.loc[found["group"] == "odd-", "cluster_label"]) == {"outliers"}
    assert first.predict(with_strangers(DAY)).equals(second.predict(with_strangers(days[1])))
    assert rows["candidate"].tolist() == ["hdbscan"] * 2 and rows["cluster_count"].tolist() == [3, 3]
    assert json.loads(rows["settings"][0])["min_cluster_size"] == [20]
    metrics = json.loads(rows["metrics"][0])
    assert metrics["k"] == 3 and 0 < metrics["outlier_share"] < 0.3
    assert "outliers, who have too few others like them" in rows["why"][0]


def test_ids_go_on_when_the_project_turns_to_density_clusters(model):
    later = "2024-03-01"
    rows = built_rows(
        cluster_model,
        snapshot_date=later,
        customer_features=planted_customers(later),
        cluster_model=model,
        project={"segments": {"clustering": "hdbscan"}},
    )
    before = FittedSegments.from_json(model["artifact"].iloc[0])
    after = segments_from_json(rows["artifact"].iloc[0])
    assert set(after.cluster_ids) == set(before.cluster_ids) == {1, 2, 3}


def test_no_customers_have_no_model(assert_builds):
    assert_builds(cluster_model, snapshot_date=DAY, expected="snapshot_date, cluster_count")


def test_evidence_gathered_side_by_side_is_the_same():
    calls = [partial(Evidence, k, 1.0 / k, 0.2, 0.95, 0.9, 0.8, 0.5) for k in (3, 4, 5)]
    assert cluster_model._side_by_side(calls) == [call() for call in calls]
