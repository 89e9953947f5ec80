"""Orders and their lines: when, what, how many, at what price, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from crm_pipeline.simulation.campaigns import COUPON_DISCOUNT_PERCENT, Campaigns, Contacts
from crm_pipeline.simulation.catalogue import DAYS_PER_MONTH, FIRST_PRODUCT_ID, NO_PRODUCT, Catalogue
from crm_pipeline.simulation.columns import amounts, timestamps
from crm_pipeline.simulation.population import Population
from crm_pipeline.simulation.seasons import Clock
from crm_pipeline.simulation.settings import ShopSettings

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
NO_COUPON = -1
DISCOUNT_PERCENTS = np.array([10, 20, 30])
MEAN_RETURN_DAYS = 10.0
SHORTEST_RETURN_DAYS = 1.0
EXTRA_QUANTITY = 0.35


@dataclass(frozen=True)
class Orders:
    """One element per order: customer index in the chunk, time in days, coupon index or NO_COUPON."""

    customer: Ints
    ordered_at: Floats
    coupon: Ints


@dataclass(frozen=True)
class Lines:
    """One element per line, sorted by order and product, one line per product of an order. `order` and `product` are
    indices, quantity and cents are negative for returns, `net_cents` is after the discount."""

    order: Ints
    product: Ints
    quantity: Ints
    unit_price_cents: Ints
    list_cents: Ints
    net_cents: Ints


def draw_orders(clock: Clock, people: Population, contacts: Contacts, rng: np.random.Generator) -> Orders:
    """First orders, Poisson orders until each customer's departure, and the orders that campaigns add."""
    start, end = clock.shopping_time(people.arrival), clock.shopping_time(people.departure)
    count = rng.poisson(people.rate * (end - start))
    customer = np.repeat(np.arange(people.size), count)
    repeat_at = clock.calendar_time(start[customer] + rng.random(len(customer)) * (end - start)[customer])
    answered = np.isfinite(contacts.responded_at)
    return Orders(
        customer=np.concatenate([np.arange(people.size), customer, contacts.customer[answered]]),
        ordered_at=np.concatenate([people.arrival, repeat_at, contacts.responded_at[answered]]),
        coupon=np.concatenate(
            [np.full(people.size + len(customer), NO_COUPON, dtype=np.int64), contacts.coupon[answered]]
        ),
    )


def draw_lines(
    settings: ShopSettings,
    catalogue: Catalogue,
    campaigns: Campaigns,
    people: Population,
    orders: Orders,
    rng: np.random.Generator,
) -> Lines:
    """Fill the baskets: own favourites and new choices, then the coupon's product and the planted companions."""
    order, product = _basket_choices(settings, catalogue, people, orders, rng)
    with_coupon = np.flatnonzero(orders.coupon != NO_COUPON)
    coupon_product = campaigns.coupon_product.ravel()[orders.coupon[with_coupon]]
    order, product = np.concatenate([order, with_coupon]), np.concatenate([product, coupon_product])
    joins = (catalogue.companion[product] != NO_PRODUCT) & (rng.random(len(product)) < settings.pair_share)
    order = np.concatenate([order, order[joins]])
    product = np.concatenate([product, catalogue.companion[product[joins]]])
    # One line per product of an order: an exact duplicate in the files is then always planted dirt.
    order, product = np.divmod(np.unique(order * catalogue.size + product), catalogue.size)
    quantity = 1 + rng.poisson(EXTRA_QUANTITY, len(order))
    unit_price = _unit_price_cents(catalogue, orders.ordered_at[order], product)
    list_cents = quantity * unit_price
    segment = people.segment[orders.customer[order]]
    discounted = rng.random(len(order)) < _by_segment(settings, "discount_share")[segment]
    percent = np.where(discounted, rng.choice(DISCOUNT_PERCENTS, len(order)), 0)
    redeems = orders.coupon[order] != NO_COUPON
    redeems[redeems] = campaigns.coupon_product.ravel()[orders.coupon[order[redeems]]] == product[redeems]
    percent[redeems] = COUPON_DISCOUNT_PERCENT
    # Half cents go to the shop; integer arithmetic keeps every amount exact.
    net_cents = list_cents - list_cents * percent // 100
    return Lines(order, product, quantity, unit_price, list_cents, net_cents)


