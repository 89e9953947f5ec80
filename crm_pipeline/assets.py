"""Tables as Dagster assets: the same contract shown as schema, lineage, checks and row counts."""

import warnings
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any

import dagster as dg

from crm_pipeline.automation import after_all, when_inputs_change
from crm_pipeline.contract.catalog import Transform
from crm_pipeline.contract.lineage import Lineage, column_lineage
from crm_pipeline.contract.table import Table
from crm_pipeline.counting import said_of
from crm_pipeline.errors import CrmError
from crm_pipeline.ingestion.connectors import LANDED_FILES
from crm_pipeline.ingestion.load import SOURCE_FILES
from crm_pipeline.pipeline import AnyRecipe, Pipeline, SqlRecipe
from crm_pipeline.resources import WarehouseResource
from crm_pipeline.warehouse.audit import CheckResult, checks_of
from crm_pipeline.warehouse.candidate import Part
from crm_pipeline.warehouse.leftovers import remove_leftovers
from crm_pipeline.warehouse.materialize import Outcome, materialize
from crm_pipeline.warehouse.published import compact, publish_copy
from crm_pipeline.warehouse.retention import remove_expired
from crm_pipeline.warehouse.row_hashes import digest

FORCE_TAG = "crm_pipeline/force"
EXIT_CODE = "exit_code"
PUBLISHED = "published"
DATA_QUALITY = "data_quality"
PART = "part: "
"""How log lines begin that tell of the next part of an asset."""
CRON = {"month": "0 0 {day} * *", "week": "0 0 * * {weekday}", "day": "0 0 * * *"}


def partitions_of(pipeline: Pipeline) -> dg.PartitionsDefinition[Any]:
    """Snapshot dates as partition keys; a key exists from the moment its day begins."""
    grid = pipeline.project.snapshots
    if grid.is_finite:
        return dg.StaticPartitionsDefinition([day.isoformat() for day in grid.listed()])
    assert grid.first is not None and grid.every is not None
    cron = CRON[grid.every].format(day=grid.first.day, weekday=grid.first.isoweekday() % 7)
    return dg.TimeWindowPartitionsDefinition(
        cron_schedule=cron,
        start=grid.first.isoformat(),
        fmt="%Y-%m-%d",
        end_offset=1,
        timezone=pipeline.project.time_zone,
    )


def _schema(table: Table) -> dg.TableSchema:
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                column.name,
                column.type,
                description=column.description,
                constraints=dg.TableColumnConstraints(nullable=column.nullable, unique=table.grain == (column.name,)),
                tags={"pii": column.pii} if column.pii != "none" else {},
            )
            for column in table.columns
        ],
        constraints=dg.TableConstraints(other=[f"grain: {', '.join(table.grain)}", *table.rules]),
    )


def _lineage(transform: Transform, pipeline: Pipeline) -> dg.TableColumnLineage | None:
    """Column lineage read from the SQL; none for a table that a function completes, rather than a wrong one."""
    if transform.function is not None:
        return None
    tables = pipeline.tables
    schemas = tuple(
        (name, tuple((column.name, column.type) for column in tables[name].columns))
        for name in sorted(transform.upstream)
    )
    found = _origins(transform.sql, schemas, tuple(transform.table.column_names))
    if found is None:
        return None
    return dg.TableColumnLineage(
        {
            column: [dg.TableColumnDep(asset_key=dg.AssetKey(table), column_name=name) for table, name in deps]
            for column, deps in found.items()
        }
    )


@cache
def _origins(
    sql: str, schemas: tuple[tuple[str, tuple[tuple[str, str], ...]], ...], expected_columns: tuple[str, ...]
) -> Lineage | None:
    """The lineage of a query, worked out once per process: definitions are made for each of its runs."""
    return column_lineage(sql, {name: dict(columns) for name, columns in schemas}, expected_columns)


def _definition_metadata(recipe: AnyRecipe, pipeline: Pipeline) -> dict[str, Any]:
    table = recipe.table
    metadata: dict[str, Any] = {
        "dagster/column_schema": _schema(table),
        "dagster/table_name": f"{'vault' if table.is_in_vault else 'crm'}.{table.stage}.{table.name}",
        "grain": ", ".join(table.grain),
    }
    if isinstance(recipe, SqlRecipe):
        lineage = _lineage(recipe.transform, pipeline)
        if lineage is not None:
            metadata["dagster/column_lineage"] = lineage
        metadata["query"] = dg.MetadataValue.md(f"```sql\n{recipe.transform.sql}\n```")
    return metadata


