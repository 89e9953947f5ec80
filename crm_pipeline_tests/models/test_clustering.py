"""Clusters are proved on shops whose groups are known, and by laws: order, units and company of rows do not matter."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from crm_pipeline.models.clustering import ALL_CUSTOMERS, FittedSegments, fit_segments
from crm_pipeline.models.clustering_choice import Evidence, choose_k, single_split_inertia
from crm_pipeline.models.clustering_labels import cluster_labels
from crm_pipeline.models.clustering_scaling import fit_scales

# Days since the last order, orders, spend, share bought at a discount; each group spreads by a tenth around these.
GROUPS = {"best": (3, 40, 4000, 0.1), "hunters": (20, 15, 600, 0.6), "gone": (200, 4, 150, 0.1), "new": (5, 2, 60, 0.1)}
FEATURES = ["days_since_last_order", "order_count", "spend_amount", "discount_share"]


def shop(seed: int = 0, size: int = 150, groups: Mapping[str, tuple[float, ...]] = GROUPS) -> pd.DataFrame:
    """`size` customers of each group, with the group as index."""
    rng = np.random.default_rng(seed)
    values = np.vstack([np.array(center) * rng.normal(1, 0.1, (size, len(FEATURES))) for center in groups.values()])
    frame = pd.DataFrame(values, columns=FEATURES, index=pd.Index(np.repeat(list(groups), size), name="group"))
    frame.insert(0, "customer_id", [f"c{number:05d}" for number in range(len(frame))])
    return frame


@pytest.fixture(scope="module")
def fitted() -> FittedSegments:
    return fit_segments(shop(), k_range=(3, 4, 5))


def label_of(fitted: FittedSegments, frame: pd.DataFrame) -> "pd.Series[str]":
    return fitted.predict(frame).groupby("group")["cluster_label"].agg(lambda labels: labels.mode()[0])


def test_finds_the_groups_a_shop_was_made_of(fitted: FittedSegments) -> None:
    labels = fitted.predict(shop())
    assert fitted.k == 4
    assert adjusted_rand_score(labels.index, labels["cluster_id"]) > 0.97
    assert fitted.notes[0].startswith("k = 4: the largest of 3, 4, 5 whose clusters come back in resampled customers")


def test_evidence_tells_stable_from_unstable_k(fitted: FittedSegments) -> None:
    evidence = fitted.evidence.set_index("k")
    figures = ["inertia", "silhouette", "ari_mean", "ari_p05", "jaccard_min", "single_split_inertia"]
    assert list(evidence.columns) == figures
    assert evidence["ari_mean"].tolist()[1] > 0.97 > evidence["ari_mean"].tolist()[2]
    assert evidence["jaccard_min"].tolist()[1] > 0.95 > 0.75 > evidence["jaccard_min"].tolist()[2]
    assert evidence["silhouette"].idxmax() == 4
    assert evidence["inertia"].is_monotonic_decreasing
    assert (evidence["inertia"] <= evidence["single_split_inertia"] + 1e-9).all()  # one feature is among all


def test_a_split_on_one_feature_by_hand() -> None:
    points = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 10.0], [2.0, 10.0]])
    # by the second feature: each point is 1 from its centre; by the first, 5
    assert single_split_inertia(points, 2) == pytest.approx(1.0)
    assert single_split_inertia(points[:, :1], 2) == 0.0


def test_labels_say_what_sets_a_cluster_apart(fitted: FittedSegments) -> None:
    labels = label_of(fitted, shop())
    assert "high-value" in labels["best"] or "active" in labels["best"]
    assert "price-sensitive" in labels["hunters"]
    assert "dormant" in labels["gone"]
    assert "potential" in labels["new"] or "low-value" in labels["new"] or "occasional" in labels["new"]


def test_centers_are_in_the_units_of_the_features(fitted: FittedSegments) -> None:
    """The median customer of a group is near the numbers that the group was made of."""
    hunters = fitted.centers[fitted.centers["cluster_label"].str.contains("price-sensitive")].iloc[0]
    assert hunters[FEATURES].tolist() == pytest.approx(GROUPS["hunters"], rel=0.1)
    assert fitted.centers["customer_share"].sum() == pytest.approx(1)


def test_order_of_rows_and_columns_does_not_matter(fitted: FittedSegments) -> None:
    shuffled = shop().sample(frac=1, random_state=3)[["spend_amount", *FEATURES[:2], "customer_id", "discount_share"]]
    assert fit_segments(shuffled, k_range=(3, 4, 5)) == fitted


def test_units_do_not_matter(fitted: FittedSegments) -> None:
    cents = shop().assign(spend_amount=lambda frame: frame["spend_amount"] * 100)
    labels = fit_segments(cents, k_range=(3, 4, 5)).predict(cents)
    pd.testing.assert_frame_equal(labels, fitted.predict(shop()))


def test_a_customer_is_placed_alike_alone_and_among_all(fitted: FittedSegments) -> None:
    frame = shop(seed=9)
    pd.testing.assert_frame_equal(fitted.predict(frame.iloc[[7]]), fitted.predict(frame).iloc[[7]])


def test_json_keeps_every_label(fitted: FittedSegments) -> None:
    restored = FittedSegments.from_json(fitted.to_json())
    assert restored == fitted
    pd.testing.assert_frame_equal(restored.predict(shop(1)), fitted.predict(shop(1)))
    with pytest.raises(ValueError, match="not stored segments"):
        FittedSegments.from_json("[]")


def test_ids_and_labels_stay_while_the_groups_drift(fitted: FittedSegments) -> None:
    drifted = {
        name: (days * 1.1, orders * 1.1, spend * 1.15, share) for name, (days, orders, spend, share) in GROUPS.items()
    }
    sizes = shop(seed=1, groups=drifted)
    later = sizes[(sizes.index != "best") | (np.arange(len(sizes)) % 3 == 0)]  # another group is the largest now
    again = fit_segments(later, k_range=(3, 4, 5), previous_centers=fitted.centers)
    assert again.notes[1:] == ()
    pd.testing.assert_series_equal(label_of(again, later), label_of(fitted, shop()))
    assert again.next_cluster_id == fitted.next_cluster_id == 5


def test_a_cluster_that_came_far_gets_a_new_id(fitted: FittedSegments) -> None:
    changed = GROUPS | {"hunters": (60.0, 300.0, 90_000.0, 0.95)}
    frame = shop(seed=2, groups=changed)
    again = fit_segments(frame, k_range=(4,), previous_centers=fitted.centers, next_cluster_id=fitted.next_cluster_id)
    ids = again.predict(frame).groupby("group")["cluster_id"].first()
    before = fitted.predict(shop()).groupby("group")["cluster_id"].first()
    assert ids["hunters"] == 5
    assert ids[["gone", "new"]].tolist() == before[["gone", "new"]].tolist()
    assert any("cluster 5 is new" in note for note in again.notes)
    assert any(note == f"no longer found: cluster {before['hunters']}" for note in again.notes)
    assert again.next_cluster_id == 6


def test_ids_are_new_when_features_are(fitted: FittedSegments) -> None:
    earlier = fitted.centers.drop(columns="discount_share")
    again = fit_segments(shop(), k_range=(4,), previous_centers=earlier)
    assert sorted(again.cluster_ids) == [5, 6, 7, 8]
    assert "all ids are new: the earlier centres lack discount_share" in again.notes


def test_previous_centers_must_be_centers() -> None:
    with pytest.raises(ValueError, match="previous_centers must be the `centers` of fitted segments"):
        fit_segments(shop(), k_range=(3,), previous_centers=shop())


def test_centers_are_not_cut_off_by_clipping() -> None:
    """A tenth of the customers spend so much that the scale clips them; their centre is still what they spend."""
    frame = shop(size=150, groups=GROUPS | {"best": (3, 40, 4_000_000, 0.1)})
    frame = frame[(frame.index != "best") | (np.arange(len(frame)) % 3 == 0)]
    assert fit_segments(frame, k_range=(4,)).centers["spend_amount"].max() == pytest.approx(4_000_000, rel=0.1)


def test_without_structure_the_borders_are_called_arbitrary() -> None:
    noise = pd.DataFrame(np.random.default_rng(0).normal(size=(400, 6)), columns=[f"feature_{i}" for i in range(6)])
    fitted = fit_segments(noise.assign(customer_id=range(400)), k_range=(3, 4))
    assert "none of 3, 4 is stable" in fitted.notes[0]
    assert "arbitrary" in fitted.notes[0]


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (shop(size=10), "one cluster: 40 customers"),
        (shop().head(1), "one cluster: 1 customer "),
        (shop().assign(**dict.fromkeys(FEATURES, 1.0)), "600 customers with 1 different profile,"),
        (shop().assign(**dict.fromkeys(FEATURES, np.nan)), "600 customers with 1 different profile,"),
    ],
    ids=["few", "one", "constant", "all missing"],
)
def test_too_little_to_cluster_is_one_cluster_and_says_why(frame: pd.DataFrame, why: str) -> None:
    fitted = fit_segments(frame)
    labels = fitted.predict(frame)
    assert set(labels["cluster_label"]) == {ALL_CUSTOMERS}
    assert set(labels["cluster_id"]) == {1}
    assert why in fitted.notes[0]
    assert fitted.evidence.empty
    assert FittedSegments.from_json(fitted.to_json()) == fitted


def test_missing_values_count_as_the_median(fitted: FittedSegments) -> None:
    row = shop().head(1)
    medians = {scale.name: float(scale.inverse(np.zeros(1))[0]) for scale in fitted.scales}
    blank, median = row.assign(**dict.fromkeys(FEATURES, np.nan)), row.assign(**medians)
    assert fitted.predict(blank)["cluster_id"].item() == fitted.predict(median)["cluster_id"].item()


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (shop().drop(columns="customer_id"), "column 'customer_id' is missing"),
        (shop().assign(customer_id="same"), "599 rows repeat a customer_id"),
        (shop().assign(customer_id=None), "600 customers have no customer_id"),
        (shop()[["customer_id"]], "no features beside customer_id"),
        (shop().assign(city="Cologne"), "feature 'city' is not numeric"),
        (shop().assign(order_count=np.inf), "feature 'order_count' holds an infinite value at position 0"),
        (shop().head(0), "no customers"),
    ],
)
def test_bad_input_is_named(frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit_segments(frame)


def test_predict_names_a_missing_feature(fitted: FittedSegments) -> None:
    with pytest.raises(ValueError, match="feature 'order_count' is missing"):
        fitted.predict(shop().drop(columns="order_count"))


def test_k_is_the_largest_stable_one_else_the_most_stable() -> None:
    def row(k: int, mean: float, p05: float, jaccard: float = 0.9) -> Evidence:
        return Evidence(k, inertia=1.0, silhouette=0.5, ari_mean=mean, ari_p05=p05, jaccard_min=jaccard)

    assert choose_k([row(3, 0.99, 0.95), row(4, 0.91, 0.81), row(5, 0.95, 0.79)])[0].k == 4
    assert choose_k([row(3, 0.99, 0.95), row(4, 0.95, 0.90, jaccard=0.6)])[0].k == 3
    assert choose_k([row(3, 0.80, 0.70), row(4, 0.89, 0.85), row(5, 0.89, 0.60)])[0].k == 4


def test_labels_are_unique_and_average_is_said() -> None:
    """Two clusters deviate alike, one hardly: the second of the pair needs a further word, the third is average."""
    centers = np.array([[2.0, -0.1], [2.0, 0.1], [-1.0, 0.0], [0.0, 0.0]])
    labels = cluster_labels(["spend_amount", "discount_share"], centers, np.array([0.1, 0.1, 0.4, 0.4]), [None] * 4)
    assert labels == ("high-value", "high-value, price-sensitive", "low-value", "average")


def test_a_label_stays_while_it_is_true() -> None:
    centers = np.array([[0.5, 0.6], [-0.5, -0.6]])
    names, shares = ["spend_amount", "order_count"], np.array([0.5, 0.5])
    assert cluster_labels(names, centers, shares, ["high-value", "active"]) == ("high-value", "occasional, low-value")


@settings(max_examples=50)
@given(st.lists(st.one_of(st.none(), st.floats(-1e9, 1e9)), min_size=2, max_size=60))
def test_scaling_is_bounded_and_keeps_order(values: list[float | None]) -> None:
    column = np.array([np.nan if value is None else value for value in values], dtype=float)
    scales, notes = fit_scales(["x"], column[:, None])
    if not scales:
        assert notes == ["the same for every customer, not used: x"]
        return
    scaled = scales[0].transform(column)
    known = ~np.isnan(column)
    assert (np.abs(scaled) <= 3).all()
    assert (np.diff(scaled[known][np.argsort(column[known], kind="stable")]) >= 0).all()
