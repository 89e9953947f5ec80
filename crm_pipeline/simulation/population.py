"""The customers: when they arrive, how often they buy, when they leave, what they like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from crm_pipeline.simulation.columns import flags, timestamps
from crm_pipeline.simulation.seasons import Clock
from crm_pipeline.simulation.settings import ShopSettings

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
REGIONS = ("north", "east", "south", "west")
AGE_BANDS = ("18-29", "30-44", "45-59", "60+")
# Nobody is alive for ever: keeps dates of leaving within what a timestamp can hold.
LONGEST_LIFE_DAYS = 36_500.0


@dataclass(frozen=True)
class Population:
    """Customers of one chunk, as arrays of length n; times in days since the first midnight, rates per day."""

    customer_id: Ints
    segment: Ints
    taste_group: Ints
    rate: Floats
    dropout_rate: Floats
    arrival: Floats
    departure: Floats
    expected_orders: Floats
    basket_factor: Floats
    store: Ints
    region: Ints
    age_band: Ints

    @property
    def size(self) -> int:
        """Number of customers, n."""
        return len(self.customer_id)


def draw_population(
    settings: ShopSettings, clock: Clock, first_index: int, size: int, rng: np.random.Generator
) -> Population:
    """Draw `size` customers whose identifiers start at `first_index + 1`.

    `expected_orders` is the expectation, given a customer's rate, arrival and departure, of the orders in the period:
    the first one and the Poisson ones, without those that campaigns add.
    """
    segment = rng.choice(len(settings.segments), size, p=[s.share for s in settings.segments])
    factor = np.array([s.rate_factor for s in settings.segments])[segment]
    rate = rng.gamma(settings.r, 1 / settings.alpha, size) * factor
    dropout_rate = rng.gamma(settings.s, 1 / settings.beta, size)
    arrival = _arrivals(settings, clock, size, rng)
    life = np.minimum(rng.standard_exponential(size) / np.maximum(dropout_rate, 1e-300), LONGEST_LIFE_DAYS)
    taste_group = rng.integers(0, settings.taste_groups, size)
    departure = arrival + life
    exposure = clock.shopping_time(departure) - clock.shopping_time(arrival)
    return Population(
        customer_id=np.arange(first_index + 1, first_index + 1 + size),
        segment=segment,
        taste_group=taste_group,
        rate=rate,
        dropout_rate=dropout_rate,
        arrival=arrival,
        departure=departure,
        expected_orders=1 + rate * exposure,
        basket_factor=rng.gamma(settings.spend_shape, 1 / settings.spend_shape, size),
        store=rng.integers(0, settings.stores, size) + 1,
        region=rng.integers(0, len(REGIONS), size),
        # Age says something about taste: half of each taste group shares one age band.
        age_band=np.where(rng.random(size) < 0.5, taste_group % len(AGE_BANDS), rng.integers(0, len(AGE_BANDS), size)),
    )


def customers_table(settings: ShopSettings, people: Population) -> pa.Table:
    """What the shop knows about its customers, one row each."""
    return pa.table(
        {
            "customer_id": people.customer_id,
            "registered_at": timestamps(settings.first_day, people.arrival),
            "region": pa.array(REGIONS).take(pa.array(people.region)),
            "age_band": pa.array(AGE_BANDS).take(pa.array(people.age_band)),
        }
    )


def truth_table(settings: ShopSettings, people: Population, campaign_orders: Ints) -> pa.Table:
    """What the shop cannot know, one row per customer; `campaign_orders` (n,) counts the orders campaigns added."""
    sensitive = np.array([segment.is_price_sensitive for segment in settings.segments])
    return pa.table(
        {
            "customer_id": people.customer_id,
            "segment": pa.array([segment.name for segment in settings.segments]).take(pa.array(people.segment)),
            "taste_group": people.taste_group,
            "is_price_sensitive": flags(sensitive[people.segment]),
            "rate_per_day": people.rate,
            "dropout_rate_per_day": people.dropout_rate,
            "first_order_at": timestamps(settings.first_day, people.arrival),
            "died_at": timestamps(settings.first_day, people.departure),
            "is_alive": flags(people.departure >= settings.days),
            "expected_order_count": people.expected_orders,
            "campaign_order_count": campaign_orders,
        }
    )


def _arrivals(settings: ShopSettings, clock: Clock, size: int, rng: np.random.Generator) -> Floats:
    """First order times: a launch with many new customers, then a flow that follows the season."""
    launch_end = clock.shopping_time(np.array([float(settings.launch_days)]))[0]
    at_launch = rng.random(size) < settings.launch_share
    return clock.calendar_time(rng.random(size) * np.where(at_launch, launch_end, clock.days))
