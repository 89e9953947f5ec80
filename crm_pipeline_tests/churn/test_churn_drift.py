"""Drift of features, scores, labels and outcomes: found where planted, silent where there is none."""

import re
from datetime import date

import dagster as dg
import duckdb
import numpy as np
import pandas as pd
import pytest

from crm_pipeline.assets import check_results
from crm_pipeline.churn import churn_drift, churn_model
from crm_pipeline.churn.charts import drift
from crm_pipeline.churn.churn_model import registry_rows
from crm_pipeline.churn.drift_words import drift_lines
from crm_pipeline.warehouse.audit import ALARMS, WATCHED, CheckResult, checks_of
from crm_pipeline_tests.churn.registry import DAY, fitted
from crm_pipeline_tests.kit import make_project
from crm_pipeline_tests.models.churn_frames import churn_frame

PROJECT = make_project(churn={"horizon_days": 30})
REGISTRY = registry_rows(fitted(), DAY)
KNOWN = {pd.Timestamp("2024-01-01"): date(2024, 2, 1), pd.Timestamp("2024-02-01"): date(2024, 3, 2)}


def frame(seed=0):
    """Snapshots of January to March, whose outcomes are known at the day, the newest since then; and the day's own."""
    past = churn_frame(seed=seed)
    past["known_date"] = [KNOWN.get(day, DAY) for day in past["snapshot_date"]]
    now = churn_frame(snapshot_count=1, seed=seed + 100).assign(
        snapshot_date=pd.Timestamp(DAY), known_date=None, is_churned=None
    )
    rows = pd.concat([past.astype({"is_churned": object, "known_date": object}), now], ignore_index=True)
    rows = rows[rows["is_active"]].drop(columns="true_probability")
    return rows.assign(churn_probability=fitted().probabilities(rows)["churn_probability"])


def built(rows, project=PROJECT):
    return churn_drift.build(rows, REGISTRY, project, DAY).set_index(["kind", "subject"])


def is_now(rows):
    return rows["known_date"].isna()


def silent():
    """Nothing is expected any more of the day's customers."""
    rows = frame()
    rows.loc[is_now(rows), "expected_purchases"] /= 10
    return rows


def test_without_drift_nothing_warns():
    for seed in range(3):
        found = built(frame(seed))
        assert not found["is_warning"].any()
        assert found.loc["feature"].index.tolist() == [name for name in fitted().features if name != "btyd_log_odds"]
        assert set(found["reference_count"].loc["feature"]) == {int((~is_now(frame(seed))).sum())}


def test_a_planted_drift_of_a_feature_fails():
    rows = frame()
    shares = built(rows).loc["feature", "importance"]
    heavy = shares.drop("days_since_last_order").idxmax()
    rows.loc[is_now(rows), heavy] *= 5
    found = built(rows)
    assert found.loc[("feature", heavy), "is_failure"]
    others = found.drop(index=[("feature", heavy), ("score", "churn_probability")])
    assert not others["is_warning"].any()


def test_a_small_drift_warns_and_does_not_fail():
    rows = frame()
    rows.loc[is_now(rows), "expected_purchases"] *= 1.6
    project = make_project(churn={"drift": {"psi_failure": 1}})
    found = built(rows, project).loc[("feature", "expected_purchases")]
    assert found["is_warning"] and not found["is_failure"]


def test_a_feature_that_moves_no_score_is_told_but_not_judged():
    rows = frame()
    light = built(rows).loc["feature", "importance"].idxmin()
    rows.loc[is_now(rows), light] += 1e6
    project = make_project(churn={"drift": {"least_importance": 1.0}})
    found = built(rows, project).loc[("feature", light)]
    assert found["value"] > 1 and not found["is_judged"] and not found["is_warning"]


def test_customers_who_all_fall_silent_move_the_scores():
    found = built(silent())
    assert found.loc[("score", "churn_probability"), "is_failure"]
    score = found.loc[("score", "churn_probability")]
    assert score["current_mean"] > score["reference_mean"]


def test_labels_and_outcomes_are_those_that_fell_due():
    rows = frame()
    due = rows["known_date"] == DAY
    rows.loc[due, "is_churned"] = np.arange(due.sum()) % 5 > 0
    found = built(rows)
    for key in (("label", "is_churned"), ("outcome", "churn_probability")):
        assert found.loc[key, "is_failure"]
        assert found.loc[key, "current_mean"] == pytest.approx(0.8, abs=0.01)
        assert found.loc[key, "row_count"] == due.sum()
    assert found.loc[("outcome", "churn_probability"), "reference_mean"] == pytest.approx(
        rows.loc[due, "churn_probability"].mean()
    )
    earlier = rows[rows["known_date"].notna() & ~due]
    assert found.loc[("label", "is_churned"), "reference_mean"] == pytest.approx(earlier["is_churned"].mean())


