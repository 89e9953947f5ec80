"""Acme, a small fictional retailer: the exports of its systems, day by day, from a seed."""

from crm_pipeline.simulation.acme.exports import BASE_DAYS, LONGEST_DAYS, Exports, advance, begin
from crm_pipeline.simulation.acme.world import FIRST_DAY, SEED

__all__ = ["BASE_DAYS", "FIRST_DAY", "LONGEST_DAYS", "SEED", "Exports", "advance", "begin"]
