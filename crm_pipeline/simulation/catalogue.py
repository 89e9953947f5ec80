"""The shop's products: prices, popularity, tastes, planted pairs, and how a customer picks one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from crm_pipeline.simulation.seasons import DAYS_PER_YEAR
from crm_pipeline.simulation.settings import ShopSettings

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
FIRST_PRODUCT_ID = 1
BRANDS = 40
DAYS_PER_MONTH = DAYS_PER_YEAR / 12
NO_PRODUCT = -1


@dataclass(frozen=True)
class Catalogue:
    """Products by index 0..P-1; the identifier of product i is `FIRST_PRODUCT_ID + i`.

    `price_cents` (months, P): list price in cents in each month since the first day.
    `choice` (taste_groups * segments * P,): cumulative choice probabilities, one stretch of P per taste group and
    segment; stretch k climbs from k to k + 1, so that one sorted search serves all draws.
    `companion` (P,): the product that a planted pair adds, or NO_PRODUCT. `pairs` (pair_count, 2).
    """

    table: pa.Table
    price_cents: Ints
    choice: Floats
    companion: Ints
    pairs: Ints

    @property
    def size(self) -> int:
        """Number of products, P."""
        return len(self.companion)

    def draw(self, rng: np.random.Generator, stretch: Ints) -> Ints:
        """One product index for each element of `stretch` (taste group * segments + segment)."""
        positions = np.searchsorted(self.choice, stretch + rng.random(stretch.shape), side="right")
        # Rounding in `stretch + u` may reach the next stretch; the clip keeps the draw in its own.
        products: Ints = np.clip(positions - stretch * self.size, 0, self.size - 1)
        return products


def make_catalogue(settings: ShopSettings, rng: np.random.Generator) -> Catalogue:
    """Draw the catalogue: Zipf-Mandelbrot popularity, log-normal prices around category levels, tastes by category."""
    size, categories = settings.products, len(settings.category_names)
    by_popularity = rng.permutation(size)
    popularity = np.empty(size)
    popularity[by_popularity] = (np.arange(1, size + 1) + settings.zipf_offset) ** -settings.zipf_exponent
    category = rng.permutation(np.arange(size) % categories)
    level = rng.normal(0.0, 0.4, categories)[category]
    price = settings.median_price * np.exp(level + rng.normal(0.0, 0.5, size))
    taste = rng.dirichlet(np.full(categories, 0.5), settings.taste_groups)
    pairs = _planted_pairs(settings, by_popularity, rng)
    companion = np.full(size, NO_PRODUCT, dtype=np.int64)
    companion[pairs[:, 0]] = pairs[:, 1]
    return Catalogue(
        table=_product_table(settings, category, rng),
        price_cents=_price_cents(settings, price),
        choice=_choice(settings, popularity, price, taste[:, category]),
        companion=companion,
        pairs=pairs,
    )


def _planted_pairs(settings: ShopSettings, by_popularity: Ints, rng: np.random.Generator) -> Ints:
    """Pairs among fairly popular products: common enough to be seen, rare enough for a high lift."""
    first = settings.products // 50
    last = max(first + 2 * settings.pair_count, settings.products * 15 // 100)
    return rng.permutation(by_popularity[first:last])[: 2 * settings.pair_count].reshape(-1, 2)


def _price_cents(settings: ShopSettings, price: Floats) -> Ints:
    months = np.arange(int(settings.days / DAYS_PER_MONTH) + 1)
    growth = (1 + settings.price_growth_per_year) ** (months / 12)
    return np.maximum(np.rint(100 * growth[:, None] * price[None, :]), 1).astype(np.int64)


def _choice(settings: ShopSettings, popularity: Floats, price: Floats, taste: Floats) -> Floats:
    tilt = np.array([segment.price_tilt for segment in settings.segments])
    relative_price = price / settings.median_price
    # A tenth of every group's demand follows popularity alone: tastes differ, nobody is blind to the rest.
    by_taste = popularity * (0.1 + 0.9 * taste * len(settings.category_names))
    weights = by_taste[:, None, :] * relative_price[None, None, :] ** tilt[None, :, None]
    cumulative = np.cumsum(weights.reshape(-1, settings.products), axis=1)
    cumulative /= cumulative[:, -1:]
    stretches: Floats = (cumulative + np.arange(len(cumulative), dtype=np.float64)[:, None]).ravel()
    return stretches


def _product_table(settings: ShopSettings, category: Ints, rng: np.random.Generator) -> pa.Table:
    index = np.arange(settings.products)
    names = [settings.category_names[c] for c in category]
    subcategory = rng.integers(0, 4, settings.products)
    brand = rng.integers(0, BRANDS, settings.products)
    return pa.table(
        {
            "product_id": index + FIRST_PRODUCT_ID,
            "name": [f"{name} {i + FIRST_PRODUCT_ID}" for i, name in zip(index, names, strict=True)],
            "category": names,
            "subcategory": [f"{name} {'abcd'[k]}" for name, k in zip(names, subcategory, strict=True)],
            "brand": ["own brand" if k == 0 else f"brand {k:02d}" for k in brand],
        }
    )
