"""Whether segments truly differ in a feature, and by how much: an analysis of variance per feature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Table

if TYPE_CHECKING:
    import pandas as pd

TABLE = Table(
    name="segment_differences",
    description=(
        "One row per snapshot, segmentation and feature: the test that all segments have one mean, and the share of "
        "the feature's variance that lies between them. Segments with fewer than two known values, or none that "
        "differ, are left out."
    ),
    grain=("snapshot_date", "segmentation", "feature"),
    columns=(
        columns.SNAPSHOT_DATE,
        Column("segmentation", "varchar", "`rfm_segment` or `cluster`."),
        Column("feature", "varchar", "Column of customer_features."),
        Column("segment_count", "integer", "Segments compared."),
        Column(
            "eta_squared", "double", "Share of the variance between segments, 0..1; null without any.", nullable=True
        ),
        Column(
            "f_statistic",
            "double",
            "Welch's F, which allows unequal variances; null below two segments.",
            nullable=True,
        ),
        Column(
            "p_value",
            "double",
            "Probability of as large an F if the means were equal; clusters were made to differ.",
            nullable=True,
        ),
    ),
    rules=(
        "segmentation in ('rfm_segment', 'cluster')",
        "segment_count >= 0",
        "eta_squared is null or eta_squared between 0 and 1",
        "(f_statistic is null) = (p_value is null)",
        "p_value is null or p_value between 0 and 1",
    ),
)


def build(rows: pd.DataFrame) -> pd.DataFrame:
    """Test each feature from its profile.

    Args:
        rows: snapshot_date, segmentation, feature, value_count, mean, standard_deviation per segment.
    """
    import pandas as pd

    from crm_pipeline.models.variance import eta_squared, welch_anova

    found = []
    for (segmentation, feature), part in rows.groupby(["segmentation", "feature"], sort=True):
        known = part[(part["value_count"] > 1) & (part["standard_deviation"] > 0)]
        arrays = [known[name].to_numpy("float64") for name in ("value_count", "mean", "standard_deviation")]
        test = welch_anova(*arrays)
        found.append(
            {
                "snapshot_date": part["snapshot_date"].iloc[0],
                "segmentation": segmentation,
                "feature": feature,
                "segment_count": len(known),
                "eta_squared": eta_squared(*arrays),
                "f_statistic": test[0] if test else None,
                "p_value": test[1] if test else None,
            }
        )
    table = pd.DataFrame(found, columns=list(TABLE.column_names))
    return table.astype({"eta_squared": "float64", "f_statistic": "float64", "p_value": "float64"})
