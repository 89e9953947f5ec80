"""The comparison: what an analyst's notebook does with the same shop, in pandas, lifetimes and scikit-learn.

`python -m benchmarks.notebook_way PROJECT --snapshot DATE` prints one JSON object: seconds per step. One snapshot, data
assumed clean, nothing checked, stored, versioned or explained. The code is what a careful analyst writes: vectorised,
with sparse matrices, on the columns it needs. Needs a simulated shop in Parquet, see `crm_pipeline.simulation`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pa_parquet
from lifetimes import BetaGeoFitter, GammaGammaFitter
from lifetimes.utils import summary_data_from_transaction_data
from scipy import sparse
from sklearn.cluster import KMeans
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score, silhouette_score
from sklearn.preprocessing import StandardScaler

CHURN_DAYS, CLV_DAYS = 30, 90
RECOMMENDATIONS, NEIGHBOURS, BATCH = 10, 100, 5_000
SILHOUETTE_SAMPLE = 5_000
COLUMNS = ["order_id", "customer_id", "product_id", "ordered_at", "quantity", "net_amount"]


def load_lines(project: Path, snapshot: pd.Timestamp) -> pd.DataFrame:
    """Lines before the snapshot; amounts as floats, because a frame of Python Decimals would take minutes."""
    table = pa_parquet.read_table(project / "order_lines.parquet", columns=COLUMNS)
    position = table.column_names.index("net_amount")
    table = table.set_column(position, "net_amount", table["net_amount"].cast(pa.float64()))
    lines: pd.DataFrame = table.to_pandas()
    return lines[lines["ordered_at"] < snapshot]


def rfm(lines: pd.DataFrame, snapshot: pd.Timestamp) -> pd.DataFrame:
    """The lifetimes summary per customer, with quintile scores."""
    sales = lines[lines["quantity"] > 0]
    orders = sales.groupby(["customer_id", "order_id", "ordered_at"], as_index=False)["net_amount"].sum()
    summary: pd.DataFrame = summary_data_from_transaction_data(
        orders, "customer_id", "ordered_at", "net_amount", observation_period_end=snapshot
    )
    days_since = summary["T"] - summary["recency"]
    summary["r_score"] = _quintile(-days_since)
    summary["f_score"] = _quintile(summary["frequency"])
    summary["m_score"] = _quintile(summary["monetary_value"])
    return summary


def lifetime_value(summary: pd.DataFrame) -> pd.DataFrame:
    """BG/NBD and Gamma-Gamma; the next firmer penalizer where the fit does not converge, as their manual advises."""
    weeks = summary.assign(recency=summary["recency"] / 7, T=summary["T"] / 7)
    bgf = _first_converging(
        lambda penalizer: BetaGeoFitter(penalizer).fit(weeks["frequency"], weeks["recency"], weeks["T"])
    )
    repeat = weeks[(weeks["frequency"] > 0) & (weeks["monetary_value"] > 0)]
    ggf = _first_converging(
        lambda penalizer: GammaGammaFitter(penalizer).fit(repeat["frequency"], repeat["monetary_value"])
    )
    purchases = bgf.conditional_expected_number_of_purchases_up_to_time(
        CLV_DAYS / 7, weeks["frequency"], weeks["recency"], weeks["T"]
    )
    spend = ggf.conditional_expected_average_profit(weeks["frequency"], weeks["monetary_value"])
    alive = bgf.conditional_probability_alive(weeks["frequency"], weeks["recency"], weeks["T"])
    return pd.DataFrame({"probability_alive": alive, "clv": purchases * spend}, index=summary.index)


def segments(summary: pd.DataFrame) -> np.ndarray[Any, Any]:
    """K-means on standardised log RFM, k from 3 to 8 by the silhouette of a sample."""
    frame = summary.assign(silent=summary["T"] - summary["recency"])[["silent", "frequency", "monetary_value"]]
    X = StandardScaler().fit_transform(np.log1p(frame.clip(lower=0)))
    sample = np.random.default_rng(0).choice(len(X), min(len(X), SILHOUETTE_SAMPLE), replace=False)
    by_k = {k: KMeans(k, n_init=3, random_state=0).fit(X[sample]) for k in range(3, 9)}
    best = max(by_k, key=lambda k: silhouette_score(X[sample], by_k[k].labels_))
    labels: np.ndarray[Any, Any] = KMeans(best, n_init=3, random_state=0).fit_predict(X)
    return labels


def churn(lines: pd.DataFrame, snapshot: pd.Timestamp) -> tuple[pd.Series, float]:
    """Boosted trees trained on who stayed silent in the last month; scores and the AUC on a hold-out fifth."""
    cut = snapshot - pd.Timedelta(days=CHURN_DAYS)
    X = _features(lines[lines["ordered_at"] < cut], cut)
    recent = lines.loc[(lines["ordered_at"] >= cut) & (lines["quantity"] > 0), "customer_id"].unique()
    y = ~X.index.isin(recent)
    held_out = np.random.default_rng(0).random(len(X)) < 0.2
    model = HistGradientBoostingClassifier(random_state=0).fit(X[~held_out], y[~held_out])
    auc = float(roc_auc_score(y[held_out], model.predict_proba(X[held_out])[:, 1]))
    now = _features(lines, snapshot)
    return pd.Series(model.predict_proba(now)[:, 1], index=now.index), auc


def recommendations(lines: pd.DataFrame) -> np.ndarray[Any, Any]:
    """Item-item cosine, the nearest neighbours of each product, the top products for every customer."""
    sales = lines[lines["quantity"] > 0]
    customer, customers = pd.factorize(sales["customer_id"], sort=True)
    product, products = pd.factorize(sales["product_id"], sort=True)
    shape = (len(customers), len(products))
    bought = sparse.csr_matrix((np.ones(len(sales), dtype=np.float32), (customer, product)), shape=shape)
    bought.data[:] = 1.0
    norms = np.sqrt(np.asarray(bought.sum(axis=0)).ravel())
    unit = (bought @ sparse.diags(1 / norms)).tocsc().astype(np.float32)
    similarity = (unit.T @ unit).toarray()
    if similarity.shape[1] > NEIGHBOURS:
        bar = np.partition(similarity, -NEIGHBOURS, axis=1)[:, -NEIGHBOURS]
        similarity[similarity < bar[:, None]] = 0.0
    nearest = sparse.csr_matrix(similarity)
    top = np.empty((shape[0], min(RECOMMENDATIONS, shape[1])), dtype=np.int64)
    for start in range(0, shape[0], BATCH):
        scores = (bought[start : start + BATCH] @ nearest.T).toarray()
        top[start : start + BATCH] = np.argpartition(-scores, top.shape[1] - 1, axis=1)[:, : top.shape[1]]
    return np.asarray(products)[top]


def notebook_way(project: Path, snapshot: date) -> dict[str, Any]:
    """Seconds per step and in total, with the sizes of what came out as proof of work."""
    day = pd.Timestamp(snapshot)
    seconds: dict[str, float] = {}

    @contextmanager
    def timed(step: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        seconds[step] = round(time.perf_counter() - started, 3)

    with timed("load"):
        lines = load_lines(project, day)
    with timed("rfm"):
        summary = rfm(lines, day)
    with timed("clv"):
        values = lifetime_value(summary)
    with timed("segments"):
        labels = segments(summary)
    with timed("churn"):
        _, auc = churn(lines, day)
    with timed("recommendations"):
        products = recommendations(lines)
    return {
        "lines": len(lines),
        "customers": len(summary),
        "clv_missing": int(values["clv"].isna().sum()),
        "segments": len(np.unique(labels)),
        "churn_auc": round(auc, 4),
        "recommendation_rows": int(products.size),
        "seconds_by_step": seconds,
        "seconds": round(sum(seconds.values()), 3),
    }


def _quintile(values: pd.Series) -> pd.Series:
    return pd.qcut(values.rank(method="first"), 5, labels=False) + 1


def _first_converging(fit: Callable[[float], Any]) -> Any:
    from lifetimes.utils import ConvergenceError

    failures = []
    for penalizer in (0.001, 0.01, 0.1, 1.0):
        try:
            return fit(penalizer)
        except ConvergenceError as error:
            failures.append(f"penalizer {penalizer}: {error}")
    raise RuntimeError("no penalizer converged; " + "; ".join(failures))


def _features(lines: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    sales = lines[lines["quantity"] > 0]
    orders = sales.groupby(["customer_id", "order_id"]).agg(at=("ordered_at", "first"), amount=("net_amount", "sum"))
    age = (day - orders["at"]).dt.total_seconds() / 86_400
    columns: dict[str, pd.Series] = {}
    by_customer = age.groupby(level="customer_id")
    columns["silent_days"], columns["tenure_days"] = by_customer.min(), by_customer.max()
    for window in (30, 90, 180, 365):
        within = orders[age < window].groupby(level="customer_id")["amount"]
        columns[f"orders_{window}"], columns[f"spend_{window}"] = within.size(), within.sum()
    columns["orders"] = by_customer.size()
    columns["products"] = sales.groupby("customer_id")["product_id"].nunique()
    return pd.DataFrame(columns).fillna(0.0).sort_index()


def main() -> None:
    """Print the timings of the project named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("--snapshot", type=date.fromisoformat, required=True)
    args = parser.parse_args()
    print(json.dumps(notebook_way(args.project, args.snapshot)))


if __name__ == "__main__":
    main()
