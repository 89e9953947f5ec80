"""The last asset of a run: audiences that are exported by themselves, when they changed."""

from typing import Any

import dagster as dg

from crm_pipeline.automation import after_all
from crm_pipeline.errors import CrmError
from crm_pipeline.pipeline import Pipeline

AUDIENCES = "audiences"


def build_audiences(pipeline: Pipeline, after: str) -> dg.AssetsDefinition:
    """Exports of the newest published snapshot; the graph has it for every project, with nothing to do for most."""

    @dg.asset(
        name=AUDIENCES,
        group_name=AUDIENCES,
        description=(
            "Audiences of crm.yaml as files or tables of a database, each complete or absent, and their append-only "
            "history. What was handed over before is not handed over again."
        ),
        deps=[dg.AssetKey(after)],
        backfill_policy=dg.BackfillPolicy.single_run(),
        automation_condition=after_all(pipeline),
        kinds={"python", "csv"},
        owners=["team:marketing"],
    )
    def audiences(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        from crm_pipeline.audiences.export import export_scheduled

        try:
            done = export_scheduled(pipeline, context.run.run_id, pipeline.now())
        except CrmError as error:
            raise dg.Failure(
                description=str(error), metadata={"exit_code": error.exit_code}, allow_retries=False
            ) from error
        counts: dict[str, Any] = {
            f"{item.members.name} at {item.members.snapshot_date}": f"{item.treated} treated, {item.control} held out"
            for item in done
        }
        return dg.MaterializeResult(metadata={"exports": len(done), **counts})

    return audiences
