"""The registry of churn models: what is learned from, what is published, and identical reruns."""

import json
from datetime import date

import duckdb
import numpy as np
import pandas as pd
import pytest

from crm_pipeline.churn import churn_model
from crm_pipeline.contract.catalog import declared_transforms
from crm_pipeline.models.classifiers_fitted import FittedChurn
from crm_pipeline_tests.churn.registry import DAY, fitted
from crm_pipeline_tests.kit import built_rows, make_project
from crm_pipeline_tests.models.churn_frames import FEATURES, churn_frame

PROJECT = make_project(churn={"horizon_days": 30})


def training_frame(**settings):
    return churn_frame(**settings)[["snapshot_date", "customer_id", "is_churned", "is_active", *FEATURES]]


@pytest.fixture(scope="module")
def registry():
    return churn_model.build(training_frame(), PROJECT, DAY)


def test_one_champion_holds_all_candidates(registry):
    champions = registry[registry["is_champion"]]
    assert len(champions) == 1
    assert registry["artifact"].notna().tolist() == registry["is_champion"].tolist()
    model = FittedChurn.from_json(champions["artifact"].iloc[0])
    assert list(model.candidates) == registry["candidate"].tolist()
    assert model.champion == champions["candidate"].iloc[0]
    assert model.to_json() == fitted().to_json()


def test_a_model_that_beats_the_rule_is_no_fallback(registry):
    champion = registry[registry["is_champion"]].iloc[0]
    assert not champion["is_fallback"]
    assert champion["log_loss"] < champion["baseline_log_loss"]
    assert json.loads(champion["metrics"])["log_loss"] == champion["log_loss"]
    assert champion["training_row_count"] == 1200
    assert "is published" in champion["why"]
    assert all(why.startswith("Not published") for why in registry.loc[~registry["is_champion"], "why"])


def test_a_rerun_in_another_order_of_rows_is_identical(registry):
    shuffled = training_frame().sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(churn_model.build(shuffled, PROJECT, DAY), registry)


def test_the_version_changes_with_the_data_and_with_the_date(registry):
    other_day = churn_model.registry_rows(fitted(), date(2024, 5, 1))
    other_data = churn_model.build(training_frame(seed=1), PROJECT, DAY)
    versions = {frame["model_version"].iloc[0] for frame in (registry, other_day, other_data)}
    assert len(versions) == 3


def test_what_does_not_beat_the_rule_is_not_published():
    found = churn_model.build(training_frame(signal=0.0), PROJECT, DAY)
    champion = found[found["is_champion"]].iloc[0]
    assert champion["candidate"] == "recency_rule"
    assert found["is_fallback"].all()
    assert champion["why"].startswith("recency_rule is published")


def test_a_model_that_lost_to_the_rule_cannot_be_published(registry):
    planted = registry.assign(log_loss=registry["baseline_log_loss"] + 0.01)
    assert broken_rules(registry) == []
    assert broken_rules(planted) == ["not is_champion or is_fallback or log_loss < baseline_log_loss"]
    assert broken_rules(planted.assign(is_fallback=True)) == []


def broken_rules(rows):
    """The row rules of the contract that some row breaks."""
    with duckdb.connect() as connection:
        connection.register("registry", rows)
        return [
            rule
            for rule in churn_model.TABLE.rules
            if connection.execute(f"select count(*) from registry where ({rule}) is not true").fetchone() != (0,)
        ]


def test_without_outcomes_a_prior_is_published():
    rows = built_rows(churn_model, snapshot_date="2024-02-01")
    assert rows["candidate"].tolist() == ["btyd", "btyd_mixed", "recency_rule"]
    assert rows["is_fallback"].all() and rows["log_loss"].isna().all()
    assert rows.loc[rows["is_champion"], "why"].iloc[0].startswith("A prior is published")


def test_only_outcomes_known_at_the_snapshot_are_learned():
    labels = """known_date, snapshot_date, customer_id, is_churned, customer_hash
                2024-02-01, 2024-01-01,    ada,         true,       8c8d
                2024-02-02, 2024-01-02,    ada,         true,       8c8d   -- after the snapshot
                2024-02-01, 2023-12-01,    bob,         true,       9f9d   -- has no features"""
    features = """snapshot_date, customer_id, days_since_last_order
                  2024-01-01,    ada,         3
                  2024-01-02,    ada,         4
                  2024-02-01,    ada,         34     -- to be scored: not an outcome"""
    rows = built_rows(churn_model, snapshot_date="2024-02-01", churn_labels=labels, customer_features=features)
    assert set(rows["training_row_count"]) == {1}


def test_a_sample_takes_whole_customers_and_says_the_same_again():
    sample = sampled_rows("order by row_id")
    assert 0.99 * 500_000 < len(sample) <= 500_000
    # of two snapshots, both or none
    assert set(sample.groupby("customer_id").size()) == {2}
    pd.testing.assert_frame_equal(sampled_rows("order by row_id desc"), sample)
    # by hash, not by name: the sampled customers are spread over all of them
    assert abs(np.median(sample["customer_id"].astype(int)) - 150_000) < 5_000


def test_customers_to_be_scored_come_along_without_an_outcome():
    rows = sampled_rows("where row_id < 240000", day="2024-02-01")
    current = rows[rows["is_churned"].isna()]
    assert set(current["snapshot_date"].dt.date) == {date(2024, 2, 1)}
    assert 0.99 * 100_000 < len(current) <= 100_000
    assert len(rows) - len(current) == 240_000


def sampled_rows(order, day="2024-06-01"):
    """The training rows of 300,000 customers at two snapshots."""
    with duckdb.connect() as connection:
        connection.execute(
            f"""create table customer_features as
                select date '2024-01-01' + 31 * (row_id % 2)::integer as snapshot_date,
                       (row_id // 2)::varchar as customer_id
                from range(600000) as rows(row_id) {order}"""
        )
        connection.execute(
            """create table churn_labels as
               select *, false as is_churned, substr(md5(customer_id), 1, 4) as customer_hash from customer_features"""
        )
        connection.execute(
            """create table customer_clv as
               select snapshot_date, customer_id, 1 as probability_alive, 1 as expected_purchases_churn_horizon
               from customer_features where false"""
        )
        return connection.execute(declared_transforms()["churn_model"].sql, {"snapshot_date": day}).df()