def add_returns(
    settings: ShopSettings, clock: Clock, people: Population, orders: Orders, lines: Lines, rng: np.random.Generator
) -> tuple[Orders, Lines]:
    """Append return orders: whole lines sent back at what was paid, together, some days after their order."""
    segment = people.segment[orders.customer[lines.order]]
    delay = SHORTEST_RETURN_DAYS + rng.exponential(MEAN_RETURN_DAYS, len(orders.customer))
    # Returns come in shopping hours, too: the delay is in shopping time.
    return_time = clock.shopping_time(orders.ordered_at) + delay
    returned_at = clock.calendar_time(return_time)
    returns = rng.random(len(lines.order)) < _by_segment(settings, "return_share")[segment]
    returns &= return_time[lines.order] < settings.days
    origin, position = np.unique(lines.order[returns], return_inverse=True)
    every_order = Orders(
        customer=np.concatenate([orders.customer, orders.customer[origin]]),
        ordered_at=np.concatenate([orders.ordered_at, returned_at[origin]]),
        coupon=np.concatenate([orders.coupon, np.full(len(origin), NO_COUPON, dtype=np.int64)]),
    )
    every_line = Lines(
        order=np.concatenate([lines.order, len(orders.customer) + position]),
        product=np.concatenate([lines.product, lines.product[returns]]),
        quantity=np.concatenate([lines.quantity, -lines.quantity[returns]]),
        unit_price_cents=np.concatenate([lines.unit_price_cents, lines.unit_price_cents[returns]]),
        list_cents=np.concatenate([lines.list_cents, -lines.list_cents[returns]]),
        net_cents=np.concatenate([lines.net_cents, -lines.net_cents[returns]]),
    )
    return every_order, every_line


def lines_table(
    settings: ShopSettings,
    people: Population,
    orders: Orders,
    lines: Lines,
    first_order_id: int,
    first_line_id: int,
) -> pa.Table:
    """Order lines as the shop exports them, sorted by time, order and product; orders are numbered by time."""
    by_time = np.lexsort((orders.customer, orders.ordered_at))
    rank = np.empty(len(by_time), dtype=np.int64)
    rank[by_time] = np.arange(len(by_time))
    # The new order is unique per line, so any sort gives the same file.
    sort = np.argsort(rank[lines.order] * settings.products + lines.product)
    order = lines.order[sort]
    customer = orders.customer[order]
    return pa.table(
        {
            "order_line_id": np.arange(first_line_id, first_line_id + len(sort)),
            "order_id": rank[order] + first_order_id,
            "customer_id": people.customer_id[customer],
            "product_id": lines.product[sort] + FIRST_PRODUCT_ID,
            "store_id": people.store[customer],
            "ordered_at": timestamps(settings.first_day, orders.ordered_at[order]),
            "quantity": lines.quantity[sort],
            "unit_price": amounts(lines.unit_price_cents[sort]),
            "list_amount": amounts(lines.list_cents[sort]),
            "net_amount": amounts(lines.net_cents[sort]),
        }
    )


def _basket_choices(
    settings: ShopSettings, catalogue: Catalogue, people: Population, orders: Orders, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Order and product index of every choice; a product may be chosen twice for a basket."""
    # A geometric basket is skewed like real ones and never empty.
    mean_lines = 1 + (_by_segment(settings, "basket_lines") - 1)[people.segment] * people.basket_factor
    order = np.repeat(np.arange(len(orders.customer)), rng.geometric(1 / mean_lines[orders.customer]))
    customer = orders.customer[order]
    stretch = people.taste_group * len(settings.segments) + people.segment
    favourites = catalogue.draw(rng, np.repeat(stretch[:, None], settings.favourites, axis=1))
    # Squaring a uniform draw makes the first favourites the dearest ones.
    slot = (settings.favourites * rng.random(len(order)) ** 2).astype(np.int64)
    product = favourites[customer, slot]
    explores = np.flatnonzero(rng.random(len(order)) >= _by_segment(settings, "repeat_share")[people.segment[customer]])
    product[explores] = catalogue.draw(rng, stretch[customer[explores]])
    return order, product


def _unit_price_cents(catalogue: Catalogue, ordered_at: Floats, product: Ints) -> Ints:
    month = np.minimum((ordered_at / DAYS_PER_MONTH).astype(np.int64), len(catalogue.price_cents) - 1)
    return catalogue.price_cents[month, product]


def _by_segment(settings: ShopSettings, field: str) -> Floats:
    return np.array([getattr(segment, field) for segment in settings.segments], dtype=np.float64)
