"""How good the recommendations were, once the outcome is known: the published lists beside those of simple rules.

`published` is the list of usual and new products that customers were shown, `mix` the same where the learned mix made
it; `usual` and `new` are the lists of one slot alone. The others are the rules (Li et al., 2023, "A next basket
recommendation reality check"), and each source of candidates alone (`own`, `similar`, `popular`), for a sample of the
customers. GN-TopFreq, the most popular products that the customer never bought, is the rule that a list of new products
has to beat, GP-TopFreq the published list, the mix and the usual products; whatever else could be shown is set beside
the published list, and its discoveries beside the new products: its improvement should surely be below 0. `repeat_`
metrics count only products that the customer had bought before, `explore_` metrics only new ones. Metrics are means
over customers who bought something.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Expectation, Table
from crm_pipeline.project import Project
from crm_pipeline.recommendations.recommendation_outcomes import (
    BASELINE,
    FIGURES,
    NEW,
    NEW_BASELINE,
    PLACES,
    PUBLISHED,
    SOURCE_PLACES,
    USUAL,
    judged_places,
)

if TYPE_CHECKING:
    import pandas as pd

MIX = "mix"
SIMPLER = ("P-TopFreq", "G-TopFreq")
SOURCES = tuple(SOURCE_PLACES)
JUDGED = (*PLACES, MIX, *SOURCES)
KEY = ["snapshot_date", "customer_id"]
EXPLORE = tuple(figure for figure in FIGURES if figure.startswith("explore"))
WHOLE = tuple(figure for figure in FIGURES if not figure.startswith(("explore", "repeat")))


@dataclass(frozen=True)
class Comparison:
    """Lists to judge by some figures beside one baseline, for everyone or for the sample of the sources."""

    baseline: str
    models: tuple[str, ...]
    figures: tuple[str, ...] = tuple(FIGURES)
    is_sampled: bool = False


COMPARISONS = (
    Comparison(BASELINE, (PUBLISHED, MIX, USUAL, BASELINE)),
    Comparison(NEW_BASELINE, (NEW, NEW_BASELINE), EXPLORE),
    Comparison(PUBLISHED, SIMPLER),
    Comparison(PUBLISHED, SOURCES, WHOLE, is_sampled=True),
    Comparison(NEW, tuple(source for source in SOURCES if source != "own"), EXPLORE, is_sampled=True),
)
_BASELINE_RULE = (
    f"baseline = case when model in {COMPARISONS[1].models} then '{NEW_BASELINE}' "
    f"when model in {SOURCES} and substr(metric, 1, 8) = 'explore_' then '{NEW}' "
    f"when model in {(*SIMPLER, *SOURCES)} then '{PUBLISHED}' else '{BASELINE}' end"
)

TABLE = Table(
    name="recommendation_evaluation",
    description="One row per judged snapshot (and all of them pooled), model, population and metric.",
    grain=columns.EVALUATION_GRAIN,
    partition_column="known_date",
    columns=columns.EVALUATION,
    rules=(
        *columns.EVALUATION_RULES,
        f"model in {JUDGED}",
        "metric like '%\\_at\\_%' escape '\\'",
        _BASELINE_RULE,
        "value is null or value between 0 and 1",
    ),
    expectations=(Expectation("null_share", "value", maximum=0.5, why="someone should have bought something"),),
)


def build(rows: pd.DataFrame, project: Project, snapshot_date: date) -> pd.DataFrame:
    """Judge all lists whose outcome is known at `snapshot_date`; rows of their own for snapshots that fell due now.

    Args:
        rows: a row per judged snapshot, customer and list: known_date, published_model, is_active and FIGURES.
        project: gives the length of the lists.
        snapshot_date: the known_date to build.
    """
    import pandas as pd

    frame = _wide(rows)
    is_due = pd.to_datetime(frame["known_date"]) == pd.Timestamp(snapshot_date)
    newly_due = set(pd.to_datetime(frame.loc[is_due, "snapshot_date"]))
    judged = [_judged(frame, each, snapshot_date, newly_due, judged_places(project)) for each in COMPARISONS]
    return pd.concat([part for part in judged if len(part)] or judged[:1], ignore_index=True)


def _judged(
    frame: pd.DataFrame, comparison: Comparison, known_date: date, newly_due: set[pd.Timestamp], k: int
) -> pd.DataFrame:
    """Rows of one comparison; those of its baseline only where it is a model of the comparison."""
    import pandas as pd

    from crm_pipeline.models.evaluation import evaluate_customer_values

    rows = frame[frame[f"{SOURCES[0]} recall"].notna()] if comparison.is_sampled else frame
    models = tuple(dict.fromkeys((comparison.baseline, *comparison.models)))
    found = evaluate_customer_values(
        rows,
        known_date=known_date,
        values={f"{figure}_at_{k}": {model: f"{model} {figure}" for model in models} for figure in comparison.figures},
        baseline=comparison.baseline,
        newly_due=newly_due & set(pd.to_datetime(rows["snapshot_date"])),
    )
    return found[found["model"].isin(comparison.models)]


def _wide(rows: pd.DataFrame) -> pd.DataFrame:
    """A row per judged snapshot and customer, with a column `<model> <figure>` for each."""
    import pandas as pd

    pairs = [(figure, model) for figure in FIGURES for model in JUDGED if model != MIX]
    wide = rows.pivot(index=KEY, columns="model", values=list(FIGURES))
    wide = wide.reindex(columns=pd.MultiIndex.from_tuples(pairs)).astype("float64")
    wide.columns = pd.Index([f"{model} {figure}" for figure, model in pairs])
    customers = rows.drop_duplicates(KEY).set_index(KEY)[["known_date", "published_model", "is_active"]]
    frame = customers.join(wide)
    is_mix = frame["published_model"] == MIX
    mixed = {f"{MIX} {figure}": frame[f"{PUBLISHED} {figure}"].where(is_mix) for figure in FIGURES}
    return frame.assign(**mixed).reset_index()
