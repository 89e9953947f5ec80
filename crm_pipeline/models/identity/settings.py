"""What identity resolution is told, what it reads and what it writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

KEYS = ("record_id", "source", "known_at")
NAMES = ("first_name", "last_name")
VALUES = (
    "first_name",
    "last_name",
    "email",
    "phone",
    "birth_date",
    "street",
    "house_number",
    "address_2",
    "postcode",
    "city",
    "region",
    "country",
    "gender",
    "organisation",
)
"""What two records are compared by, once normalised; any of them may be missing or empty."""

INPUT_COLUMNS = (*KEYS, "full_name", *VALUES)
NORMALISED_COLUMNS = (*KEYS, *VALUES)
PAIR_COLUMNS = ("left_id", "right_id", "match_probability", "match_weight", "reason", "agreement")
ASSIGNMENT_COLUMNS = ("record_id", "cluster_id", "match_probability", "reason", "is_held")

Unit = Literal["person", "household", "organisation"]


@dataclass(frozen=True)
class IdentitySettings:
    """Settings that a project may state; none of them describes a data set.

    Attributes:
        unit: what one customer is.
        precision_goal: expected share of true matches among the accepted pairs; the threshold is never below one half.
        country: ISO 3166 alpha-2 code; region of phone numbers without `+`, and order of day and month in 3/4/1990.
        largest_cluster: clusters with more records are split at their weakest links and held.
        names_per_value: an e-mail address or phone number of more distinct people than this identifies no one.
        seed: of every sample.
    """

    unit: Unit = "person"
    precision_goal: float = 0.99
    country: str | None = None
    largest_cluster: int = 30
    names_per_value: int = 5
    seed: int = 1


@dataclass(frozen=True)
class BadValues:
    """How many records had a value that identifies no one, and why it was taken out."""

    column: str
    reason: str
    rows: int
