"""What happens at Acme: a simulated shop, its people and the systems that know them, as tables in DuckDB."""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib.resources import files

import duckdb

from crm_pipeline.simulation.settings import Segment, ShopSettings
from crm_pipeline.simulation.shops import simulate_shop

SEED = 20
FIRST_DAY = date(2023, 1, 1)
LAST_DAY = date(2024, 12, 31)
"""The whole story is told up to here whatever is exported: so a day's events do not depend on where an export ends."""

SETTINGS = ShopSettings(
    name="acme",
    first_day=FIRST_DAY,
    last_day=LAST_DAY,
    customers=1_200,
    r=0.8,
    alpha=45.0,
    s=1.3,
    beta=320.0,
    launch_share=0.5,
    launch_days=120,
    products=160,
    category_names=("kitchen", "bath", "garden", "toys", "stationery", "textiles", "lighting", "books"),
    median_price=14.0,
    stores=3,
    campaigns=8,
    coupons_per_campaign=4,
    pair_count=4,
    segments=(
        Segment("regular", share=0.5, basket_lines=2.5),
        Segment("big basket", share=0.15, basket_lines=5.0, price_tilt=0.3),
        Segment("bargain hunter", share=0.2, basket_lines=2.5, price_tilt=-0.8, discount_share=0.7, response_share=0.15,
                is_price_sensitive=True),
        Segment("frequent returner", share=0.15, basket_lines=3.0, return_share=0.25),
    ),
)  # fmt: skip


def query(name: str) -> str:
    """The text of a query of this package."""
    return files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")


@cache
def _shop(seed: int) -> dict[str, object]:
    shop = simulate_shop(SETTINGS, seed)
    tables = ("customers", "order_lines", "products", "campaigns", "coupons", "campaign_contacts", "coupon_redemptions")
    return {**{name: getattr(shop, name) for name in tables}, "true_customers": shop.truth.customers}


def open_world(seed: int, through: date) -> duckdb.DuckDBPyConnection:
    """Acme in memory: the shop's tables, ``people``, ``sales``, ``receipts`` and ``records``.

    ``through`` is the last exported day.
    """
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set variable seed = $seed", {"seed": seed})
    connection.execute("set variable through = $through", {"through": through})
    connection.execute(query("macros"))
    for name, table in _shop(seed).items():
        connection.register("given", table)
        connection.execute(f"create table {name} as select * from given")
        connection.unregister("given")
    for name in ("names", "people", "sales", "receipts", "records"):
        connection.execute(f"create table {name} as {query(name)}")
    return connection
