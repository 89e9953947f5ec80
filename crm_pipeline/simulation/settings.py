"""What a simulated shop looks like: typed, validated, and with no randomness of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

HOURS_PER_DAY = 24
# Quiet nights, a bump at noon and a larger one after work.
SHOPPING_HOURS = (1, 1, 0, 0, 0, 0, 1, 3, 6, 9, 11, 12, 12, 10, 10, 11, 13, 15, 15, 13, 10, 7, 4, 2)
CATEGORY_NAMES = (
    "fruit", "vegetables", "bakery", "dairy", "cheese", "meat", "fish", "frozen", "pasta", "sauces",
    "breakfast", "snacks", "sweets", "coffee", "tea", "soft drinks", "beer", "wine", "household", "pets",
)  # fmt: skip


def _require_weights(name: str, weights: tuple[float, ...], length: int) -> None:
    _require(len(weights) == length, f"{name} must hold {length} numbers, got {len(weights)}")
    _require(all(weight >= 0 for weight in weights) and sum(weights) > 0, f"{name} must not be negative or all zero")


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


@dataclass(frozen=True)
class Segment:
    """A planted group of customers who shop alike.

    `share` is the part of all customers; `rate_factor` multiplies their purchase rate; `basket_lines` is the mean
    number of lines of a basket; `price_tilt` is the exponent of price in their choice of products (negative: cheap
    ones); `repeat_share`, `discount_share` and `return_share` are probabilities per line (taken from the own
    favourites, bought at a discount, sent back); `response_share` is the probability that a campaign contact
    brings one extra order from a customer who has not left.
    """

    name: str
    share: float
    rate_factor: float = 1.0
    basket_lines: float = 4.0
    price_tilt: float = 0.0
    repeat_share: float = 0.6
    discount_share: float = 0.15
    return_share: float = 0.02
    response_share: float = 0.03
    is_price_sensitive: bool = False

    def __post_init__(self) -> None:
        for field in ("share", "repeat_share", "discount_share", "return_share", "response_share"):
            _require(0 <= getattr(self, field) <= 1, f"segment {self.name!r}: {field} must lie in [0, 1]")
        _require(self.rate_factor > 0, f"segment {self.name!r}: rate_factor must be positive")
        _require(self.basket_lines >= 1, f"segment {self.name!r}: basket_lines must be at least 1")


DEFAULT_SEGMENTS = (
    Segment("regular", share=0.45),
    Segment("big basket", share=0.15, basket_lines=9.0, price_tilt=0.3, repeat_share=0.7),
    Segment(
        "bargain hunter", share=0.20, price_tilt=-0.8, discount_share=0.70, response_share=0.15, is_price_sensitive=True
    ),
    Segment("novelty seeker", share=0.12, repeat_share=0.05, price_tilt=0.4),
    Segment("frequent returner", share=0.08, return_share=0.25),
)


@dataclass(frozen=True)
class ShopSettings:
    """The settings of one shop. All times are in days, all amounts in the shop's currency.

    Purchases follow the Pareto/NBD model (Schmittlein, Morrison and Colombo, "Counting Your Customers", 1987): a
    customer's first order is followed by a Poisson process whose rate per day is Gamma(`r`, rate `alpha`), until the
    customer leaves after an exponential time whose rate per day is Gamma(`s`, rate `beta`). The Poisson process runs
    on a clock that is faster in season (see `seasons.Clock`), one tick per day on average. Campaigns add orders.

    The product of popularity rank k is chosen in proportion to (k + `zipf_offset`) ** -`zipf_exponent`, times taste.
    `launch_share` of the customers arrive evenly in the first `launch_days`, the others over the whole period.
    `spend_shape` is the shape of the gamma spread of basket sizes between customers (larger is more alike).
    `pair_share` is the probability that a planted pair's second product joins a basket holding its first.
    `dirt` is the share of order lines that are spoiled, in equal parts for each kind of `dirt.KINDS`;
    `fraud_share` fraudulent orders per honest one are added, in equal parts for each kind of `frauds.KINDS`.

    Raises ValueError, naming the setting, where a value is impossible.
    """

    name: str = "simulated_shop"
    first_day: date = date(2022, 1, 1)
    last_day: date = date(2023, 12, 31)
    customers: int = 1_000
    r: float = 0.6
    alpha: float = 60.0
    s: float = 1.5
    beta: float = 500.0
    launch_share: float = 0.4
    launch_days: int = 90
    yearly_amplitude: float = 0.25
    peak_day_of_year: int = 350
    weekday_weights: tuple[float, ...] = (0.9, 0.85, 0.9, 1.0, 1.25, 1.4, 0.7)
    hour_weights: tuple[float, ...] = SHOPPING_HOURS
    trend_per_year: float = 0.05
    segments: tuple[Segment, ...] = DEFAULT_SEGMENTS
    spend_shape: float = 4.0
    products: int = 2_000
    category_names: tuple[str, ...] = CATEGORY_NAMES
    zipf_exponent: float = 1.0
    zipf_offset: float = 10.0
    taste_groups: int = 6
    favourites: int = 12
    pair_count: int = 10
    pair_share: float = 0.5
    median_price: float = 3.5
    price_growth_per_year: float = 0.03
    stores: int = 20
    campaigns: int = 6
    contact_share: float = 0.3
    campaign_days: int = 14
    coupons_per_campaign: int = 10
    dirt: float = 0.0
    fraud_share: float = 0.0

    @property
    def days(self) -> int:
        """Days simulated, both ends included."""
        return (self.last_day - self.first_day).days + 1

    def __post_init__(self) -> None:
        _require(self.last_day > self.first_day, "last_day must be after first_day")
        for field in ("customers", "taste_groups", "favourites", "stores", "launch_days", "campaign_days"):
            _require(getattr(self, field) >= 1, f"{field} must be at least 1")
        for field in ("r", "alpha", "s", "beta", "spend_shape", "median_price"):
            value = getattr(self, field)
            _require(math.isfinite(value) and value > 0, f"{field} must be positive and finite")
        for field in ("launch_share", "pair_share", "contact_share", "dirt", "fraud_share"):
            _require(0 <= getattr(self, field) <= 1, f"{field} must lie in [0, 1]")
        _require(0 <= self.yearly_amplitude < 1, "yearly_amplitude must lie in [0, 1)")
        _require(self.trend_per_year > -1, "trend_per_year must be above -1")
        _require(min(self.zipf_exponent, self.zipf_offset) >= 0, "zipf_exponent and zipf_offset must not be negative")
        _require_weights("weekday_weights", self.weekday_weights, 7)
        _require_weights("hour_weights", self.hour_weights, HOURS_PER_DAY)
        _require(bool(self.category_names), "category_names must not be empty")
        _require(self.products >= len(self.category_names), "products must be at least as many as category_names")
        _require(0 <= 4 * self.pair_count <= self.products, "pair_count must lie between 0 and a quarter of products")
        _require(self.campaigns >= 0, "campaigns must not be negative")
        _require(1 <= self.coupons_per_campaign <= self.products, "coupons_per_campaign must lie in [1, products]")
        _require(bool(self.segments), "segments must not be empty")
        _require(abs(sum(s.share for s in self.segments) - 1) < 1e-9, "the shares of segments must add up to 1")
