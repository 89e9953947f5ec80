"""RFM segments by the rules, clusters by the snapshot's model, nobody left out."""

import re

import pandas as pd

from crm_pipeline.contract.catalog import declared_transforms
from crm_pipeline.models.clustering import FittedSegments
from crm_pipeline.segments import (
    cluster_evidence,
    cluster_model,
    customer_segments,
    segment_differences,
    segment_profiles,
)
from crm_pipeline.segments.rfm_segments import rfm_segment_sql
from crm_pipeline_tests.kit import built_rows
from crm_pipeline_tests.segments.groups import FEATURES, planted_customers, scored, with_strangers

DAY = "2024-02-01"


def _squeezed(sql: str) -> str:
    return re.sub(r"\s+", " ", sql)


def test_the_sql_holds_the_rules():
    assert _squeezed(rfm_segment_sql()) in _squeezed(declared_transforms()["customer_segments"].sql)


def test_the_features_are_those_that_the_model_is_fitted_on():
    select = r"select customer_id, ([a-z0-9_, ]+) from customer_features"
    fitted, assigned = (
        re.findall(select, _squeezed(declared_transforms()[name].sql))
        for name in ("cluster_model", "customer_segments")
    )
    assert fitted == assigned == [", ".join(FEATURES)]


def test_segments_by_hand_without_a_model(assert_builds):
    assert_builds(
        customer_segments,
        snapshot_date=DAY,
        customer_rfm="""customer_id, r_score, f_score, m_score
                        ada,         5,       5,       5
                        bob,         1,       1,       2       -- 1.5 rounds up to 2
                        cyd,         3,       3,       3""",
        expected="""snapshot_date, customer_id, rfm_segment,    cluster_id, cluster_label, model_version
                    2024-02-01,    ada,         champions,      ,           not clustered,
                    2024-02-01,    bob,         lost,           ,           not clustered,
                    2024-02-01,    cyd,         need attention, ,           not clustered,""",
    )


def test_each_customer_has_the_nearest_cluster_of_the_snapshots_own_model():
    customers = planted_customers(DAY)
    model = built_rows(cluster_model, snapshot_date=DAY, customer_features=customers)
    other = model.assign(snapshot_date=pd.Timestamp("2024-01-01"), model_version="another", artifact="not a model")
    rows = built_rows(
        customer_segments,
        snapshot_date=DAY,
        customer_rfm=scored(customers),
        customer_features=customers,
        cluster_model=pd.concat([model, other]),
    )
    nearest = FittedSegments.from_json(model["artifact"].iloc[0]).predict(customers).sort_values("customer_id")
    assert rows["customer_id"].tolist() == nearest["customer_id"].tolist()
    assert rows["cluster_id"].tolist() == nearest["cluster_id"].tolist()
    assert rows["cluster_label"].tolist() == nearest["cluster_label"].tolist()
    assert set(rows["model_version"]) == set(model["model_version"])


def test_outliers_of_density_clusters_have_an_id_and_a_label_of_their_own():
    customers, hdbscan = with_strangers(DAY), {"segments": {"clustering": "hdbscan"}}
    model = built_rows(cluster_model, snapshot_date=DAY, customer_features=customers, project=hdbscan)
    rows = built_rows(
        customer_segments,
        snapshot_date=DAY,
        customer_rfm=scored(customers),
        customer_features=customers,
        cluster_model=model,
    )
    odd = rows[rows["customer_id"].str.startswith("odd-")]
    assert set(odd["cluster_id"]) == {0} and set(odd["cluster_label"]) == {"outliers"}
    assert rows["cluster_id"].nunique() == 4 and rows["cluster_label"].nunique() == 4
    profiles = built_rows(segment_profiles, snapshot_date=DAY, customer_segments=rows, customer_features=customers)
    sizes = profiles[profiles["segmentation"] == "cluster"].groupby("segment")["customer_count"].first()
    assert sizes["outliers"] == 6 and sizes.sum() == len(customers) == 126
    differences = built_rows(segment_differences, snapshot_date=DAY, segment_profiles=profiles)
    assert (differences.loc[differences["segmentation"] == "cluster", "segment_count"] <= 4).all()
    evidence = built_rows(cluster_evidence, snapshot_date=DAY, cluster_model=model)
    assert evidence.loc[evidence["is_chosen"], "k"].tolist() == [3]


def test_a_customer_without_features_is_clustered_as_an_average_one():
    customers = planted_customers(DAY)
    rows = built_rows(
        customer_segments,
        snapshot_date=DAY,
        customer_rfm=scored(customers),
        customer_features=customers[customers["customer_id"] != "gone-000"],
        cluster_model=built_rows(cluster_model, snapshot_date=DAY, customer_features=customers),
    )
    assert len(rows) == 120 and rows["cluster_id"].notna().all()


def test_no_customers(assert_builds):
    assert_builds(customer_segments, snapshot_date=DAY, expected="customer_id, rfm_segment, cluster_label")
