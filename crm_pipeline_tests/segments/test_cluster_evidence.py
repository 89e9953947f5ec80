"""The evidence is the model's, and one cluster says that nothing was tried."""

from dataclasses import replace

from crm_pipeline.models.clustering import FittedSegments
from crm_pipeline.models.clustering_choice import Evidence
from crm_pipeline.models.clustering_density_choice import DensityEvidence
from crm_pipeline.models.clustering_hdbscan import DensitySegments
from crm_pipeline.segments import cluster_evidence, cluster_model
from crm_pipeline_tests.kit import built_rows

DAY = "2024-02-01"


def _model(fitted: FittedSegments | DensitySegments):
    one = built_rows(cluster_model, snapshot_date=DAY, customer_features="customer_id\nada")
    return one.assign(artifact=fitted.to_json(), cluster_count=fitted.k)


def test_one_row_per_k_and_the_chosen_one_is_marked(assert_builds):
    fitted = FittedSegments(
        scales=(),
        scaled_centers=((),) * 4,
        feature_centers=((),) * 4,
        cluster_ids=(1, 2, 3, 4),
        cluster_labels=("a", "b", "c", "d"),
        shares=(0.4, 0.3, 0.2, 0.1),
        next_cluster_id=5,
        tried=(Evidence(3, 2.5, 0.25, 0.8, 0.7, 0.6), Evidence(4, 2.0, float("nan"), 0.95, 0.9, 0.85, 2.2)),
        notes=("by hand",),
    )
    assert_builds(
        cluster_evidence,
        snapshot_date=DAY,
        cluster_model=_model(fitted),
        expected="""k, inertia, single_split_inertia, silhouette, ari_mean, ari_p05, jaccard_min, is_chosen
                    3, 2.5,     ,                     0.25,       0.80,     0.7,     0.60,        false
                    4, 2.0,     2.2,                  ,           0.95,     0.9,     0.85,        true""",
    )


def test_sizes_of_density_clusters_and_the_chosen_one(assert_builds):
    fitted = DensitySegments(
        scales=(),
        points=((),),
        core_distances=(0.0,),
        point_labels=(0,),
        reaches=(1.0, 1.0),
        feature_centers=((),) * 2,
        cluster_ids=(1, 2),
        cluster_labels=("a", "b"),
        shares=(0.5, 0.3),
        min_cluster_size=40,
        next_cluster_id=3,
        tried=(
            DensityEvidence(20, 2, 0.3, 0.2, 0.1, 0.8, 0.7, 0.6),
            DensityEvidence(40, 2, 0.2, 0.3, 0.2, 0.95, 0.9, 0.85),
            DensityEvidence(80, 0, 1.0, *[float("nan")] * 5),
        ),
        notes=("by hand",),
    )
    columns = (
        "k, min_cluster_size, inertia, silhouette, validity, outlier_share, ari_mean, ari_p05, jaccard_min, is_chosen"
    )
    rows = """
        2, 20, , 0.2, 0.1, 0.3, 0.80, 0.7, 0.60, false
        2, 40, , 0.3, 0.2, 0.2, 0.95, 0.9, 0.85, true"""
    none = "\n0, 80, , , , 1.0, , , , false"
    assert_builds(cluster_evidence, snapshot_date=DAY, cluster_model=_model(fitted), expected=f"{columns}{rows}{none}")
    # one cluster had to do: a row of its own says so
    alone = replace(fitted, min_cluster_size=None, tried=fitted.tried[2:], cluster_ids=(1,))
    assert_builds(
        cluster_evidence,
        snapshot_date=DAY,
        cluster_model=_model(alone),
        expected=f"{columns}{none}\n1, 0, , , , , , , , true",
    )


def test_too_few_customers_to_try_any(assert_builds):
    assert_builds(
        cluster_evidence,
        snapshot_date=DAY,
        cluster_model=built_rows(cluster_model, snapshot_date=DAY, customer_features="customer_id\nada"),
        expected="k, inertia, silhouette, ari_mean, ari_p05, jaccard_min, is_chosen\n1, , , , , , true",
    )


def test_no_model(assert_builds):
    assert_builds(cluster_evidence, snapshot_date=DAY, expected="k, is_chosen")
