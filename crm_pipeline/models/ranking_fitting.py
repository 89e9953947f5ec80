"""Learns a blended ranking from past snapshots, and finds out on left-out customers whether it is worth it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from crm_pipeline.models.purchase_history import TrainingSnapshot
from crm_pipeline.models.ranking import MODEL, RULE, FittedRanking
from crm_pipeline.models.ranking_baselines import OWN_THEN_POPULAR_RULE
from crm_pipeline.models.ranking_candidates import CandidateSettings
from crm_pipeline.models.ranking_competition import choose_new
from crm_pipeline.models.ranking_held_out import (
    JudgedSnapshot,
    Values,
    best_shift,
    judged_snapshots,
    paired_gain,
    rule_values,
)
from crm_pipeline.models.ranking_rows import TrainingRows


@dataclass(frozen=True)
class FitSettings:
    """What is learned from.

    candidates: how many per source. k: length of the lists that are judged. min_customers: customers with a purchase
    in the horizon, below which nothing is learned. min_purchases: bought candidates of a kind (own, new) needed for a
    score of that kind.
    """

    candidates: CandidateSettings = field(default_factory=CandidateSettings)
    k: int = 10
    min_customers: int = 100
    min_purchases: int = 100


def fit_ranking(training: Iterable[TrainingSnapshot], settings: FitSettings | None = None) -> FittedRanking:
    """Learn scores for own and new products, what orders the new ones, the shift, and whether to use them at all.

    Args:
        training: past snapshots with what was bought in the horizon after each, all known by now. The newest one is
            enough, and some thousand customers of a large shop are (with all their interactions).
        settings: default FitSettings().

    Returns:
        The scores fitted on everyone, when lists scored by fits on other customers have a better mean NDCG than
        GP-TopFreq (lower end of a paired 95 % interval over customers above 0); else the rule, with the reason why.
    """
    chosen = settings or FitSettings()
    k = chosen.k
    snapshots = judged_snapshots(training, chosen.candidates)
    buyers = _buyer_count(snapshots)
    if buyers < chosen.min_customers:
        return _rule(chosen, f"for only {buyers} of the {chosen.min_customers} buyers needed are known")
    rows = TrainingRows.of(snapshots, chosen.min_purchases)
    if not rows.can_learn_own():
        return _rule(chosen, "for too few of the products bought before were bought again")
    new = choose_new(rows, chosen.candidates, k)
    rows, snapshots = new.rows, new.rows.snapshots
    shift, values = best_shift(snapshots, rows.both(rows.held_out_own(), new.log_odds), k)
    rule = rule_values(snapshots, k)
    gain, lower = paired_gain(values["ndcg"] - rule["ndcg"], snapshots)
    metrics = _means(values, "", k) | _means(rule, "baseline_", k) | new.metrics
    metrics |= {"improvement": gain, "improvement_lower": lower, "customer_count": float(buyers)}
    figures = (
        f"NDCG@{k} {metrics[f'ndcg_at_{k}']:.3f} against {metrics[f'baseline_ndcg_at_{k}']:.3f} on customers left out"
    )
    if not lower > 0:
        return _rule(chosen, f"for the blend is not surely better ({figures})", metrics)
    return FittedRanking(
        MODEL,
        f"the blend is better than {OWN_THEN_POPULAR_RULE} ({figures})",
        new.candidates,
        rows.fit_own(),
        rows.fit_new(new.ranker, new.features),
        shift,
        metrics,
        new.why,
    )


def _rule(settings: FitSettings, why: str, metrics: Mapping[str, float] | None = None) -> FittedRanking:
    return FittedRanking(RULE, f"{OWN_THEN_POPULAR_RULE}, {why}", settings.candidates.by_popularity, metrics=metrics)


def _buyer_count(snapshots: list[JudgedSnapshot]) -> int:
    return len(set().union(*(each.person[each.relevant > 0].tolist() for each in snapshots)))


def _means(values: Values, prefix: str, k: int) -> dict[str, float]:
    return {f"{prefix}{name}_at_{k}": float(np.nanmean(each)) for name, each in values.items()}
