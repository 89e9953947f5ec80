"""Reason codes by hand, and their words."""

import numpy as np
import pandas as pd
import pytest

from crm_pipeline.models.reason_words import DIRECTIONS, SENTENCES
from crm_pipeline.models.reasons import LANGUAGES, family, feature_name, reason_text, top_reasons

CONTRIBUTIONS = pd.DataFrame(
    {
        "days_since_last_order": [0.5, -1.0, 0.0],
        "order_count_30d": [2.0, 0.5, 0.0],
        "order_count_90d": [-1.0, -1.5, 0.0],
        "shoe_size": [-0.5, 0.2, 0.0],
    }
)
VALUES = pd.DataFrame(
    {
        "days_since_last_order": [40, 2, 1],
        "order_count_30d": [0, 9, 1],
        "order_count_90d": [1, 20, 1],
        "shoe_size": [38.0, np.nan, 1],
    }
)


def test_top_reasons_by_hand():
    reasons = top_reasons(CONTRIBUTIONS, VALUES, k=3)
    # row 0, total 1.0: frequency +1.0, silence +0.5, shoe size -0.5; of 2.0
    assert reasons.loc[0, ["reason_1", "reason_2", "reason_3"]].tolist() == [
        "order_count_30d:raises",
        "days_since_last_order:raises",
        "shoe_size:lowers",
    ]
    assert reasons.loc[0, ["reason_1_share", "reason_2_share", "reason_3_share"]].tolist() == [0.5, 0.25, 0.25]
    assert reasons.loc[0, ["reason_1_value", "reason_2_value", "reason_3_value"]].tolist() == [0, 40, 38]
    # row 1, total -1.8: silence -1.0 and frequency -1.0 (by the 90 days), ties in the order of the columns
    assert reasons.loc[1, ["reason_1", "reason_2", "reason_3"]].tolist() == [
        "days_since_last_order:lowers",
        "order_count_90d:lowers",
        "shoe_size:raises",
    ]
    assert np.isnan(reasons.loc[1, "reason_3_value"])


def test_nothing_contributes_nothing_is_said():
    row = top_reasons(CONTRIBUTIONS, VALUES, k=5).loc[2]
    assert row[[f"reason_{i}" for i in range(1, 6)]].isna().all()
    assert (row[[f"reason_{i}_share" for i in range(1, 6)]] == 0).all()


def test_a_plain_feature_speaks_for_its_family():
    parts = pd.DataFrame({"weighted_day_count_30d": [2.0, 2.0], "order_count_30d": [0.1, -0.1]})
    reasons = top_reasons(parts, parts, k=1)
    assert reasons["reason_1"].tolist() == ["order_count_30d:raises", "weighted_day_count_30d:raises"]


def test_families():
    assert family("spend_amount_30d") == family("spend_amount") == "spend"
    assert family("shoe_size_30d") == "shoe_size_30d"


@pytest.mark.parametrize(
    ("code", "value", "language", "text"),
    [
        ("days_since_last_order:raises", 45, "en", "Days since the last order: 45; raises the risk of leaving."),
        ("order_count_90d:lowers", 12.0, "en", "Orders in the last 90 days: 12; lowers the risk of leaving."),
        ("spend_amount_30d:raises", 1234.5, "en", "Spent 1,234.50 in the last 30 days; raises the risk of leaving."),
        (
            "spend_amount_30d:raises",
            1234.5,
            "de",
            "Ausgaben von 1.234,50 in den letzten 30 Tagen; erhöht das Abwanderungsrisiko.",
        ),
        ("discount_share:lowers", 0.256, "en", "26% of list prices saved; lowers the risk of leaving."),
        ("shoe_size:lowers", 38.5, "en", "shoe size: 38.5; lowers the risk of leaving."),
        ("mean_gap_days:raises", float("nan"), "en", "mean gap days: unknown; raises the risk of leaving."),
        ("mean_gap_days:raises", None, "de", "mean gap days: unbekannt; erhöht das Abwanderungsrisiko."),
    ],
)
def test_words(code, value, language, text):
    assert reason_text(code, value, language) == text


def test_every_sentence_speaks_every_language():
    assert set(LANGUAGES) == set(DIRECTIONS)
    for sentence in SENTENCES:
        for language in LANGUAGES:
            assert reason_text(f"{sentence.feature}:raises", 0.5, language)


@pytest.mark.parametrize(
    ("code", "language", "message"),
    [
        ("days_since_last_order:raises", "xx", "no words for language 'xx'"),
        ("days_since_last_order", "en", "not a reason code"),
        (":raises", "en", "not a reason code"),
    ],
)
def test_refuses(code, language, message):
    with pytest.raises(ValueError, match=message):
        reason_text(code, 1.0, language)


def test_refuses_columns_that_differ():
    with pytest.raises(ValueError, match="same columns"):
        top_reasons(CONTRIBUTIONS, VALUES[["shoe_size"]])
    with pytest.raises(ValueError, match="k must be"):
        top_reasons(CONTRIBUTIONS, VALUES, k=0)


@pytest.mark.parametrize(
    ("feature", "language", "name"),
    [
        ("order_count_90d", "en", "Orders in the last 90 days"),
        ("order_count_90d", "de", "Bestellungen in den letzten 90 Tagen"),
        ("order_count_90d", "zh", "近 90 天订单数"),
        ("order_day_trend", "en", "Trend of order days"),
        ("order_day_rate", "en", "Orders on … of all days"),
        ("days_since_last_order_ratio", "de", "Das …-Fache der üblichen Pause ohne Bestellung"),
        ("spend_amount_30d", "en", "Spent in the last 30 days"),
        ("monetary_value", "en", "Spend per repeat order day"),
        ("my_own_feature", "zh", "my own feature"),
    ],
)
def test_what_a_feature_measures(feature: str, language: str, name: str) -> None:
    assert feature_name(feature, language) == name
