"""Simulated shops with a known truth, for tests, benchmarks and example projects."""

from crm_pipeline.simulation.project_files import crm_yaml, write_shop
from crm_pipeline.simulation.settings import Segment, ShopSettings
from crm_pipeline.simulation.shops import Shop, ShopChunk, Truth, scale_to_lines, simulate_shop

__all__ = [
    "Segment",
    "Shop",
    "ShopChunk",
    "ShopSettings",
    "Truth",
    "crm_yaml",
    "scale_to_lines",
    "simulate_shop",
    "write_shop",
]
