"""Density clusters are proved on shapes that K-means cannot find, on noise of known places, and by laws."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import make_moons
from sklearn.metrics import adjusted_rand_score

from crm_pipeline.models.clustering import ALL_CUSTOMERS, FittedSegments, fit_segments
from crm_pipeline.models.clustering_density import DensityClusters, core_distances, density_validity, one_cluster
from crm_pipeline.models.clustering_density_choice import DensityEvidence, choose_size, sizes_to_try
from crm_pipeline.models.clustering_hdbscan import (
    NOT_OUTLIERS,
    OUTLIER_ID,
    OUTLIERS,
    DensitySegments,
    fit_density_segments,
)
from crm_pipeline.models.clustering_stored import segments_from_json
from crm_pipeline_tests.models.test_clustering import shop


def moons(size: int = 600, noise: int = 40, seed: int = 0) -> pd.DataFrame:
    """Two half moons and, around them, noise far from both; the group is the index: 0, 1, noise -1."""
    rng = np.random.default_rng(seed)
    points, group = make_moons(size, noise=0.05, random_state=seed)
    around = rng.uniform(-2.5, 3.5, (20 * noise, 2))
    apart = np.sqrt(((around[:, None] - points[None]) ** 2).sum(axis=2)).min(axis=1) > 0.35
    points = np.vstack([points, around[apart][:noise]])
    frame = pd.DataFrame(points, columns=["spend_amount", "order_count"], index=np.append(group, [-1] * noise))
    return frame.assign(customer_id=[f"c{number:05d}" for number in range(len(frame))])


@pytest.fixture(scope="module")
def fitted() -> DensitySegments:
    return fit_density_segments(moons())


def test_moons_are_found_and_the_noise_is_left_out(fitted: DensitySegments) -> None:
    found = fitted.predict(moons())
    assert fitted.k == 2
    assert adjusted_rand_score(found.index, found["cluster_id"]) > 0.95
    assert (found.loc[-1, "cluster_label"] == OUTLIERS).mean() > 0.95
    assert set(found["cluster_id"]) == {OUTLIER_ID, 1, 2}
    assert ((found["cluster_id"] == OUTLIER_ID) == (found["cluster_label"] == OUTLIERS)).all()
    kmeans = fit_segments(moons(), k_range=(2,)).predict(moons())
    assert adjusted_rand_score(found.index, kmeans["cluster_id"]) < 0.6


def test_groups_of_a_shop_are_found() -> None:
    frame = shop()
    found = fit_density_segments(frame)
    assert found.k == 4
    assert adjusted_rand_score(frame.index, found.predict(frame)["cluster_id"]) > 0.95


def test_new_customers_are_placed_with_those_they_are_like(fitted: DensitySegments) -> None:
    new = moons(seed=5)
    found = fitted.predict(new)
    assert adjusted_rand_score(found.index, found["cluster_id"]) > 0.9


def test_one_row_is_placed_as_among_many(fitted: DensitySegments) -> None:
    new = moons(seed=5)
    among = fitted.predict(new)
    for row in (0, 7, 620, 639):
        pd.testing.assert_frame_equal(fitted.predict(new.iloc[[row]]), among.iloc[[row]])


def test_sampled_customers_keep_what_the_fit_gave_them(fitted: DensitySegments) -> None:
    points, labels = np.array(fitted.points), np.array(fitted.point_labels)
    assert (fitted._clusters.assign(points) == labels).all()


def test_order_of_rows_and_columns_does_not_matter(fitted: DensitySegments) -> None:
    shuffled = moons().sample(frac=1, random_state=3)[["order_count", "customer_id", "spend_amount"]]
    assert fit_density_segments(shuffled) == fitted


def test_units_do_not_matter(fitted: DensitySegments) -> None:
    cents = moons().assign(spend_amount=lambda frame: frame["spend_amount"] * 100)
    pd.testing.assert_frame_equal(fit_density_segments(cents).predict(cents), fitted.predict(moons()))


def test_ids_and_labels_stay_while_customers_come_and_go(fitted: DensitySegments) -> None:
    later = moons(seed=1).iloc[150:]  # the order of the sizes may turn
    again = fit_density_segments(later, previous_centers=fitted.centers, next_cluster_id=fitted.next_cluster_id)
    before, after = (
        frame.groupby(level=0)["cluster_label"].agg(lambda labels: labels.mode()[0])
        for frame in (fitted.predict(moons()), again.predict(later))
    )
    assert before.tolist() == after.tolist()
    assert set(again.cluster_ids) == {1, 2} and again.next_cluster_id == 3


def test_ids_stay_when_the_way_of_clustering_changes() -> None:
    by_means = fit_segments(shop(), k_range=(4,))
    by_density = fit_density_segments(shop(), previous_centers=by_means.centers, next_cluster_id=5)
    pd.testing.assert_series_equal(
        by_density.predict(shop()).groupby(level=0)["cluster_id"].max(),
        by_means.predict(shop()).groupby(level=0)["cluster_id"].max(),
    )


def test_json_keeps_every_label_and_tells_the_kind(fitted: DensitySegments) -> None:
    restored = segments_from_json(fitted.to_json())
    assert isinstance(restored, DensitySegments) and restored.to_json() == fitted.to_json()
    pd.testing.assert_frame_equal(restored.predict(moons(seed=1)), fitted.predict(moons(seed=1)))
    assert isinstance(segments_from_json(fit_segments(shop(), k_range=(4,)).to_json()), FittedSegments)
    with pytest.raises(ValueError, match="not stored segments"):
        segments_from_json("[]")


def test_notes_say_why_and_who_the_outliers_are(fitted: DensitySegments) -> None:
    assert fitted.notes[0].startswith("2 density clusters of at least")
    assert "outliers, who have too few others like them: most unusual in" in fitted.notes[1]
    assert fitted.evidence["min_cluster_size"].tolist() == [20, 32, 64]
    assert sum(fitted.shares) == pytest.approx((np.array(fitted.point_labels) >= 0).mean())


def test_one_cloud_is_one_cluster_and_outliers() -> None:
    cloud = np.random.default_rng(0).normal(size=(300, 4))
    cloud[:5] *= 20
    frame = pd.DataFrame(cloud, columns=["spend_amount", "order_count", "gap", "discount"]).assign(
        customer_id=range(300)
    )
    found = fit_density_segments(frame)
    labels = found.predict(frame)
    assert found.k == 1 and "no size of" in found.notes[0]
    assert set(labels["cluster_label"].iloc[:5]) == {OUTLIERS}
    assert (labels["cluster_label"] == NOT_OUTLIERS).mean() > 0.9


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (shop(size=5), "20 customers with 20 different profiles"),
        (shop().head(1), "1 customer with"),
        (shop().assign(**{name: 1.0 for name in shop().columns if name != "customer_id"}), "1 different profile,"),
    ],
    ids=["few", "one", "constant"],
)
def test_too_little_to_cluster_is_one_cluster_and_says_why(frame: pd.DataFrame, why: str) -> None:
    found = fit_density_segments(frame)
    assert set(found.predict(frame)["cluster_label"]) == {ALL_CUSTOMERS}
    assert why in found.notes[0] and found.notes[1] == "no outliers" and found.tried == ()
    assert segments_from_json(found.to_json()) == found


def test_validity_by_hand() -> None:
    """Two pairs, 1 wide and 9 apart: each is worth (9 - 1) / 9; a fifth point, an outlier, counts as 0."""
    points = np.array([[0.0], [1.0], [10.0], [11.0], [100.0]])
    clusters = DensityClusters(points, np.zeros(5), np.array([0, 0, 1, 1, -1]), np.ones(2))
    assert density_validity(clusters) == pytest.approx(0.8 * 8 / 9)
    assert np.isnan(density_validity(replace(clusters, labels=np.array([0, 0, 0, 0, -1]), reaches=np.ones(1))))


def test_the_stable_size_with_most_clusters_is_chosen() -> None:
    def row(size: int, k: int, ari: float = 0.95, outliers: float = 0.1, validity: float = 0.1) -> DensityEvidence:
        return DensityEvidence(size, k, outliers, 0.3, validity, ari, 0.85, 0.9)

    def chosen(*rows: DensityEvidence) -> int | None:
        best = choose_size(rows)[0]
        return None if best is None else best.min_cluster_size

    assert chosen(row(20, 5, ari=0.7), row(40, 3), row(80, 2)) == 40
    assert chosen(row(20, 3), row(40, 3, validity=0.2), row(80, 3, validity=0.2)) == 80
    assert chosen(row(20, 3, outliers=0.6), row(40, 1)) is None


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-50, 50), min_size=1, max_size=60))
def test_one_cluster_reaches_all_but_its_outliers(values: list[int]) -> None:
    points = np.array(values, dtype=float)[:, None]
    clusters = one_cluster(points)
    assert (clusters.assign(points) == clusters.labels).all()
    assert (clusters.labels == 0).any()
    assert clusters.core_distances.tolist() == core_distances(points).tolist()


def test_sizes_grow_with_the_sample() -> None:
    assert sizes_to_try(39) == [] and sizes_to_try(40) == [20] and sizes_to_try(5000) == [25, 50, 100, 250, 500]