def test_limits_are_settings():
    loose = {"psi_warning": 50, "psi_failure": 60, "odds_warning": 1e6, "odds_failure": 1e6}
    rows = silent()
    assert built(rows)["is_failure"].any()
    assert not built(rows, make_project(churn={"drift": loose}))["is_warning"].any()
    with pytest.raises(ValueError, match=r"psi_failure \(0.1\) is below psi_warning \(0.2\)"):
        make_project(churn={"drift": {"psi_warning": 0.2, "psi_failure": 0.1}})


def test_a_failure_shows_as_an_error_and_blocks_nothing():
    table = churn_drift.TABLE
    failed = CheckResult(ALARMS, "maximum(is_failure)", "error", "failed", DAY, observed="1", expected="..0")
    assert not failed.blocks
    shown = {result.check_name: result for result in check_results(table, [failed])}
    assert not shown[ALARMS].passed and shown[ALARMS].severity == dg.AssetCheckSeverity.ERROR
    assert shown[WATCHED].severity == dg.AssetCheckSeverity.WARN
    assert ALARMS not in {name for name, *_ in checks_of(churn_model.TABLE)}


def test_at_the_first_snapshot_there_is_nothing_to_compare_with():
    rows = frame()
    found = built(rows[is_now(rows)])
    assert found["value"].isna().all() and not found["is_warning"].any()
    assert churn_drift.build(rows.head(0), REGISTRY, PROJECT, DAY).empty


def said(table):
    with duckdb.connect() as connection:
        connection.execute("create schema churn")
        connection.register("frame", table)
        connection.execute("create table churn.churn_drift as from frame")
        return drift_lines(connection), drift(connection)


def test_the_words_and_the_chart():
    calm, chart = said(churn_drift.build(frame(), REGISTRY, PROJECT, DAY))
    assert len(calm) == 1 and calm[0].startswith("Drift at 2024-04-01: nothing moved beyond its limit (churn ")
    assert chart is not None and chart.startswith(b"\x89PNG")
    rows = silent()
    loud, _ = said(churn_drift.build(rows, REGISTRY, PROJECT, DAY))
    assert loud[0].startswith("Drift at 2024-04-01, failure: feature expected_purchases, PSI ")
    assert loud[0].endswith("now), limit 0.158: chance alone does as much among so few customers.")
    assert loud[-1].startswith("Look at the sources and at what changed")


def test_without_a_table_of_rows_nothing_is_said():
    assert said(churn_drift.build(frame(), REGISTRY, PROJECT, DAY).head(0)) == ([], None)


def test_a_feature_that_breaks_fails_though_no_score_hangs_on_it_any_more():
    rows = frame()
    rows.loc[is_now(rows), "expected_purchases"] = np.nan
    assert built(rows).loc[("feature", "expected_purchases"), "is_failure"]


def test_a_window_that_was_not_full_yet_is_not_judged():
    rows = frame()
    heavy = "order_count_90d"
    rows.loc[is_now(rows), heavy] *= 5
    loose = make_project(churn={"drift": {"least_importance": 0.0}})
    assert built(rows, loose).loc[("feature", heavy), "is_failure"]
    rows.loc[~is_now(rows), "tenure_days"] = 89
    found = built(rows, loose).loc["feature"]
    assert not found.loc[heavy, "is_judged"] and not found.loc[heavy, "is_warning"]
    assert found.loc["days_since_last_order", "is_judged"]


def test_what_chance_does_among_few_customers_is_told_as_the_limit():
    rows = frame()
    few = rows["customer_id"] < "c00040"
    lines, _ = said(churn_drift.build(rows[few], REGISTRY, PROJECT, DAY))
    assert lines[0].startswith("Drift at 2024-04-01: nothing moved beyond its limit (")
    limits = [float(text) for text in re.findall(r"PSI [\d.]+ .*?limit ([\d.]+): chance alone", lines[0])]
    moved = [float(text) for text in re.findall(r"PSI ([\d.]+)", lines[0])]
    assert len(limits) == len(moved) == 1 and moved[0] < limits[0] > 0.1


def test_every_feature_that_looks_back_has_its_days():
    """A feature that is described by days before the snapshot is judged only when these days were there."""
    from crm_pipeline.churn.churn_drift import _window_days
    from crm_pipeline.features.customer_features import TABLE

    described = {
        column.name: max(int(days) for days in re.findall(r"(\d+)(?:-day| days)", column.description))
        for column in TABLE.columns
        if re.search(r"\d+(-day| days)", column.description) and re.search(r"_\d+d$|_trend$", column.name)
    }
    assert {"order_day_trend", "spend_trend"} <= set(described)
    short = {name: days for name, days in described.items() if _window_days(name) < days}
    assert short == {}
    assert _window_days("order_day_change_30d") == 60 and _window_days("tenure_days") == 0
