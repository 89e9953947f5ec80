"""Coverage after a load: the snapshots that stand are judged again, so that a load alone renews the copy for readers.

`source_coverage` reads how far the sources reach, which every load changes, though for a snapshot that the sources had
passed already it says the same as before. A job that only loads has no snapshots to build; without this, its copy for
readers would wait until each old snapshot had a run of its own.
"""

from __future__ import annotations

from crm_pipeline.pipeline import COVERAGE, Pipeline
from crm_pipeline.plan import stale_in_published
from crm_pipeline.warehouse.materialize import Outcome, materialize


def renew_coverage(pipeline: Pipeline, run_id: str) -> Outcome | None:
    """Judge the coverage of standing snapshots again where it is stale; None when there is nothing to judge.

    Nothing is judged by a load that is not complete itself. Sources that no longer reach a snapshot leave its old part
    in place, and the outcome says so (``blocked``). WarehouseError when the file cannot be written.
    """
    stale = stale_in_published(pipeline)
    parts = [item.part for item in stale if item.table.name == COVERAGE]
    if not parts or any(item.part is None for item in stale):
        return None
    return materialize(pipeline.warehouse, pipeline.recipes[COVERAGE], parts, run_id=run_id)