def check_results(table: Table, results: Sequence[CheckResult]) -> Iterator[dg.AssetCheckResult]:
    """One result per check name, aggregated over the parts of the run, with the rules that failed as a table."""
    for name, severity, _ in checks_of(table):
        found = [result for result in results if result.check == name]
        failed = [result for result in found if result.status != "passed"]
        records = [
            dg.TableRecord(
                {
                    "rule": r.name,
                    "snapshot_date": str(r.part or ""),
                    "status": r.status,
                    "observed": r.observed,
                    "expected": r.expected,
                }
            )
            for r in (failed or found)[:200]
        ]
        yield dg.AssetCheckResult(
            passed=not failed,
            asset_key=dg.AssetKey(table.name),
            check_name=name,
            severity=dg.AssetCheckSeverity.WARN if severity == "warning" else dg.AssetCheckSeverity.ERROR,
            description=f"{len(found) - len(failed)} of {len(found)} passed",
            metadata={"rules": dg.MetadataValue.table(records)} if records else {},
        )


def _materialize_result(
    context: dg.AssetExecutionContext, outcome: Outcome, charts: dict[str, Any]
) -> dg.MaterializeResult[Any]:
    table = outcome.table
    if table.is_partitioned:
        for part, rows in outcome.rows.items():
            context.add_asset_metadata(
                {"dagster/partition_row_count": rows}, asset_key=dg.AssetKey(table.name), partition_key=str(part)
            )
    return dg.MaterializeResult(
        asset_key=dg.AssetKey(table.name),
        metadata={
            "dagster/row_count": sum(outcome.rows.values()),
            "seconds": round(outcome.seconds, 2),
            "built": f"{len(outcome.built)} renewed, {len(outcome.unchanged)} unchanged",
            "content_hash": " ".join(sorted(set(outcome.hashes.values()))[:3]),
            **charts,
        },
        check_results=list(check_results(table, outcome.results)),
        data_version=dg.DataVersion(_data_version(outcome)),
    )


def _data_version(outcome: Outcome) -> str:
    """One digest of the content of all parts that a run covers."""
    return digest(*(f"{part}={outcome.hashes[part]}" for part in sorted(outcome.hashes, key=str)))


def _asset(recipe: AnyRecipe, pipeline: Pipeline, partitions: dg.PartitionsDefinition[Any]) -> dg.AssetsDefinition:
    table = recipe.table
    name = table.name

    @dg.asset(
        name=name,
        group_name=table.stage,
        description=table.description,
        deps=[dg.AssetKey(upstream) for upstream in _asset_dependencies(recipe)],
        partitions_def=partitions if table.is_partitioned else None,
        backfill_policy=dg.BackfillPolicy.single_run(),
        check_specs=[
            dg.AssetCheckSpec(check, asset=dg.AssetKey(name), description=text, blocking=severity == "critical")
            for check, severity, text in checks_of(table)
        ],
        kinds=_kinds(recipe),
        owners=[table.owner],
        code_version=recipe.code_hash,
        metadata=_definition_metadata(recipe, pipeline),
        automation_condition=when_inputs_change(pipeline),
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(days=table.unit_of_freshness_days)),
    )
    def build(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> Iterator[Any]:
        parts: Sequence[Part] = [None]
        if table.is_partitioned:
            parts = sorted(date.fromisoformat(key) for key in context.partition_keys)
        try:
            outcome = materialize(
                warehouse.files,
                recipe,
                parts,
                run_id=context.run.run_id,
                force=context.run.tags.get(FORCE_TAG) == "true",
                progress=lambda text: context.log.debug(PART + text),
            )
        except CrmError as error:
            raise dg.Failure(
                description=str(error), metadata={EXIT_CODE: error.exit_code}, allow_retries=False
            ) from error
        if outcome.blocked:
            yield from check_results(table, outcome.results)
            raise dg.Failure(description=_why_blocked(outcome), metadata={EXIT_CODE: 1}, allow_retries=False)
        from crm_pipeline.asset_charts import charts_of

        yield _materialize_result(context, outcome, charts_of(warehouse.files, table))

    return build


def _asset_dependencies(recipe: AnyRecipe) -> tuple[str, ...]:
    return (LANDED_FILES,) if recipe.table.name == SOURCE_FILES.name else recipe.dependencies


def _kinds(recipe: AnyRecipe) -> set[str]:
    if isinstance(recipe, SqlRecipe) and recipe.transform.function is not None:
        return {"duckdb", "python"}
    return {"duckdb", "sql"} if isinstance(recipe, SqlRecipe) else {"duckdb", "parquet"}


def _why_blocked(outcome: Outcome) -> str:
    whys = {item.name: f" ({item.why})" for item in outcome.table.expectations if item.why}
    lines = [
        f"{r.name}{f' at {r.part}' if r.part else ''}: {r.observed}{whys.get(r.name, '')}" for r in outcome.blocked[:5]
    ]
    more = f" (and {len(outcome.blocked) - 5} more)" if len(outcome.blocked) > 5 else ""
    what = "; ".join(lines) + more
    if outcome.table.name == "source_coverage":
        return (
            f"the sources are not complete to the snapshot yet ({what}); "
            "load newer files or state data_through in crm.yaml"
        )
    return f"{outcome.table.name}: critical checks failed, so the last good table stays: {what}"


def build_assets(pipeline: Pipeline) -> list[dg.AssetsDefinition]:
    """One asset per table, upstream first."""
    partitions = partitions_of(pipeline)
    warnings.filterwarnings(
        "ignore", category=dg.BetaWarning
    )  # backfill policies: tried here, and pinned by the lock file
    return [_asset(recipe, pipeline, partitions) for recipe in pipeline.recipes.values()]


def build_data_quality(pipeline: Pipeline) -> dg.AssetsDefinition:
    """`quality.data_quality` and the page that people read, from what the ledger knows after all tables."""

    @dg.asset(
        name=DATA_QUALITY,
        group_name="quality",
        description=(
            "Scores of completeness, validity, uniqueness, consistency and timeliness per source and table, "
            "and the page `data_docs/data_quality.html`."
        ),
        deps=[dg.AssetKey(name) for name in pipeline.tables],
        backfill_policy=dg.BackfillPolicy.single_run(),
        automation_condition=after_all(pipeline),
        kinds={"duckdb", "html"},
        owners=["team:data-engineering"],
    )
    def data_quality(warehouse: WarehouseResource) -> dg.MaterializeResult[Any]:
        from crm_pipeline.quality.measures import renew_measures
        from crm_pipeline.quality.page import data_quality_summary, write_page

        try:
            with warehouse.files.connect() as connection:
                rows = renew_measures(connection)
                page = write_page(connection, pipeline.project, warehouse.files.data_docs)
                scores = data_quality_summary(connection)
        except CrmError as error:
            raise dg.Failure(
                description=str(error), metadata={EXIT_CODE: error.exit_code}, allow_retries=False
            ) from error
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": rows,
                "dagster/table_name": f"crm.quality.{DATA_QUALITY}",
                "page": dg.MetadataValue.path(str(page)),
                **{score.dimension: score.score for score in scores},
            }
        )

    return data_quality


