"""Which model makes the scores: the snapshot's champion, or what a person chose."""

from datetime import date

import pandas as pd
import pytest

from crm_pipeline.churn.churn_model import registry_rows
from crm_pipeline.churn.published_model import published_model
from crm_pipeline.errors import UserError
from crm_pipeline.model_choices import ModelChoice
from crm_pipeline_tests.churn.registry import DAY, fitted, prior_rows

LATER = date(2024, 5, 1)


@pytest.fixture(scope="module")
def registry():
    """A fit of April, and a prior that stands for the one of May."""
    return pd.concat([registry_rows(fitted(), DAY), prior_rows().assign(snapshot_date=LATER, model_version="may")])


def test_without_a_choice_it_is_the_champion(registry):
    found = published_model(registry, DAY, None, 30)
    assert (found.model.champion, found.is_fallback) == (fitted().champion, False)
    assert published_model(registry, LATER, None, 30).is_fallback


def test_a_candidate_is_promoted(registry):
    found = published_model(registry, DAY, ModelChoice(DAY, candidate="tree"), 30)
    assert found.model.champion == "tree"
    assert published_model(registry, DAY, ModelChoice(DAY, candidate="recency_rule"), 30).is_fallback


def test_an_earlier_version_is_pinned(registry):
    version = registry_rows(fitted(), DAY)["model_version"].iloc[0]
    found = published_model(registry, LATER, ModelChoice(LATER, version=version), 30)
    assert (found.model_version, found.model.champion) == (version, fitted().champion)


@pytest.mark.parametrize(
    ("choice", "horizon_days", "message"),
    [
        (ModelChoice(DAY, version="nothing"), 30, "no churn model known at 2024-05-01 has the version 'nothing'"),
        (ModelChoice(DAY, candidate="btid"), 30, "no candidate 'btid'; did you mean 'btyd'"),
        (None, 60, "fitted for 30 days, the project asks for 60"),
    ],
)
def test_what_cannot_be_published_is_told(registry, choice, horizon_days, message):
    with pytest.raises(UserError, match=message):
        published_model(registry, LATER, choice, horizon_days)
