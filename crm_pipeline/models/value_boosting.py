"""Spend in a horizon by boosted trees in two stages: whether a customer buys at all, and how much if so.

Two such models see the same features. `correction` starts from what buy-till-you-die models expect and learns only
where they are wrong: few rows suffice, and big customers, beyond what trees have seen, keep their own level. `centre`
starts from nothing and reads the amount at the 60 % point of its log-normal distribution: where spend has a heavy tail,
a mean of a few hundred amounts hangs on a handful of them. Neither is trusted about the level; the blend sets it
(`value_blend`). Trees are those of LightGBM (Ke et al., 2017), settings those of the churn model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.special import expit, logit, ndtri

from crm_pipeline.models.calibration import FloatArray
from crm_pipeline.models.classifiers_boosting import BINNING, BOOSTING, LEAST_LEAF_ROWS, ROWS_PER_LEAF_ROW
from crm_pipeline.models.openmp import lightgbm

ROUNDS = 100
FEATURE_FRACTION = 0.3
CENTRE = 0.6
"""The point of a customer's distribution, of not buying and of amounts, that `centre` reads."""
CHANCE_LIMIT = 0.01
"""A buy-till-you-die chance is taken as no surer than this and 1 less this."""
LEAST_SHARE_OF_MEAN = 0.02
"""What the reference expects of a customer counts as at least this share of its mean: logs need something above 0."""
STAGES = ("centre_buys", "centre_amount", "correction_buys", "correction_amount")


@dataclass(frozen=True)
class Reference:
    """What simple models expect of each customer, shape (n,) each: spend > 0, and the chance to buy at all."""

    spend: FloatArray
    chance: FloatArray

    @classmethod
    def of(cls, naive: FloatArray, btyd: FloatArray, purchases: FloatArray, mean: float) -> Self:
        """From the rule's and the BTYD model's spend and its purchases; `mean` of their spend sets the least one."""
        spend = np.maximum((naive + btyd) / 2, LEAST_SHARE_OF_MEAN * mean)
        return cls(spend, np.clip(-np.expm1(-purchases), CHANCE_LIMIT, 1 - CHANCE_LIMIT))

    @property
    def log_amount(self) -> FloatArray:
        """Log of the spend of those who buy."""
        return np.asarray(np.log(self.spend / self.chance))


@dataclass(frozen=True)
class BoostedSpend:
    """Four boosters by stage, in LightGBM's text format, and the spread of log amounts."""

    texts: Mapping[str, str]
    boosters: Mapping[str, lightgbm.Booster]
    spread: float

    @classmethod
    def fit(cls, X: FloatArray, spend: FloatArray, reference: Reference) -> Self:
        """Fit all stages.

        Args:
            X: (n, features), NaN allowed.
            spend: (n,), the outcomes; some above 0 and some not.
            reference: of the same rows.
        """
        buys = spend > 0
        amount, unit = spend[buys], float(spend[buys].mean())
        log_amount = np.log(amount)
        start = reference.log_amount[buys] - np.log(unit)
        everyone, buyers = _binned(X, buys.astype(np.float64)), _binned(X[buys], log_amount)
        found = {
            "centre_buys": _train(everyone, "binary", len(X)),
            "centre_amount": _train(buyers, "regression", len(amount)),
            "correction_buys": _train(everyone.set_init_score(logit(reference.chance)), "binary", len(X)),
            "correction_amount": _train(buyers.set_label(amount / unit).set_init_score(start), "gamma", len(amount)),
        }
        errors = log_amount - np.asarray(found["centre_amount"].predict(X[buys], num_threads=1))
        return cls._of({stage: found[stage].model_to_string() for stage in STAGES}, float(np.sqrt(np.mean(errors**2))))

    @classmethod
    def _of(cls, texts: Mapping[str, str], spread: float) -> Self:
        try:
            boosters = {stage: lightgbm.Booster(model_str=texts[stage]) for stage in STAGES}
        except lightgbm.basic.LightGBMError as error:
            raise ValueError("the model's text is not a LightGBM model") from error
        return cls(dict(texts), boosters, spread)

    def predict(self, X: FloatArray, reference: Reference) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Chance to buy, `centre` and `correction`, shape (n,) each; the two are known up to a common factor only."""
        raw = {stage: _raw(self.boosters[stage], X) for stage in STAGES}
        own_chance = expit(raw["centre_buys"])
        # the chance that is left above the wanted point, among those who buy
        level = np.clip((CENTRE - (1 - own_chance)) / own_chance, 1e-6, 1 - 1e-6)
        amount = np.exp(raw["centre_amount"] + self.spread * ndtri(level))
        centre = np.where(own_chance > 1 - CENTRE, amount, 0.0)
        chance = expit(raw["correction_buys"] + logit(reference.chance))
        correction = chance * np.exp(raw["correction_amount"] + reference.log_amount)
        return (own_chance + chance) / 2, centre, correction

    def to_dict(self) -> dict[str, Any]:
        """JSON-able parameters."""
        return {"texts": dict(self.texts), "spread": self.spread}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """The inverse of to_dict. Raises ValueError when a text is no LightGBM model."""
        return cls._of(stored["texts"], float(stored["spread"]))


def _binned(X: FloatArray, target: FloatArray) -> lightgbm.Dataset:
    return lightgbm.Dataset(X, target, params=BINNING, free_raw_data=False).construct()


def _train(data: lightgbm.Dataset, objective: str, rows: int) -> lightgbm.Booster:
    settings = BINNING | BOOSTING | {
        "objective": objective,
        "seed": 0,
        "deterministic": True,
        "force_row_wise": True,
        "feature_fraction": FEATURE_FRACTION,
        "min_data_in_leaf": max(LEAST_LEAF_ROWS, rows // ROWS_PER_LEAF_ROW),
    }  # fmt: skip
    return lightgbm.train(settings, data, num_boost_round=ROUNDS)


def _raw(booster: lightgbm.Booster, X: FloatArray) -> FloatArray:
    return np.asarray(booster.predict(X, raw_score=True, num_threads=1), dtype=np.float64)