def build_published(pipeline: Pipeline) -> dg.AssetsDefinition:
    """The copy for readers as the last asset: renewed only when nothing that it holds is stale."""

    @dg.asset(
        name=PUBLISHED,
        group_name="published",
        description=(
            "`published.duckdb`: what BI tools, notebooks and reports read. "
            "It is replaced whole, when nothing in it is stale."
        ),
        deps=[
            *(dg.AssetKey(name) for name, table in pipeline.tables.items() if not table.is_in_vault),
            dg.AssetKey(DATA_QUALITY),
        ],
        backfill_policy=dg.BackfillPolicy.single_run(),
        automation_condition=after_all(pipeline),
        kinds={"duckdb"},
        owners=["team:data-engineering"],
        output_required=False,
    )
    def published(context: dg.AssetExecutionContext, warehouse: WarehouseResource) -> Iterator[Any]:
        from crm_pipeline.coverage import renew_coverage
        from crm_pipeline.plan import lost_parts, stale_in_published

        try:
            finish(pipeline, context.run.run_id)
            judged = renew_coverage(pipeline, context.run.run_id)
            if judged is not None:
                _tell_of(context, judged)
            stale = stale_in_published(pipeline)
            if stale:
                names = sorted({item.table.name for item in stale})
                context.log.info(
                    f"the copy for readers stays as it is: {said_of(len(stale), 'part', 'is', 'are')} stale "
                    f"({', '.join(names[:8])})"
                )
                return
            lost = lost_parts(pipeline)
            if lost:
                context.log.info(f"the copy for readers stays as it is: {lost[0]} and more of it are not built now")
                return
            size = publish_copy(warehouse.files, context.run.run_id, pipeline.tables)
        except CrmError as error:
            raise dg.Failure(
                description=str(error), metadata={EXIT_CODE: error.exit_code}, allow_retries=False
            ) from error
        yield dg.MaterializeResult(metadata={"size_bytes": size, "dagster/uri": str(warehouse.files.published)})

    return published


def _tell_of(context: dg.AssetExecutionContext, outcome: Outcome) -> None:
    """Record parts of another table that this step renewed; why not, where a check kept them as they were."""
    if outcome.blocked:
        context.log.warning(_why_blocked(outcome))
        return
    for part in outcome.built:
        context.log_event(
            dg.AssetMaterialization(
                outcome.table.name,
                partition=str(part),
                metadata={"dagster/row_count": outcome.rows[part], "content_hash": outcome.hashes[part]},
                tags={"dagster/data_version": digest(f"{part}={outcome.hashes[part]}")},
            )
        )


def finish(pipeline: Pipeline, run_id: str) -> None:
    """Housekeeping after a run: what killed runs left, retention, then compaction."""
    remove_leftovers(pipeline.warehouse)
    tables = list(pipeline.tables.values())
    remove_expired(
        pipeline.warehouse, tables, pipeline.project.snapshots, pipeline.project.today(pipeline.now()), run_id
    )
    compact(pipeline.warehouse)
