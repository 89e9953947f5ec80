"""A whole shop from a seed: what it exports, and the truth behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa

from crm_pipeline.simulation import campaigns as campaign_model
from crm_pipeline.simulation import orders as order_model
from crm_pipeline.simulation.catalogue import FIRST_PRODUCT_ID, Catalogue, make_catalogue
from crm_pipeline.simulation.dirt import count_kinds, spoil_lines
from crm_pipeline.simulation.frauds import plant_frauds
from crm_pipeline.simulation.population import customers_table, draw_population, truth_table
from crm_pipeline.simulation.seasons import Clock
from crm_pipeline.simulation.settings import ShopSettings

# Part of what a seed means: another size would give another shop.
CUSTOMERS_PER_CHUNK = 50_000
_SHARED_STREAM, _CUSTOMER_STREAM, _FRAUD_STREAM = 0, 1, 2
PILOT_CUSTOMERS = 20_000


@dataclass(frozen=True)
class Truth:
    """What only the simulation knows.

    `customers`: see `population.truth_table`. `product_pairs`: product_id, other_product_id of the planted pairs.
    `spoiled_lines`: order_line_id, kind (no rows without dirt). `dirt_counts`: spoiled lines per kind.
    `fraudulent_orders`: order_id, kind (no rows without frauds).
    """

    customers: pa.Table
    product_pairs: pa.Table
    spoiled_lines: pa.Table
    fraudulent_orders: pa.Table

    @property
    def dirt_counts(self) -> dict[str, int]:
        """Number of spoiled lines per kind of dirt."""
        return count_kinds(self.spoiled_lines)


@dataclass(frozen=True)
class ShopChunk:
    """The tables of a stretch of customers; together the chunks of a shop are the shop."""

    customers: pa.Table
    campaign_contacts: pa.Table
    coupon_redemptions: pa.Table
    order_lines: pa.Table
    true_customers: pa.Table
    spoiled_lines: pa.Table
    fraudulent_orders: pa.Table


@dataclass(frozen=True)
class Shop:
    """A simulated shop. Its tables (Arrow) are made when first asked for; `chunks` never holds all of them.

    `order_lines`: order_line_id, order_id, customer_id, product_id, store_id, ordered_at, quantity, unit_price,
    list_amount (quantity x unit_price), net_amount (after discounts); all text where there is dirt. Sorted by time
    within stretches of `CUSTOMERS_PER_CHUNK` customers. Returns are orders of their own with negative quantities.
    """

    settings: ShopSettings
    seed: int

    @cached_property
    def catalogue(self) -> Catalogue:
        """The products with their prices, tastes and planted pairs."""
        return make_catalogue(self.settings, _generator(self.seed, _SHARED_STREAM, 0))

    @cached_property
    def campaign_plan(self) -> campaign_model.Campaigns:
        """When campaigns start and what their coupons are for."""
        return campaign_model.plan_campaigns(self.settings, self.catalogue, _generator(self.seed, _SHARED_STREAM, 1))

    def chunks(self) -> Iterator[ShopChunk]:
        """The tables that grow with the customers, `CUSTOMERS_PER_CHUNK` customers at a time."""
        clock = Clock(self.settings)
        next_order_id = next_line_id = 1
        for number, first in enumerate(range(0, self.settings.customers, CUSTOMERS_PER_CHUNK)):
            size = min(CUSTOMERS_PER_CHUNK, self.settings.customers - first)
            rng = _generator(self.seed, _CUSTOMER_STREAM, number)
            chunk, orders, lines = self._chunk(clock, first, size, next_order_id, next_line_id, rng)
            next_order_id, next_line_id = next_order_id + orders, next_line_id + lines
            yield chunk

    def _chunk(
        self, clock: Clock, first: int, size: int, order_id: int, line_id: int, rng: np.random.Generator
    ) -> tuple[ShopChunk, int, int]:
        """One chunk with the number of its orders and (before dirt) lines."""
        settings, plan = self.settings, self.campaign_plan
        people = draw_population(settings, clock, first, size, rng)
        contacts = campaign_model.contact_customers(settings, clock, plan, people, rng)
        sales = order_model.draw_orders(clock, people, contacts, rng)
        sold = order_model.draw_lines(settings, self.catalogue, plan, people, sales, rng)
        orders, lines = order_model.add_returns(settings, clock, people, sales, sold, rng)
        exported = order_model.lines_table(settings, people, orders, lines, order_id, line_id)
        order_count, frauds = len(orders.customer), _no_rows(order_id=pa.int64(), kind=pa.string())
        if settings.fraud_share:
            exported, frauds = plant_frauds(
                settings,
                self.catalogue,
                exported,
                order_id + order_count,
                line_id + exported.num_rows,
                _generator(self.seed, _FRAUD_STREAM, first),
            )
            order_count = max(exported["order_id"].to_numpy()) + 1 - order_id
        line_count = exported.num_rows
        if settings.dirt:
            exported, spoiled = spoil_lines(exported, settings.dirt, rng)
        else:
            spoiled = _no_rows(order_line_id=pa.int64(), kind=pa.string())
        answers = contacts.customer[np.isfinite(contacts.responded_at)]
        chunk = ShopChunk(
            customers=customers_table(settings, people),
            campaign_contacts=campaign_model.contacts_table(settings, people, contacts),
            coupon_redemptions=campaign_model.redemptions_table(settings, people, contacts),
            order_lines=exported,
            true_customers=truth_table(settings, people, np.bincount(answers, minlength=size)),
            spoiled_lines=spoiled,
            fraudulent_orders=frauds,
        )
        return chunk, int(order_count), line_count

    @cached_property
    def _whole(self) -> ShopChunk:
        chunks = list(self.chunks())
        names = ShopChunk.__dataclass_fields__
        return ShopChunk(**{name: pa.concat_tables([getattr(chunk, name) for chunk in chunks]) for name in names})

    @property
    def order_lines(self) -> pa.Table:
        """Every line of every order and return."""
        return self._whole.order_lines

    @property
    def customers(self) -> pa.Table:
        """customer_id, registered_at, region, age_band."""
        return self._whole.customers

    @property
    def campaign_contacts(self) -> pa.Table:
        """campaign_id, customer_id, contacted_at, channel."""
        return self._whole.campaign_contacts

    @property
    def coupon_redemptions(self) -> pa.Table:
        """coupon_id, customer_id, redeemed_at, campaign_id."""
        return self._whole.coupon_redemptions

    @property
    def products(self) -> pa.Table:
        """product_id, name, category, subcategory, brand."""
        return self.catalogue.table

    @property
    def campaigns(self) -> pa.Table:
        """campaign_id, name, campaign_type, started_at, ended_at."""
        return campaign_model.campaigns_table(self.settings, self.campaign_plan)

    @property
    def coupons(self) -> pa.Table:
        """coupon_id, product_id, campaign_id."""
        return campaign_model.coupons_table(self.settings, self.campaign_plan)

    @property
    def product_pairs(self) -> pa.Table:
        """product_id, other_product_id of the planted pairs."""
        first, other = (self.catalogue.pairs + FIRST_PRODUCT_ID).T
        return pa.table({"product_id": first, "other_product_id": other})

    @property
    def truth(self) -> Truth:
        """What only the simulation knows."""
        whole = self._whole
        return Truth(whole.true_customers, self.product_pairs, whole.spoiled_lines, whole.fraudulent_orders)


def simulate_shop(settings: ShopSettings, seed: int) -> Shop:
    """A shop that is the same, value by value, for the same settings and seed.

    Raises ValueError if `seed` is negative.
    """
    if seed < 0:
        raise ValueError(f"seed must not be negative, got {seed}")
    return Shop(settings, seed)


def scale_to_lines(settings: ShopSettings, lines: int) -> ShopSettings:
    """The same shop with the purchase rate (`alpha`) set so that about `lines` order lines are expected.

    Lines are linear in the purchase rate, so two pilot runs of at most `PILOT_CUSTOMERS` customers fix the line
    through them. Raises ValueError if first orders and campaigns alone bring more than `lines`.
    """
    pilot = replace(settings, customers=min(settings.customers, PILOT_CUSTOMERS), dirt=0.0, fraud_share=0.0)
    twice = replace(pilot, alpha=pilot.alpha / 2)
    wanted = lines / settings.customers
    once_lines, twice_lines = (simulate_shop(s, 0).order_lines.num_rows / pilot.customers for s in (pilot, twice))
    factor = 1 + (wanted - once_lines) / (twice_lines - once_lines)
    if factor <= 0:
        fewest = round((2 * once_lines - twice_lines) * settings.customers)
        raise ValueError(f"lines must be above {fewest}, what first orders and campaigns bring, got {lines}")
    return replace(settings, alpha=settings.alpha / factor)


def _no_rows(**columns: pa.DataType) -> pa.Table:
    return pa.table({name: pa.array([], kind) for name, kind in columns.items()})


def _generator(seed: int, stream: int, number: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(stream, number)))
