"""What each list was worth to each customer, once known: the published ones and those of the simple rules.

Partition D judges the snapshots whose horizon ended in (previous D, D]. Judged are those who bought something in the
horizon; of large shops, among a sample of 20,000 customers per snapshot (lowest md5 of the id); the sources of
candidates are judged for the customers of `candidate_lists`. Lists are judged by their first 10 places, or fewer where
customers are given fewer products.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Expectation, Table
from crm_pipeline.project import Project

if TYPE_CHECKING:
    import pandas as pd

PUBLISHED, USUAL, NEW, BASELINE, NEW_BASELINE = "published", "usual", "new", "GP-TopFreq", "GN-TopFreq"
PLACES = {
    PUBLISHED: "published_rank",
    USUAL: "usual_rank",
    NEW: "new_rank",
    BASELINE: "own_then_popular_rank",
    "P-TopFreq": "own_rank",
    "G-TopFreq": "popular_rank",
    NEW_BASELINE: "popular_new_rank",
}
"""Each judged list and the query's column with a product's place on it."""
SOURCE_PLACES = {
    "own": "own_source_rank",
    "similar": "similar_source_rank",
    "popular": "popular_source_rank",
}
"""The same for each source of candidates alone."""

_RECALL, _NDCG, _HIT_RATE, _MRR, _PRECISION = (
    "Share of the bought products that are on the list.",
    "Normalised discounted cumulative gain: hits count more at the top; 1 is the best list possible.",
    "1 where any bought product is on the list, else 0.",
    "1 / the place of the first bought product on the list, 0 where none is on it.",
    "Share of the list's places that hold a bought product.",
)
_REPEAT = "Only products bought before; null where none was bought."
_EXPLORE = "Only products never bought before; null where none was bought."
FIGURES = {
    "recall": _RECALL,
    "ndcg": _NDCG,
    "hit_rate": _HIT_RATE,
    "mrr": _MRR,
    "precision": _PRECISION,
    "repeat_recall": f"{_RECALL} {_REPEAT}",
    "repeat_ndcg": f"{_NDCG} {_REPEAT}",
    "explore_recall": f"{_RECALL} {_EXPLORE}",
    "explore_ndcg": f"{_NDCG} {_EXPLORE}",
    "explore_hit_rate": f"{_HIT_RATE} {_EXPLORE}",
    "explore_mrr": f"{_MRR} {_EXPLORE}",
    "explore_precision": f"{_PRECISION} {_EXPLORE}",
}
"""What is measured per customer and list."""


def judged_places(project: Project) -> int:
    """How many places of a list are judged."""
    return min(10, project.recommendations.count)


TABLE = Table(
    name="recommendation_outcomes",
    description="One row per judged snapshot, customer who bought something in the horizon, and list that is judged.",
    grain=("known_date", "snapshot_date", "customer_id", "model"),
    partition_column="known_date",
    columns=(
        columns.KNOWN_DATE,
        columns.JUDGED_SNAPSHOT_DATE,
        columns.CUSTOMER_ID,
        Column(
            "model",
            "varchar",
            "The list: `published` (the mix of both slots), its `usual` or `new` products alone, a rule's, "
            "or that of a source of candidates alone (`own`, `similar`, `popular`).",
        ),
        Column("published_model", "varchar", "What made the published list: the `mix`, or the rule `GP-TopFreq`."),
        columns.IS_ACTIVE.described(
            "Whether the customer could still leave at the snapshot (see `customer_features`)."
        ),
        Column("purchase_count", "integer", "Different products that the customer bought in the horizon."),
        *(
            Column(name, "double", text, nullable=name.startswith(("repeat", "explore")))
            for name, text in FIGURES.items()
        ),
    ),
    rules=(
        "snapshot_date < known_date",
        f"model in {(*PLACES, *SOURCE_PLACES)}",
        "published_model in ('mix', 'GP-TopFreq')",
        "purchase_count >= 1",
        *(f"{name} is null or {name} between 0 and 1" for name in FIGURES),
        "model <> 'P-TopFreq' or explore_recall is null or explore_recall = 0",
        "model <> 'GN-TopFreq' or repeat_recall is null or repeat_recall = 0",
        "repeat_recall is not null or explore_recall is not null",
    ),
    expectations=(
        Expectation("mean", "recall", minimum=0.001, why="lists that nobody buys from, or outcomes that are missing"),
    ),
)


def build(rows: pd.DataFrame, project: Project, snapshot_date: date) -> pd.DataFrame:
    """Figures per customer and list.

    Args:
        rows: a row per judged snapshot, customer and product bought in the horizon: is_repeat, is_active,
            published_model, has_sources (whether the sources of candidates are judged for the customer), and the
            product's place on each list (missing where it is on none); see the query.
        project: gives the length of the lists.
        snapshot_date: the known_date to build.
    """
    import pandas as pd

    k = judged_places(project)
    judged = [
        _figures(part, model, places, k).assign(snapshot_date=day)
        for day, bought in rows.groupby("snapshot_date")
        for part, lists in ((bought, PLACES), (bought[bought["has_sources"]], SOURCE_PLACES))
        for model, places in lists.items()
        if len(part)
    ]
    if not judged:
        return pd.DataFrame(columns=list(TABLE.column_names))
    customers = rows.drop_duplicates(["snapshot_date", "customer_id"])
    found = pd.concat(judged, ignore_index=True).merge(
        customers[["snapshot_date", "customer_id", "is_active", "published_model"]], on=["snapshot_date", "customer_id"]
    )
    return found.assign(known_date=snapshot_date)[list(TABLE.column_names)]


def _figures(bought: pd.DataFrame, model: str, column: str, k: int) -> pd.DataFrame:
    """Figures of the list with its places in `column`, at one snapshot; products that were not bought do not matter."""
    from crm_pipeline.models.ranking_evaluation import ranking_values

    places = bought[column]
    ranked = bought.loc[places.notna(), ["customer_id", "product_id"]].assign(rank=places.dropna().astype("int64"))
    values = ranking_values(
        ranked, bought[["customer_id", "product_id", "is_repeat"]], k, bought["customer_id"].unique()
    )
    return values.rename(columns={f"{name}_at_{k}": name for name in FIGURES}).assign(model=model)
