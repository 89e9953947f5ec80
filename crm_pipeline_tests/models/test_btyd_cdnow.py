"""CDNOW, 39 weeks ahead of 39 weeks, by which the literature judges these models."""

from pathlib import Path

import lifetimes
import numpy as np
import pandas as pd
import pytest

from crm_pipeline.models.btyd import fit_btyd, naive_clv
from crm_pipeline.models.btyd_fitting import Wanted

DAYS = 39 * 7
SPLIT = pd.Timestamp("1997-09-30")


def cdnow(name: str) -> pd.DataFrame:
    """One row per customer: history of the first 39 weeks, and `later`, repeat order days of the next 39."""
    path = Path(lifetimes.__file__).parent / "datasets" / f"CDNOW_{name}.txt"
    columns = ["customer_id", "day"] if name == "master" else ["master_id", "customer_id", "day"]
    lines = pd.read_csv(path, sep=r"\s+", skiprows=int(name == "master"), header=None, usecols=range(len(columns)))
    lines.columns = pd.Index(columns)
    lines["day"] = pd.to_datetime(lines["day"].astype(str))
    days = lines[["customer_id", "day"]].drop_duplicates()
    known, later = days[days["day"] <= SPLIT], days[days["day"] > SPLIT]
    seen = known.groupby("customer_id")["day"].agg(["min", "max", "count"])
    return pd.DataFrame(
        {
            "frequency": seen["count"] - 1,
            "recency": (seen["max"] - seen["min"]).dt.days,
            "T": (SPLIT - seen["min"]).dt.days,
            "monetary_value": 1.0,
            "later": later.groupby("customer_id").size().reindex(seen.index, fill_value=0),
        }
    )


def figures(expected: "pd.Series[float]", actual: "pd.Series[int]") -> tuple[float, float, float]:
    """Correlation, mean absolute error, and the total's bias."""
    return (
        float(np.corrcoef(expected, actual)[0, 1]),
        float((expected - actual).abs().mean()),
        float(expected.sum() / actual.sum() - 1),
    )


@pytest.mark.parametrize(
    ("family", "name", "customers", "expected"),
    [
        ("auto", "sample", 2357, (0.630, 0.755, -0.115)),
        ("auto", "master", 23570, (0.671, 0.794, -0.129)),
        ("bg_nbd", "sample", 2357, (0.626, 0.785, -0.121)),
        ("bg_nbd", "master", 23570, (0.669, 0.819, -0.143)),
    ],
)
def test_the_next_39_weeks_are_foreseen(
    family: Wanted, name: str, customers: int, expected: tuple[float, float, float]
) -> None:
    """Those of the sample are also plain lifetimes', by Pareto/NBD and BG/NBD; on every count better than the rule."""
    frame = cdnow(name)
    assert len(frame) == customers
    found = figures(fit_btyd(frame, DAYS, purchases=family).predict(frame)["expected_purchases"], frame["later"])
    assert found == pytest.approx(expected, abs=1e-3)
    rule = figures(naive_clv(frame, DAYS), frame["later"])
    assert found[0] > rule[0] and found[1] < rule[1] and abs(found[2]) < abs(rule[2])
