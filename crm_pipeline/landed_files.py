"""The first asset of every load: sources that lie elsewhere are asked for what is new.

It is no table: what a source holds is known only by asking, so it is never up to date. What it lands are files, and
from there on all sources are alike. The graph has it for every project, with nothing to do for most.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from crm_pipeline.automation import nightly
from crm_pipeline.errors import CrmError
from crm_pipeline.ingestion.connectors import LANDED_FILES
from crm_pipeline.ingestion.connectors.extraction import land_source
from crm_pipeline.pipeline import Pipeline
from crm_pipeline.resources import WarehouseResource

NOTE = "note: "
"""How log lines begin that say how far an asset has come."""


def build_landed_files(pipeline: Pipeline) -> dg.AssetsDefinition:
    """Databases, services and object stores as files below `warehouse/landed`."""

    @dg.asset(
        name=LANDED_FILES,
        group_name="ingestion",
        description=(
            "What databases, web services and object stores hold that was not fetched before, as immutable files. "
            "A source without an `extract` has nothing to fetch."
        ),
        backfill_policy=dg.BackfillPolicy.single_run(),
        automation_condition=nightly(pipeline),
        kinds={"python", "parquet"},
        owners=["team:data-engineering"],
    )
    def landed_files(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> Iterator[Any]:
        rows: dict[str, int] = {}
        try:
            warehouse.files.prepare()
            for name in pipeline.project.extractions:
                rows[name] = land_source(pipeline.project, name, lambda text: context.log.debug(NOTE + text))
        except CrmError as error:
            raise dg.Failure(
                description=str(error), metadata={"exit_code": error.exit_code}, allow_retries=False
            ) from error
        by_source = {f"rows of {name}": count for name, count in rows.items()}
        yield dg.MaterializeResult(metadata={"dagster/row_count": sum(rows.values()), **by_source})

    return landed_files
