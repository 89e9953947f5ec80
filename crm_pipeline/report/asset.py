"""The report of the newest snapshot as the last asset of every run."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from crm_pipeline.assets import EXIT_CODE, PUBLISHED
from crm_pipeline.automation import after_all
from crm_pipeline.errors import CrmError
from crm_pipeline.pipeline import Pipeline

REPORT = "report"


def build_report(pipeline: Pipeline) -> dg.AssetsDefinition:
    """The page that people read, from the copy for readers; it comes last, so that no table ever waits for it."""

    @dg.asset(
        name=REPORT,
        group_name="published",
        description=(
            "`reports/<snapshot>.html`: the newest snapshot on one page that opens offline: business, data quality, "
            "value, segments, cohorts, churn, recommendations, grades and drift. Its five numbers are plotted here "
            "over time. Other snapshots and languages: `crm-pipeline report`."
        ),
        deps=[dg.AssetKey(PUBLISHED)],
        backfill_policy=dg.BackfillPolicy.single_run(),
        automation_condition=after_all(pipeline),
        kinds={"html", "matplotlib"},
        owners=["team:analytics"],
        output_required=False,
    )
    def report(context: dg.AssetExecutionContext) -> Iterator[Any]:
        from crm_pipeline.report.command import has_snapshots, write_report

        try:
            if not has_snapshots(pipeline):
                context.log.info("no report: no snapshot is published yet")
                return
            written = write_report(pipeline)
        except CrmError as error:
            raise dg.Failure(
                description=str(error), metadata={EXIT_CODE: error.exit_code}, allow_retries=False
            ) from error
        yield dg.MaterializeResult(
            metadata={
                "snapshot": str(written.snapshot),
                "page": dg.MetadataValue.path(str(written.path)),
                "link": dg.MetadataValue.url(written.path.resolve().as_uri()),
                "size_bytes": written.path.stat().st_size,
                **written.figures,
            }
        )

    return report
