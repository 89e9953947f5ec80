"""Campaigns, who was contacted, who answered with a coupon.

Contacts are drawn at random among the customers known by then, so the shop has a control group and the effect of a
campaign is known: a contact adds one order with probability `Segment.response_share`, if the customer has not left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from crm_pipeline.simulation.catalogue import FIRST_PRODUCT_ID, Catalogue
from crm_pipeline.simulation.columns import timestamps
from crm_pipeline.simulation.population import Population
from crm_pipeline.simulation.seasons import Clock
from crm_pipeline.simulation.settings import ShopSettings

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
CAMPAIGN_TYPES = ("seasonal", "reactivation", "category")
CHANNELS = ("email", "app", "post")
COUPON_DISCOUNT_PERCENT = 30
MEAN_RESPONSE_DAYS = 3.0
CONTACT_HOUR = 9


@dataclass(frozen=True)
class Campaigns:
    """`start` (campaigns,): first day of each, in days since the first midnight; `coupon_product` (campaigns,
    coupons_per_campaign): product indices; the coupon at [c, k] has identifier c * coupons_per_campaign + k + 1."""

    start: Ints
    coupon_product: Ints


@dataclass(frozen=True)
class Contacts:
    """Contacts of one chunk, sorted by campaign and customer: arrays of equal length; `responded_at` is infinite
    where no order follows, `coupon` the index of the coupon that an answer redeems."""

    campaign: Ints
    customer: Ints
    contacted_at: Floats
    channel: Ints
    responded_at: Floats
    coupon: Ints


def plan_campaigns(settings: ShopSettings, catalogue: Catalogue, rng: np.random.Generator) -> Campaigns:
    """Evenly spaced campaigns after the launch; coupons are for products drawn by their popularity."""
    first = min(settings.launch_days, settings.days // 2)
    start = np.linspace(first, settings.days, settings.campaigns, endpoint=False).astype(np.int64)
    groups = settings.taste_groups * len(settings.segments)
    stretch = rng.integers(0, groups, (settings.campaigns, settings.coupons_per_campaign))
    return Campaigns(start, catalogue.draw(rng, stretch))


def contact_customers(
    settings: ShopSettings, clock: Clock, campaigns: Campaigns, people: Population, rng: np.random.Generator
) -> Contacts:
    """Draw who is contacted, and who answers within `campaign_days`."""
    known = people.arrival[None, :] < campaigns.start[:, None]
    campaign, customer = np.nonzero(known & (rng.random(known.shape) < settings.contact_share))
    size = len(campaign)
    minutes = rng.integers(0, 60, size)
    contacted_at = campaigns.start[campaign] + (CONTACT_HOUR + minutes / 60) / 24
    # Answers come in shopping hours: the wait is in shopping time.
    answer_time = clock.shopping_time(contacted_at) + rng.exponential(MEAN_RESPONSE_DAYS, size)
    responded_at = clock.calendar_time(answer_time)
    response_share = np.array([segment.response_share for segment in settings.segments])[people.segment[customer]]
    # The shop writes to customers who have left as well: it cannot see them leave.
    last = np.minimum(people.departure[customer], campaigns.start[campaign] + settings.campaign_days)
    answers = (rng.random(size) < response_share) & (answer_time < settings.days) & (responded_at < last)
    coupon = campaign * settings.coupons_per_campaign + rng.integers(0, settings.coupons_per_campaign, size)
    return Contacts(
        campaign=campaign,
        customer=customer,
        contacted_at=contacted_at,
        channel=rng.integers(0, len(CHANNELS), size),
        responded_at=np.where(answers, responded_at, np.inf),
        coupon=coupon,
    )


def campaigns_table(settings: ShopSettings, campaigns: Campaigns) -> pa.Table:
    """One row per campaign."""
    index = np.arange(settings.campaigns)
    return pa.table(
        {
            "campaign_id": index + 1,
            "name": pa.array([f"campaign {k + 1}" for k in index], pa.string()),
            "campaign_type": pa.array([CAMPAIGN_TYPES[k % len(CAMPAIGN_TYPES)] for k in index], pa.string()),
            "started_at": timestamps(settings.first_day, campaigns.start.astype(np.float64)),
            "ended_at": timestamps(settings.first_day, (campaigns.start + settings.campaign_days).astype(np.float64)),
        }
    )


def coupons_table(settings: ShopSettings, campaigns: Campaigns) -> pa.Table:
    """One row per coupon."""
    index = np.arange(campaigns.coupon_product.size)
    return pa.table(
        {
            "coupon_id": index + 1,
            "product_id": campaigns.coupon_product.ravel() + FIRST_PRODUCT_ID,
            "campaign_id": index // settings.coupons_per_campaign + 1,
        }
    )


def contacts_table(settings: ShopSettings, people: Population, contacts: Contacts) -> pa.Table:
    """One row per campaign and contacted customer."""
    return pa.table(
        {
            "campaign_id": contacts.campaign + 1,
            "customer_id": people.customer_id[contacts.customer],
            "contacted_at": timestamps(settings.first_day, contacts.contacted_at),
            "channel": pa.array(CHANNELS).take(pa.array(contacts.channel)),
        }
    )


def redemptions_table(settings: ShopSettings, people: Population, contacts: Contacts) -> pa.Table:
    """One row per redeemed coupon; each belongs to one order of the same time."""
    answered = np.isfinite(contacts.responded_at)
    return pa.table(
        {
            "coupon_id": contacts.coupon[answered] + 1,
            "customer_id": people.customer_id[contacts.customer[answered]],
            "redeemed_at": timestamps(settings.first_day, contacts.responded_at[answered]),
            "campaign_id": contacts.campaign[answered] + 1,
        }
    )
