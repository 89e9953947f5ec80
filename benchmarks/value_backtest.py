"""How good the published customer value is beside the rule and plain lifetimes: a rolling backtest of whole projects.

`python -m benchmarks.value_backtest data/complete_journey --horizons 30 60 90` builds the scores of every snapshot of a
copy of the project once per horizon, each from what was known then, and judges those whose outcome is due. It prints
Markdown: all due snapshots pooled, with 95 % intervals of the paired difference to each reference (bootstrap over
customers); coverage of the 80 % intervals among all and among buyers, the histogram of the randomised probability
integral transform beside its band, and the interval score beside that of a bootstrap of plain lifetimes (refitted to
customers drawn again, `--refits` times). Scores stay below --folder, and are judged again without building.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from benchmarks.measure import run_measured
from crm_pipeline.models.bootstrap import paired_bootstrap
from crm_pipeline.models.metrics import Metric, by_name, customer_mean, mae, normalized_gini, rmse, spearman, total_bias
from crm_pipeline.models.value import ValueModel
from crm_pipeline.models.value_intervals import interval_score

HERE = Path(__file__).resolve().parent
MODELS = ("published", "naive", "btyd")
REFERENCES = ("naive", "btyd")
METRICS = by_name(mae, normalized_gini, rmse, spearman, total_bias)
TENTHS = 10
REPLICATES = 500
RUN = "from crm_pipeline.cli import main; main()"
SCORES = """
    select
        snapshot_date,
        customer_id,
        clv_outcomes.is_active,
        spend_amount::double as spend,
        expected_spend as published,
        naive_spend as naive,
        btyd_spend as btyd,
        blend_spend as blend,
        purchase_probability as chance,
        clv_lower * expected_spend / nullif(clv, 0) as lower,
        clv_upper * expected_spend / nullif(clv, 0) as upper,
        customer_rfm.frequency,
        customer_rfm.recency,
        customer_rfm."T",
        customer_rfm.monetary_value::double as monetary_value,
        customer_rfm.order_count,
        customer_rfm.total_spend::double as total_spend
    from features.clv_outcomes
    inner join features.customer_clv using (snapshot_date, customer_id, horizon_days)
    inner join features.customer_rfm using (snapshot_date, customer_id)
    order by snapshot_date, customer_id
