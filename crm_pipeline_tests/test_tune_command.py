"""`crm-pipeline model tune`: what is stored, what is not, and what it needs."""

import sys
from datetime import date
from pathlib import Path

import pytest

from crm_pipeline import tune_command
from crm_pipeline.churn import churn_model
from crm_pipeline.errors import UserError
from crm_pipeline.model_choices import TunedSettings, load_tuned, save_tuned
from crm_pipeline.models import tuning
from crm_pipeline.models.tuning import Found
from crm_pipeline.pipeline import Pipeline, SqlRecipe
from crm_pipeline.tune_command import build_tune_job, tune
from crm_pipeline_tests.kit import make_project
from crm_pipeline_tests.models.churn_frames import FEATURES, churn_frame

DAY, EARLIER = date(2024, 4, 1), date(2024, 3, 1)
FRAME = churn_frame()[["snapshot_date", "customer_id", "is_churned", "is_active", *FEATURES]]


def found(lower: float) -> list[Found]:
    return [
        Found("svm", {"cost": 0.01}, 3, 0.30, 0.31, lower, 0.02),
        Found("tree", {"num_leaves": 8}, 3, 0.32, 0.31, -0.02, 0.0),
    ]


@pytest.fixture
def pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """A project whose known outcomes are given."""
    monkeypatch.setattr(tune_command, "training_rows", lambda pipeline: (DAY, FRAME))
    return Pipeline(make_project(tmp_path))


def test_what_proves_better_holds_from_the_snapshot_on(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "tune_churn", lambda rows, horizon_days, trials: found(0.001))
    folder = pipeline.project.folder
    save_tuned(folder, [TunedSettings(EARLIER, {"forest": {"max_depth": 5}, "svm": {"cost": 0.5}})])
    said: list[str] = []
    tune(pipeline, 3, said.append)
    assert load_tuned(folder)[-1] == TunedSettings(DAY, {"forest": {"max_depth": 5}, "svm": {"cost": 0.01}})
    assert (
        said[0]
        == "svm: better after 3 trials, log loss 0.3000, by default 0.3100 (better by 0.0010 to 0.0200): cost 0.01"
    )
    assert said[-1].endswith("models.yaml: fits from 2024-04-01 on use what was found for svm.")
    tune(pipeline, 3, said.append)  # once more: the entry is replaced, not repeated
    assert [entry.since for entry in load_tuned(folder)] == [EARLIER, DAY]


def test_a_second_search_keeps_what_the_first_found_and_what_holds_later(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "tune_churn", lambda rows, horizon_days, trials: found(0.001))
    later = TunedSettings(date(2024, 5, 1), {"svm": {"cost": 0.7}})
    save_tuned(pipeline.project.folder, [TunedSettings(DAY, {"forest": {"max_depth": 5}}), later])
    tune(pipeline, 3, print)
    assert list(load_tuned(pipeline.project.folder)) == [
        TunedSettings(DAY, {"forest": {"max_depth": 5}, "svm": {"cost": 0.01}}),
        later,
    ]


def test_nothing_is_stored_without_a_gain_or_in_a_dry_run(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    for lower, dry_run in ((-0.001, False), (0.001, True)):
        monkeypatch.setattr(tuning, "tune_churn", lambda rows, horizon_days, trials, lower=lower: found(lower))
        tune(pipeline, 3, said.append, dry_run=dry_run)
    assert not (pipeline.project.folder / "models.yaml").exists()
    assert "Nothing beats the settings in use by default for sure; none are stored." in said


def test_it_says_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = Pipeline(make_project(tmp_path))
    with pytest.raises(UserError, match="no churn model is fitted yet; start with: crm-pipeline run"):
        tune(pipeline, 1, print)
    monkeypatch.setattr(tune_command, "training_rows", lambda pipeline: (DAY, FRAME.head(30)))
    with pytest.raises(UserError, match="the 30 outcomes known at 2024-04-01 are too few to search settings by"):
        tune(pipeline, 1, print)
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(UserError, match=r"needs optuna: pip install"):
        tune(pipeline, 1, print)


def test_fits_use_settings_from_their_snapshot_on_and_become_stale(tmp_path: Path) -> None:
    save_tuned(tmp_path, [TunedSettings(DAY, {"svm": {"cost": 0.5}})])
    project = make_project(tmp_path, churn={"horizon_days": 30})
    settings = {
        day: churn_model.build(FRAME[FRAME["snapshot_date"] < "2024-03-01"], project, day)["settings"].iloc[0]
        for day in (EARLIER, DAY)
    }
    assert '"tuned": {"svm": {"cost": 0.5}}' in settings[DAY] and "tuned" not in settings[EARLIER]
    recipe = Pipeline(project).recipes["churn_model"]
    assert isinstance(recipe, SqlRecipe)
    assert recipe.part_inputs(DAY) == {"tuned settings": '{"svm": {"cost": 0.5}}'}
    assert recipe.part_inputs(EARLIER) == {}


def test_the_job_searches_and_fails_with_one_sentence(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    trials: list[int] = []
    monkeypatch.setattr(tuning, "tune_churn", lambda rows, horizon_days, number: trials.append(number) or found(0.001))
    job = build_tune_job(pipeline)
    config = {"ops": {"tune_churn_models": {"config": {"trials": 7}}}}
    assert job.execute_in_process(run_config=config).success and trials == [7]
    monkeypatch.setattr(tuning, "tune_churn", lambda rows, horizon_days, number: [])
    failed = job.execute_in_process(raise_on_error=False)
    assert not failed.success
