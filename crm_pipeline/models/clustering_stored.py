"""Reads fitted segments of either kind."""

import json

from crm_pipeline.models.clustering import FittedSegments
from crm_pipeline.models.clustering_hdbscan import DensitySegments


def segments_from_json(text: str) -> FittedSegments | DensitySegments:
    """Rebuild segments from what their `to_json` gave. Raises ValueError when the text does not hold any."""
    stored = json.loads(text)
    is_density = isinstance(stored, dict) and str(stored.get("format")).startswith("density_segments/")
    return DensitySegments.from_json(text) if is_density else FittedSegments.from_json(text)
