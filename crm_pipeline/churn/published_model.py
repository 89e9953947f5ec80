"""Which fitted model makes a snapshot's scores."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from crm_pipeline.models.classifiers_fitted import FittedChurn


@dataclass(frozen=True)
class PublishedModel:
    """The fitted model, the candidate of it that is published, and whether that is a rule or a prior."""

    model: FittedChurn
    model_version: str
    is_fallback: bool


def published_model(churn_model: pd.DataFrame, snapshot_date: date) -> PublishedModel:
    """The champion of the snapshot.

    Args:
        churn_model: the registry, at least its part of `snapshot_date`.

    Raises:
        ValueError: the registry has no champion of the snapshot, or more than one.
    """
    import pandas as pd

    from crm_pipeline.models.classifiers_fitted import FittedChurn

    is_own = pd.to_datetime(churn_model["snapshot_date"]) == pd.Timestamp(snapshot_date)
    champions = churn_model[is_own & churn_model["is_champion"].astype(bool)]
    if len(champions) != 1:
        raise ValueError(
            f"churn_model holds {len(champions)} champions of the snapshot {snapshot_date}; exactly one is needed"
        )
    champion = champions.iloc[0]
    return PublishedModel(
        FittedChurn.from_json(champion["artifact"]), str(champion["model_version"]), bool(champion["is_fallback"])
    )
