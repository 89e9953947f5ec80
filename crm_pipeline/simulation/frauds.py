"""Plant fraudulent orders into a shop's order lines, and keep the truth about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from crm_pipeline.simulation.catalogue import DAYS_PER_MONTH, FIRST_PRODUCT_ID, Catalogue
from crm_pipeline.simulation.columns import SECONDS_PER_DAY, amounts, timestamps
from crm_pipeline.simulation.settings import ShopSettings

Ints = NDArray[np.int64]
AMOUNT, BURST, QUANTITY, QUICK_RETURN = "amount", "burst", "quantity", "quick return"
FIRST_ORDER, DISCOUNT, RING = "first order", "discount", "ring"
KINDS = (AMOUNT, BURST, QUANTITY, QUICK_RETURN, FIRST_ORDER, DISCOUNT, RING)
ORDERS_PER_CASE = {BURST: 6, RING: 10}
"""Orders of one case; one where not stated."""

NEW_CUSTOMER_IDS = 900_000_000
"""Accounts opened for a fraud have this number plus that of their first order; the shop's customer file lacks them."""


@dataclass
class _Planted:
    """Lines collected so far, column by column, and the truth per order."""

    settings: ShopSettings
    catalogue: Catalogue
    next_order: int
    rows: dict[str, list[int]] = field(
        default_factory=lambda: {name: [] for name in ("order", "customer", "store", "product", "quantity", "percent")}
    )
    days: list[float] = field(default_factory=list)
    truth: list[tuple[int, str]] = field(default_factory=list)

    def order(
        self,
        kind: str | None,
        customer: int | None,
        store: int,
        day: float,
        product: Ints,
        quantity: Ints,
        percent: int,
    ) -> int:
        """Add one order with a line per product; a new account where ``customer`` is None; its truth unless None."""
        number = self.next_order
        self.next_order += 1
        if kind is not None:
            self.truth.append((number, kind))
        for name, values in (
            ("order", [number] * len(product)),
            ("customer", [NEW_CUSTOMER_IDS + number if customer is None else customer] * len(product)),
            ("store", [store] * len(product)),
            ("product", product.tolist()),
            ("quantity", quantity.tolist()),
            ("percent", [percent] * len(product)),
        ):
            self.rows[name] += values
        self.days += [day] * len(product)
        return number

    def table(self, schema: pa.Schema, first_line_id: int) -> pa.Table:
        """The lines as the shop exports them."""
        order, customer, store, product, quantity, percent = (
            np.array(values, dtype=np.int64) for values in self.rows.values()
        )
        days = np.array(self.days)
        month = np.minimum((days / DAYS_PER_MONTH).astype(np.int64), len(self.catalogue.price_cents) - 1)
        unit_price = self.catalogue.price_cents[month, product]
        listed = quantity * unit_price
        return pa.table(
            {
                "order_line_id": np.arange(first_line_id, first_line_id + len(order)),
                "order_id": order,
                "customer_id": customer,
                "product_id": product + FIRST_PRODUCT_ID,
                "store_id": store,
                "ordered_at": timestamps(self.settings.first_day, days),
                "quantity": quantity,
                "unit_price": amounts(unit_price),
                "list_amount": amounts(listed),
                "net_amount": amounts(listed - listed * percent // 100),
            }
        ).cast(schema)


def plant_frauds(
    settings: ShopSettings,
    catalogue: Catalogue,
    lines: pa.Table,
    first_order_id: int,
    first_line_id: int,
    rng: np.random.Generator,
) -> tuple[pa.Table, pa.Table]:
    """Add fraudulent orders, `settings.fraud_share` of the orders in equal parts for each of KINDS.

    Args:
        lines: the honest order lines of a chunk, sorted by time.
        first_order_id, first_line_id: identifiers that are free from here on.

    Returns:
        The lines with the new ones, sorted by time, order and product; and a table (order_id, kind) of the frauds.
        A fraud's return is no fraud of its own.
    """
    orders = len(np.unique(lines["order_id"].to_numpy()))
    planted = _Planted(settings, catalogue, first_order_id)
    draw = _Draws(settings, catalogue, lines, rng)
    for kind in KINDS:
        per_case = ORDERS_PER_CASE.get(kind, 1)
        for _ in range(round(settings.fraud_share * orders / len(KINDS) / per_case)):
            _CASES[kind](planted, draw)
    truth = pa.table(
        {
            "order_id": pa.array([number for number, _ in planted.truth], pa.int64()),
            "kind": pa.array([kind for _, kind in planted.truth], pa.string()),
        }
    )
    every = pa.concat_tables([lines, planted.table(lines.schema, first_line_id)])
    return every.sort_by([("ordered_at", "ascending"), ("order_id", "ascending"), ("product_id", "ascending")]), truth


class _Draws:
    """What a fraud is made of: a customer with a history, a time at which the shop is busy, products."""

    def __init__(self, settings: ShopSettings, catalogue: Catalogue, lines: pa.Table, rng: np.random.Generator) -> None:
        self.rng = rng
        self._size = catalogue.size
        self._by_price = np.argsort(catalogue.price_cents[0], kind="stable")
        self._customer, self._store = (lines[name].to_numpy() for name in ("customer_id", "store_id"))
        first = np.datetime64(settings.first_day, "s")
        seconds = (lines["ordered_at"].to_numpy().astype("datetime64[s]") - first).astype(np.int64)
        self._day = seconds / SECONDS_PER_DAY
        self._last_day = settings.days - 2.0

    def customer(self) -> tuple[int, int, float]:
        """A customer and store, drawn by orders, and a time within two days of another order."""
        row, other = self.rng.integers(0, len(self._day), 2)
        day = min(float(self._day[other]) + self.rng.uniform(0.01, 1.0), self._last_day)
        return int(self._customer[row]), int(self._store[row]), day

    def products(self, count: int, *, dear: bool = False) -> Ints:
        """Different products; with ``dear`` of the dearest fifth."""
        pool = self._by_price[-max(self._size // 5, count) :] if dear else self._by_price
        chosen: Ints = np.sort(self.rng.choice(pool, min(count, len(pool)), replace=False)).astype(np.int64)
        return chosen

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return int(self.rng.integers(low, high + 1))

    def quantities(self, count: int, low: int, high: int) -> Ints:
        """Whole numbers, both ends included."""
        return self.rng.integers(low, high + 1, count)


def _amount(planted: _Planted, draw: _Draws) -> None:
    customer, store, day = draw.customer()
    products = draw.products(draw.between(15, 30), dear=True)
    planted.order(AMOUNT, customer, store, day, products, draw.quantities(len(products), 1, 3), 0)


def _burst(planted: _Planted, draw: _Draws) -> None:
    customer, store, day = draw.customer()
    for _ in range(ORDERS_PER_CASE[BURST]):
        planted.order(BURST, customer, store, day, draw.products(1), draw.quantities(1, 1, 2), 0)
        day += draw.rng.uniform(20, 90) / SECONDS_PER_DAY


def _quantity(planted: _Planted, draw: _Draws) -> None:
    customer, store, day = draw.customer()
    products = draw.products(draw.between(1, 2))
    planted.order(QUANTITY, customer, store, day, products, draw.quantities(len(products), 25, 60), 0)


def _quick_return(planted: _Planted, draw: _Draws) -> None:
    customer, store, day = draw.customer()
    products = draw.products(draw.between(6, 12), dear=True)
    quantity = draw.quantities(len(products), 1, 2)
    planted.order(QUICK_RETURN, customer, store, day, products, quantity, 0)
    planted.order(None, customer, store, day + draw.rng.uniform(0.08, 1.2), products, -quantity, 0)


def _first_order(planted: _Planted, draw: _Draws) -> None:
    _, store, day = draw.customer()
    products = draw.products(draw.between(12, 24), dear=True)
    planted.order(FIRST_ORDER, None, store, day, products, draw.quantities(len(products), 1, 3), 0)


def _discount(planted: _Planted, draw: _Draws) -> None:
    customer, store, day = draw.customer()
    products = draw.products(draw.between(2, 6))
    planted.order(DISCOUNT, customer, store, day, products, draw.quantities(len(products), 1, 2), draw.between(75, 95))


def _ring(planted: _Planted, draw: _Draws) -> None:
    _, store, day = draw.customer()
    products, quantity = draw.products(1), draw.quantities(1, 2, 3)
    for _ in range(ORDERS_PER_CASE[RING]):
        planted.order(RING, None, store, day, products, quantity, 0)
        day += draw.rng.uniform(2, 20) / SECONDS_PER_DAY


_CASES: dict[str, Callable[[_Planted, _Draws], None]] = {
    AMOUNT: _amount,
    BURST: _burst,
    QUANTITY: _quantity,
    QUICK_RETURN: _quick_return,
    FIRST_ORDER: _first_order,
    DISCOUNT: _discount,
    RING: _ring,
}
