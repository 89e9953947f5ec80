"""Which features go together: among all customers, and within each named segment, where size no longer explains all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    import pandas as pd

ALL = "all"


def _coefficient(name: str, words: str) -> Iterable[Column]:
    undefined = "null below four customers, or where one of the features is the same for all"
    yield Column(name, "double", f"{words}, -1..1; {undefined}.", nullable=True)
    yield Column(f"{name}_lower", "double", "Lower end of its 95 % interval.", nullable=True)
    yield Column(f"{name}_upper", "double", "Upper end of that interval.", nullable=True)


def _rules(name: str) -> Iterable[str]:
    yield f"({name} is null) = ({name}_lower is null) and ({name} is null) = ({name}_upper is null)"
    yield f"{name} is null or (-1 <= {name}_lower and {name}_lower <= {name} and {name} <= {name}_upper)"
    yield f"{name} is null or {name}_upper <= 1"


TABLE = Table(
    name="feature_correlations",
    description=(
        "One row per snapshot, population and pair of the features of segment_profiles, each pair once. From at most "
        "20,000 customers, the same ones at every snapshot."
    ),
    grain=("snapshot_date", "population", "feature", "other_feature"),
    columns=(
        columns.SNAPSHOT_DATE,
        Column("population", "varchar", "`all` customers, or the RFM segment."),
        Column("feature", "varchar", "Column of customer_features; of the pair the first in alphabetical order."),
        Column("other_feature", "varchar", "The other one."),
        Column("customer_count", "bigint", "Customers for whom both are known."),
        *_coefficient("spearman", "Spearman's rank correlation: whether one grows with the other, however"),
        *_coefficient(
            "pearson", "Pearson's correlation: how close the two are to a straight line; one giant can make it"
        ),
    ),
    rules=("feature < other_feature", "customer_count >= 0", *_rules("spearman"), *_rules("pearson")),
    owner="team:data-science",
)


def build(rows: pd.DataFrame, snapshot_date: date) -> pd.DataFrame:
    """Correlate each pair in each population.

    Args:
        rows: one row per sampled customer: customer_id, rfm_segment and the features.
        snapshot_date: the snapshot.
    """
    import numpy as np
    import pandas as pd

    from crm_pipeline.models.correlation import correlations

    features = {
        name: rows[name].to_numpy(dtype="float64", na_value=np.nan)
        for name in rows.columns
        if name not in ("customer_id", "rfm_segment")
    }
    populations = {ALL: np.ones(len(rows), dtype=bool)} if len(rows) else {}
    populations |= {name: (rows["rfm_segment"] == name).to_numpy() for name in sorted(rows["rfm_segment"].unique())}
    found = [
        {
            "snapshot_date": snapshot_date,
            "population": population,
            "feature": pair.first,
            "other_feature": pair.second,
            "customer_count": pair.count,
            "spearman": pair.spearman.value,
            "spearman_lower": pair.spearman.lower,
            "spearman_upper": pair.spearman.upper,
            "pearson": pair.pearson.value,
            "pearson_lower": pair.pearson.lower,
            "pearson_upper": pair.pearson.upper,
        }
        for population, members in populations.items()
        for pair in correlations({name: values[members] for name, values in features.items()})
    ]
    table = pd.DataFrame(found, columns=list(TABLE.column_names))
    return table.astype({name: "float64" for name in TABLE.column_names[5:]})
