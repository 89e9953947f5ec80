"""How good published churn scores are beside the recency rule and plain BTYD: a rolling backtest of whole projects.

`python -m benchmarks.churn_backtest data/complete_journey --horizons 30 60` builds the scores of every snapshot of a
copy of the project once per horizon, each snapshot from what was known then, and judges those whose outcome is due.
It prints Markdown: all due snapshots pooled, with 95 % intervals of the paired difference to each of the two rules
(bootstrap over customers), and the figures of each snapshot. Scores stay below --folder as Parquet files, and are
judged again without building when they are there.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from benchmarks.measure import run_measured
from crm_pipeline.models.bootstrap import paired_bootstrap
from crm_pipeline.models.metrics import PROBABILITY_METRICS

HERE = Path(__file__).resolve().parent
MODELS = ("published", "recency_rule", "btyd")
BASELINES = ("recency_rule", "btyd")
METRICS = ("roc_auc", "pr_auc", "brier", "expected_calibration_error", "lift_at_10")
WORDS = {
    "roc_auc": "AUC",
    "pr_auc": "PR-AUC",
    "brier": "Brier",
    "expected_calibration_error": "ECE",
    "lift_at_10": "lift, first tenth",
}
REPLICATES = 500
SCORES = """
    select
        snapshot_date,
        customer_id,
        churn_labels.is_active,
        is_churned,
        churn_probability as published,
        baseline_probability as recency_rule,
        btyd_probability as btyd,
        model
    from churn.churn_labels
    inner join churn.churn_predictions using (snapshot_date, customer_id)
    order by snapshot_date, customer_id
"""
RUN = "from crm_pipeline.cli import main; main()"


def scores_of(project: Path, horizon_days: int, folder: Path) -> pd.DataFrame:
    """The scores of all due snapshots of a copy of the project below `folder`, with what became of the customers.

    Columns as of SCORES, one row per snapshot and customer. RuntimeError when the run fails, with its last lines.
    """
    target = folder / f"{project.name}_{horizon_days}.parquet"
    if not target.is_file():
        copy = folder / project.name
        if not copy.is_dir():
            shutil.copytree(project, copy, ignore=shutil.ignore_patterns("warehouse"))
        set_horizon(copy / "crm.yaml", horizon_days)
        command = [sys.executable, "-c", RUN, "run", "--project", str(copy)]
        command += ["--select", "+churn_labels", "--select", "+churn_predictions"]
        measured = run_measured(command, folder / "logs" / target.stem)
        if measured.exit_code != 0:
            raise RuntimeError("\n".join(measured.stderr.splitlines()[-10:]))
        with duckdb.connect(str(copy / "warehouse" / "crm.duckdb"), read_only=True) as connection:
            connection.execute(f"copy ({SCORES}) to '{target}' (format parquet)")
    return pd.read_parquet(target)


def set_horizon(path: Path, horizon_days: int) -> None:
    """Write another churn horizon into a crm.yaml; ValueError where it states none."""
    text = path.read_text(encoding="utf-8")
    changed, count = re.subn(r"^(churn:.*?horizon_days:\s*)\d+", rf"\g<1>{horizon_days}", text, flags=re.M | re.S)
    if count != 1:
        raise ValueError(f"{path} states no churn.horizon_days")
    path.write_text(changed, encoding="utf-8")


def judged(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per model, metric and baseline: value, improvement and its 95 % interval on these rows."""
    found = [
        paired_bootstrap(
            rows["is_churned"].to_numpy(dtype="float64"),
            {model: rows[model].to_numpy(dtype="float64") for model in MODELS},
            {name: PROBABILITY_METRICS[name] for name in METRICS},
            rows["customer_id"],
            baseline,
            replicates=REPLICATES,
        )
        for baseline in BASELINES
    ]
    return pd.concat(found, ignore_index=True)


def pooled_lines(rows: pd.DataFrame) -> Iterator[str]:
    """A Markdown table of all rows, with the paired differences to both rules."""
    table = judged(rows).set_index(["model", "metric", "baseline"])
    yield "| Metric | Published | Recency rule | BTYD | better than the rule by | better than BTYD by |"
    yield "|---|---|---|---|---|---|"
    for metric in METRICS:
        values = " | ".join(f"{table.loc[(model, metric, BASELINES[0]), 'value']:.4f}" for model in MODELS)
        gains = " | ".join(_interval(table.loc[("published", metric, baseline)]) for baseline in BASELINES)
        yield f"| {WORDS[metric]} | {values} | {gains} |"


def _interval(row: Any) -> str:
    return f"{row['improvement_lower']:.4f} to {row['improvement_upper']:.4f}"


def snapshot_lines(rows: pd.DataFrame) -> Iterator[str]:
    """A Markdown table with the figures of each snapshot: published / recency rule / BTYD."""
    yield "| Snapshot | model | customers | churned | " + " | ".join(WORDS[name] for name in METRICS) + " |"
    yield "|---|---|---|---|" + "---|" * len(METRICS)
    for day, part in rows.groupby("snapshot_date"):
        truth = part["is_churned"].to_numpy(dtype="float64")
        figures = (
            " / ".join(f"{PROBABILITY_METRICS[name](truth, part[m].to_numpy(dtype='float64')):.3f}" for m in MODELS)
            for name in METRICS
        )
        yield (
            f"| {pd.Timestamp(str(day)).date()} | {part['model'].iloc[0]} | {len(part):,} | {truth.mean():.3f} | "
            f"{' | '.join(figures)} |"
        )


def main() -> None:
    """Judge the projects and horizons that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path, help="a folder with a crm.yaml that states churn.horizon_days")
    parser.add_argument("--horizons", type=int, nargs="+", required=True, metavar="DAYS")
    parser.add_argument("--folder", type=Path, default=HERE / "cache" / "backtest", help="where to work")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    for horizon_days in args.horizons:
        scores = scores_of(args.project.resolve(), horizon_days, args.folder.resolve())
        for population, rows in (("active", scores[scores["is_active"]]), ("all", scores)):
            what = f"{len(rows):,} scores, {rows['snapshot_date'].nunique()} snapshots"
            print(f"\n## {args.project.name}, {horizon_days} days, {population}: {what}\n")
            print("\n".join([*pooled_lines(rows), "", *snapshot_lines(rows)]), flush=True)


if __name__ == "__main__":
    main()
