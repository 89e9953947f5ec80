"""Which fitted model makes a snapshot's scores."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from crm_pipeline.errors import UserError
from crm_pipeline.model_choices import FILE, ModelChoice
from crm_pipeline.yaml_lines import closest

if TYPE_CHECKING:
    import pandas as pd

    from crm_pipeline.models.classifiers_fitted import FittedChurn


@dataclass(frozen=True)
class PublishedModel:
    """The fitted model, the candidate of it that is published, whether that is a rule or a prior, and its snapshot."""

    model: FittedChurn
    model_version: str
    is_fallback: bool
    fitted_at: date


def published_model(
    churn_model: pd.DataFrame, snapshot_date: date, choice: ModelChoice | None, horizon_days: int
) -> PublishedModel:
    """The champion of the snapshot, or what a person chose instead.

    Args:
        churn_model: the registry as known at `snapshot_date`.
        choice: the candidate and version to publish; None: the champion.
        horizon_days: of the project, which a version of an earlier fit must share.

    Raises:
        ValueError: the registry has no champion of the snapshot, or more than one.
        UserError: the registry does not hold what was chosen, or it answers another question.
    """
    import pandas as pd

    from crm_pipeline.models.classifiers_fitted import FittedChurn
    from crm_pipeline.models.classifiers_held_out import BASELINE

    fits = churn_model[churn_model["artifact"].notna()]
    version = choice.version if choice else None
    found = fits[fits["model_version"] == version] if version else _own(fits, snapshot_date)
    if version and len(found) != 1:
        raise UserError(
            f"{FILE}: no churn model known at {snapshot_date} has the version {version!r}; "
            "crm-pipeline model list shows those there are"
        )
    if len(found) != 1:
        raise ValueError(
            f"churn_model holds {len(found)} champions of the snapshot {snapshot_date}; exactly one is needed"
        )
    model = FittedChurn.from_json(found["artifact"].iloc[0])
    candidate = choice.candidate if choice and choice.candidate else model.champion
    if candidate not in model.candidates:
        raise UserError(
            f"{FILE}: the churn model of {snapshot_date} has no candidate {candidate!r}"
            f"{closest(candidate, model.candidates)}"
        )
    if model.horizon_days != horizon_days:
        raise UserError(
            f"{FILE}: version {version} was fitted for {model.horizon_days} days, the project asks for {horizon_days}"
        )
    return PublishedModel(
        replace(model, champion=candidate),
        str(found["model_version"].iloc[0]),
        model.is_prior or candidate == BASELINE,
        pd.Timestamp(found["snapshot_date"].iloc[0]).date(),
    )


def _own(fits: pd.DataFrame, snapshot_date: date) -> pd.DataFrame:
    import pandas as pd

    return fits[pd.to_datetime(fits["snapshot_date"]) == pd.Timestamp(snapshot_date)]
