"""Sections of ``crm.yaml`` for models: churn, value, segments, recommendations."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class Settings(BaseModel):
    """Base of every section: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DriftSettings(Settings):
    """``churn.drift``: from which population stability index, and from which ratio of odds, a check warns and fails.

    ``least_importance``: features that move the scores by less than this share of all movement are not judged.
    """

    psi_warning: float = Field(default=0.1, gt=0)
    psi_failure: float = Field(default=0.25, gt=0)
    odds_warning: float = Field(default=1.5, gt=1)
    odds_failure: float = Field(default=2.0, gt=1)
    least_importance: float = Field(default=0.05, ge=0, le=1)

    @model_validator(mode="after")
    def _in_order(self) -> DriftSettings:
        for name in ("psi", "odds"):
            warning, failure = getattr(self, f"{name}_warning"), getattr(self, f"{name}_failure")
            if failure < warning:
                raise ValueError(f"{name}_failure ({failure:g}) is below {name}_warning ({warning:g})")
        return self


class ChurnSettings(Settings):
    """``churn``: the horizon, and the silent days after which a customer counts as gone (default: from the gaps).

    ``contact_cost``: of asking one customer to stay, in the project's currency (default: from the size of orders);
    ``save_rate``: share of those about to leave who stay when asked. Both only move the recommended cut-off.
    """

    horizon_days: int = Field(default=30, ge=1, le=730)
    active_days: int | None = Field(default=None, ge=1, le=3650)
    contact_cost: float | None = Field(default=None, ge=0, lt=1e9)
    save_rate: float = Field(default=0.1, gt=0, le=1)
    drift: DriftSettings = DriftSettings()


class ClvSettings(Settings):
    """``clv``: horizon, yearly discount rate and the margin that turns spend into value.

    ``purchases`` names the family of purchase models; `auto` lets known outcomes choose.
    """

    horizon_days: int = Field(default=90, ge=1, le=1095)
    purchases: Literal["auto", "pareto_nbd", "bg_nbd", "mbg_nbd"] = "auto"
    discount_rate: float = Field(default=0.1, ge=0, lt=10)
    margin: float = Field(default=1.0, gt=0, le=1)


class SegmentSettings(Settings):
    """``segments``: ``custom`` names segments of the project's own, each a SQL predicate over a customer's row.

    ``clustering``: `kmeans` puts everyone into round groups, `hdbscan` finds dense ones of any shape, and outliers.
    """

    clustering: Literal["kmeans", "hdbscan"] = "kmeans"
    custom: dict[str, str] = Field(default_factory=dict)

    @field_validator("custom")
    @classmethod
    def _names(cls, value: dict[str, str]) -> dict[str, str]:
        if any(not name.strip() for name in value):
            raise ValueError("a custom segment needs a name")
        return value


class RecommendationSettings(Settings):
    """``recommendations``: horizon of the outcome, how many products each customer gets, and what is not recommended.

    ``available_days``: only products that anyone ordered in so many days before the snapshot (default: all).
    ``min_price``: only products with at least this mean price per unit, in the project's currency.
    ``excluded_categories``: categories or subcategories that are not pushed, in any spelling of capitals.
    ``rest_days``: what a customer bought in so many days before the snapshot is not recommended to them again, unless
    it is consumable: at least a fifth of its kind's orders are repeats of the same product.
    ``consent_purpose``: who refused this purpose in `consents`, and did not agree later, gets no list.
    """

    horizon_days: int = Field(default=30, ge=1, le=730)
    count: int = Field(default=10, ge=1, le=100)
    available_days: int | None = Field(default=None, ge=1, le=3650)
    min_price: float | None = Field(default=None, gt=0, lt=1e9)
    excluded_categories: tuple[str, ...] = ()
    rest_days: int | None = Field(default=None, ge=1, le=3650)
    consent_purpose: str | None = Field(default=None, min_length=1)
