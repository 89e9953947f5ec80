"""Features of candidates, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from crm_pipeline.models.purchase_history import PurchaseHistory
from crm_pipeline.models.ranking import similarity_for
from crm_pipeline.models.ranking_candidates import CandidateSettings, generate_candidates
from crm_pipeline.models.ranking_features import new_features, own_features, usual_gap_days
from crm_pipeline_tests.models.ranking_shops import Line, frames, history

# ada ordered tea on days 50, 30 and 10 before, rye once, on day 30
LINES: list[Line] = [("ada", "tea", 50), ("ada", "tea", 30), ("ada", "tea", 10), ("ada", "rye", 30), ("bob", "ale", 5)]
SETTINGS = CandidateSettings(min_customers=1)


def _features(is_new: bool) -> dict[str, list[float]]:
    known = history(LINES)
    candidates = generate_candidates(known, similarity_for(known, SETTINGS), SETTINGS)
    of = new_features if is_new else own_features
    rows = candidates.where((candidates.customer == 0) & (candidates.is_new == is_new))
    return {name: values.tolist() for name, values in of(rows).items()}


def test_gaps() -> None:
    # by customer and product: ada's rye, ada's tea, bob's ale
    np.testing.assert_array_equal(usual_gap_days(history(LINES).interactions), [np.nan, 20, np.nan])


def test_own() -> None:
    found = _features(False)  # rye, tea
    assert found["due"] == pytest.approx([0, math.log(10 / 20)])
    assert found["overdue"] == [0, 0]
    assert found["is_single"] == [1, 0]
    assert found["single_days_since"] == pytest.approx([math.log(31), 0])
    assert found["count"] == pytest.approx([math.log(2), math.log(4)])
    assert found["order_share"] == pytest.approx([math.sqrt(1 / 3), 1])
    assert found["order_share_30d"] == pytest.approx([math.sqrt(1 / 2), 1])
    assert found["rate"] == pytest.approx([math.log(1 / 37), math.log(3 / 57)])
    assert found["product_recent_share"] == pytest.approx([math.log(1.5 / 4), math.log(2.5 / 4)])  # 4 lines in 30 days


def test_new() -> None:
    found = _features(True)  # ale
    assert found["similarity"] == pytest.approx([math.log(1e-4)])
    assert found["breadth"] == pytest.approx([math.log(3)])
    assert found["breadth_per_order"] == pytest.approx([math.log(3 / 3)])
    assert found["customer_orders_30d"] == pytest.approx([math.log(3)])


def test_the_kind_of_a_new_product() -> None:
    given = frames(LINES)
    products = given["products"].assign(kind=given["products"]["product_id"].map({"ale": 0, "rye": 0, "tea": 1}))
    known = PurchaseHistory.from_frames(given["interactions"], given["customers"], products)
    candidates = generate_candidates(known, similarity_for(known, SETTINGS), SETTINGS)
    ale = new_features(candidates.where((candidates.customer == 0) & candidates.is_new))
    # ada's rye weighs 2 ln 2 and her tea 4 ln 2; two of the five orders are of the first kind, two of them lately
    assert ale["kind_affinity"].tolist() == pytest.approx([math.log(1 / 3 + 0.05 * 0.4 + 1e-6)])
    assert ale["kind_share"].tolist() == pytest.approx([math.log(0.4 + 1e-6)])
    assert ale["share_of_kind"].tolist() == pytest.approx([math.log(1.5 / 3)])


def test_without_kinds_they_say_nothing() -> None:
    found = _features(True)
    assert [found[name] for name in ("kind_affinity", "kind_share", "share_of_kind")] == [[0], [0], [0]]


def test_all_are_finite() -> None:
    for is_new in (False, True):
        assert all(np.isfinite(values).all() for values in _features(is_new).values())