"""
MODELS_OF = "select snapshot_date, artifact from features.clv_model where candidate = 'blend'"


def scores_of(project: Path, horizon_days: int, folder: Path) -> tuple[pd.DataFrame, dict[date, str]]:
    """Scores beside outcomes of all due snapshots of a copy of the project below `folder`, and each one's blend.

    Columns as of SCORES, one row per snapshot and customer. RuntimeError when the run fails, with its last lines.
    """
    target = folder / f"{project.name}_{horizon_days}.parquet"
    models = target.with_suffix(".models.parquet")
    if not models.is_file():
        copy = folder / project.name
        if not copy.is_dir():
            shutil.copytree(project, copy, ignore=shutil.ignore_patterns("warehouse"))
        set_horizon(copy / "crm.yaml", horizon_days)
        command = [sys.executable, "-c", RUN, "run", "--project", str(copy)]
        command += ["--select", "+customer_clv", "--select", "+clv_outcomes"]
        measured = run_measured(command, folder / "logs" / target.stem)
        if measured.exit_code != 0:
            raise RuntimeError("\n".join(measured.stderr.splitlines()[-10:]))
        with duckdb.connect(str(copy / "warehouse" / "crm.duckdb"), read_only=True) as connection:
            connection.execute(f"copy ({SCORES}) to '{target}' (format parquet)")
            newest = f"{MODELS_OF} qualify table_version = max(table_version) over (partition by snapshot_date)"
            connection.execute(f"copy ({newest}) to '{models}' (format parquet)")
    fitted = pd.read_parquet(models)
    return pd.read_parquet(target), dict(zip(fitted["snapshot_date"], fitted["artifact"], strict=True))


def set_horizon(path: Path, horizon_days: int) -> None:
    """Write another horizon of value into a crm.yaml; ValueError where it states none."""
    text = path.read_text(encoding="utf-8")
    changed, count = re.subn(r"^(clv:.*?horizon_days:\s*)\d+", rf"\g<1>{horizon_days}", text, flags=re.M | re.S)
    if count != 1:
        raise ValueError(f"{path} states no clv.horizon_days")
    path.write_text(changed, encoding="utf-8")


def accuracy_lines(rows: pd.DataFrame) -> Iterator[str]:
    """A Markdown table of all rows, with the paired differences to both references."""
    truth, scores = rows["spend"].to_numpy(), {model: rows[model].to_numpy() for model in MODELS}
    tables = {
        reference: paired_bootstrap(
            truth, scores, METRICS, rows["customer_id"], reference, replicates=REPLICATES
        ).set_index(["model", "metric"])
        for reference in REFERENCES
    }
    yield "| Metric | Published | Rule | Plain BTYD | better than the rule by | better than BTYD by |"
    yield "|---|---|---|---|---|---|"
    for metric in METRICS:
        values = " | ".join(f"{tables['naive'].loc[(model, metric), 'value']:.4f}" for model in MODELS)
        gains = " | ".join(_interval(tables[reference].loc[("published", metric)]) for reference in REFERENCES)
        yield f"| {metric} | {values} | {gains} |"


def same_total_line(rows: pd.DataFrame) -> str:
    """The mean absolute error once every snapshot's total is the rule's: who is right about customers, not the level.

    The error of a skewed outcome is least for a forecast far below the mean, so a rule that expects too little in all
    looks good by it.
    """
    total = rows.groupby("snapshot_date")[list(MODELS)].transform("sum")
    scores = {model: (rows[model] * total["naive"] / total[model]).fillna(0).to_numpy() for model in MODELS}
    found = paired_bootstrap(
        rows["spend"].to_numpy(), scores, by_name(mae), rows["customer_id"], "naive", replicates=REPLICATES
    ).set_index("model")
    values = ", ".join(f"{model} {found.loc[model, 'value']:.4f}" for model in MODELS)
    return f"MAE with every total brought to the rule's: {values}; better by {_interval(found.loc['published'])}."


def _interval(row: Any) -> str:
    return f"{row['improvement_lower']:.4f} to {row['improvement_upper']:.4f}"


def interval_lines(rows: pd.DataFrame, artifacts: dict[date, str], refits: int, horizon_days: int) -> Iterator[str]:
    """Coverage, the histogram of positions of snapshots with intervals of their own, and interval scores."""
    rows = rows.dropna(subset=["lower", "upper"])
    inside = rows["spend"].between(rows["lower"], rows["upper"])
    yield (
        f"80 % intervals: {inside.mean():.1%} of all customers inside, {inside[rows['spend'] > 0].mean():.1%} of those "
        "who bought."
    )
    positions = np.concatenate([_positions(part, artifacts[day]) for day, part in rows.groupby("snapshot_date")])
    if len(positions):
        shares = np.histogram(positions, TENTHS, (0, 1))[0] / len(positions)
        # customers of one snapshot share its level: a band for independent outcomes is the narrowest one can ask
        band = 1.96 * np.sqrt(0.1 * 0.9 / len(positions))
        yield f"Tenths of the randomised PIT ({len(positions):,} outcomes, 10 % +- {band:.1%} if independent):"
        yield ", ".join(f"{share:.1%}" for share in shares)
    if refits:
        yield from _score_lines(rows, refits, horizon_days)


def _positions(part: pd.DataFrame, artifact: str) -> np.ndarray:
    intervals = ValueModel.from_json(artifact).intervals
    if intervals is None:
        return np.zeros(0)
    columns = (part[name].to_numpy() for name in ("chance", "blend", "spend"))
    return intervals.position(*columns, np.random.default_rng(0).random(len(part)))


def _score_lines(rows: pd.DataFrame, refits: int, horizon_days: int) -> Iterator[str]:
    parts = [_bootstrapped(part, refits, horizon_days) for _, part in rows.groupby("snapshot_date")]
    bounds = np.concatenate(parts)
    truth = rows["spend"].to_numpy()
    scores = {
        "published": interval_score(truth, rows["lower"].to_numpy(), rows["upper"].to_numpy()),
        "lifetimes": interval_score(truth, bounds[:, 0], bounds[:, 1]),
    }
    score = Metric("interval_score", customer_mean.function, greater_is_better=False, perfect=0.0)
    found = paired_bootstrap(
        truth, scores, {score.name: score}, rows["customer_id"], "lifetimes", replicates=REPLICATES
    ).set_index("model")
    covered = np.mean((truth >= bounds[:, 0]) & (truth <= bounds[:, 1]))
    yield (
        f"Interval score: {scores['published'].mean():.1f}, of {refits} refits of plain lifetimes "
        f"{scores['lifetimes'].mean():.1f} (which cover {covered:.1%}); better by {_interval(found.loc['published'])}."
    )


def _bootstrapped(part: pd.DataFrame, refits: int, horizon_days: int) -> np.ndarray:
    """10 % and 90 % points of each customer's expected spend over lifetimes' fits to customers drawn again, (n, 2)."""
    from crm_pipeline.features.clv_fit import fit

    random = np.random.default_rng(0)
    mean_order = (part["total_spend"] / part["order_count"]).clip(lower=0)
    spend = part["monetary_value"].where(part["frequency"] > 0, mean_order)
    found = []
    for _ in range(refits):
        drawn = part.iloc[random.integers(len(part), size=len(part))]
        histories = drawn.groupby(["frequency", "recency", "T"]).size().rename("customer_count").reset_index()
        spenders = drawn[["frequency"]].assign(monetary_value=spend.loc[drawn.index], customer_count=1)
        found.append(fit(histories, spenders, horizon_days, "bg_nbd")[0].predict(part)["expected_spend"].to_numpy())
    return np.quantile(np.array(found), [0.1, 0.9], axis=0).T


def main() -> int:
    """Build, judge and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("projects", type=Path, nargs="+", help="folders with a crm.yaml")
    parser.add_argument("--horizons", type=int, nargs="+", default=[30])
    parser.add_argument("--folder", type=Path, default=HERE / "cache" / "value_backtest")
    parser.add_argument("--refits", type=int, default=20, help="of plain lifetimes for its intervals; 0: none")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    for project in args.projects:
        for horizon_days in args.horizons:
            rows, artifacts = scores_of(project.resolve(), horizon_days, args.folder)
            print(f"\n## {project.name}, spend in {horizon_days} days\n")
            print(f"{rows['snapshot_date'].nunique()} snapshots, {len(rows):,} scores.\n")
            for line in (
                *accuracy_lines(rows),
                "",
                same_total_line(rows),
                *interval_lines(rows, artifacts, args.refits, horizon_days),
            ):
                print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
