"""Fitted models as registry rows, for the tests of tables that read `churn_model`."""

from datetime import date
from functools import cache

import pandas as pd

from crm_pipeline.churn.churn_model import registry_rows
from crm_pipeline.models.classifiers import fit_churn
from crm_pipeline.models.classifiers_fitted import FittedChurn
from crm_pipeline_tests.models.churn_frames import FEATURES, HORIZON_DAYS, churn_frame

DAY = date(2024, 4, 1)


@cache
def fitted() -> FittedChurn:
    """A model of 1,200 simulated outcomes."""
    return fit_churn(churn_frame(), HORIZON_DAYS, FEATURES)


def prior_rows() -> pd.DataFrame:
    """The registry of a first snapshot: no outcome is known, so the prior is exp(-expected_purchases)."""
    frame = churn_frame().head(0)[["snapshot_date", "customer_id", "is_churned", "days_since_last_order"]]
    return registry_rows(fit_churn(frame.assign(expected_purchases=pd.Series(dtype=float)), HORIZON_DAYS), DAY)
