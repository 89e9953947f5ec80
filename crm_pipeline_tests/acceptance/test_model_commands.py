"""`crm-pipeline model`: what is listed, what decisions do to scores, and that a model reloads to identical ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from crm_pipeline.cli import main
from crm_pipeline.contract.catalog import declared_transforms
from crm_pipeline.models.classifiers_btyd import with_btyd
from crm_pipeline.models.classifiers_fitted import FittedChurn
from crm_pipeline_tests.acceptance.commands import Ended, crm
from crm_pipeline_tests.acceptance.conftest import Built


def model(command: str, folder: Path, *options: str) -> Ended:
    """`crm-pipeline model` in this process."""
    result = CliRunner().invoke(main, ["model", command, "--project", str(folder), *options])
    return Ended(result.exit_code, result.stdout, result.stderr)


def rows(folder: Path, sql: str) -> pd.DataFrame:
    with duckdb.connect(str(folder / "warehouse" / "crm.duckdb"), read_only=True) as connection:
        return connection.execute(sql).df()


NEWEST = "snapshot_date = (select max(snapshot_date) from churn.churn_predictions)"


def test_a_registered_model_reloads_to_identical_scores(built: Built) -> None:
    registry = rows(built.folder, f"select * from churn.churn_model where is_champion and {NEWEST}")
    fitted = FittedChurn.from_json(registry["artifact"].iloc[0])
    sql = declared_transforms()["churn_predictions"].sql.replace("from customer_", "from features.customer_")
    sql = sql.replace("join customer_", "join features.customer_")
    day = registry["snapshot_date"].dt.date.iloc[0]
    with duckdb.connect(str(built.folder / "warehouse" / "crm.duckdb"), read_only=True) as connection:
        features = connection.execute(sql, {"snapshot_date": day}).df()
    stored = rows(built.folder, f"select * from churn.churn_predictions where {NEWEST} order by customer_id")
    scored = fitted.probabilities(with_btyd(features))
    np.testing.assert_array_equal(scored["churn_probability"], stored["churn_probability"])
    np.testing.assert_array_equal(scored["recency_rule"], stored["baseline_probability"])


def test_models_are_listed_and_shown(built: Built) -> None:
    listed = model("list", built.folder)
    assert listed.code == 0, listed.text
    versions = rows(built.folder, "select distinct model_version, snapshot_date from churn.churn_model order by 2")
    for version in versions["model_version"]:
        assert version in listed.out
    assert "champion, published" in listed.out
    shown = model("show", built.folder, versions["model_version"].iloc[-1][:8])
    assert shown.code == 0, shown.text
    assert "data hash" in shown.out and "days_since_last_order" in shown.out and "recency_rule" in shown.out
    assert "Makes the scores of" in shown.out


@pytest.mark.parametrize(
    ("command", "options", "message"),
    [
        ("show", ("zzzz",), "'zzzz' is no version of a churn model"),
        ("pin", ("zzzz",), "'zzzz' is no version of a churn model"),
        ("promote", ("btid",), "no candidate 'btid'; did you mean 'btyd'?"),
        ("promote", ("btyd", "--from", "soon"), "'soon' is not a date"),
    ],
)
def test_mistakes_are_told(built: Built, command: str, options: tuple[str, ...], message: str) -> None:
    ended = model(command, built.folder, *options)
    assert ended.code == 2
    assert message in ended.text


def test_before_the_first_run_there_is_none(new_folder: Callable[[], Path], built: Built) -> None:
    folder = new_folder()
    folder.mkdir()
    (folder / "crm.yaml").write_text((built.folder / "crm.yaml").read_text())
    ended = model("list", folder)
    assert (ended.code, "no churn model is fitted yet" in ended.text) == (2, True)


@pytest.mark.full
def test_a_candidate_is_promoted_and_the_decision_taken_back(project: Path) -> None:
    before = rows(project, "select * from churn.churn_predictions order by snapshot_date, customer_id")
    assert model("promote", project, "recency_rule").code == 0
    assert crm("run", project, "--select", "churn").code == 0
    promoted = rows(project, "select * from churn.churn_predictions order by snapshot_date, customer_id")
    is_newest = promoted["snapshot_date"] == promoted["snapshot_date"].max()
    assert set(promoted.loc[is_newest, "model"]) == {"recency_rule"}
    assert promoted.loc[is_newest, "churn_probability"].equals(before.loc[is_newest, "baseline_probability"])
    pd.testing.assert_frame_equal(promoted[~is_newest], before[~is_newest])
    assert "recency_rule" in (project / "models.yaml").read_text()
    assert "Taken back" in model("rollback", project).out
    assert not (project / "models.yaml").exists()
    # without a decision to take back, the model of the snapshot before makes the scores
    assert model("rollback", project).code == 0
    assert crm("run", project, "--select", "churn").code == 0
    pinned = rows(project, "select * from churn.churn_predictions order by snapshot_date, customer_id")
    last_but_one = sorted(set(before["snapshot_date"]))[-2]
    earlier = before.loc[before["snapshot_date"] == last_but_one, "model_version"]
    assert set(pinned.loc[is_newest, "model_version"]) == set(earlier)
    assert "fitted at another snapshot" in model("list", project).out
    retrained = model("retrain", project)
    assert "the same version" in retrained.text, retrained.text
    pd.testing.assert_frame_equal(
        rows(project, "select * from churn.churn_predictions order by snapshot_date, customer_id"), before
    )
