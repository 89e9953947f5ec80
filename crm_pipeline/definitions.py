"""The Dagster code location.

Only this module reads the environment: ``CRM_PIPELINE_PROJECT`` names the project's folder. (Connectors read the
variables that crm.yaml names for them: `ingestion/connectors/secrets.py`.)
"""

import os
from pathlib import Path

import dagster as dg

from crm_pipeline.alerts.sensors import build_alert_sensors
from crm_pipeline.assets import PUBLISHED, build_assets, build_data_quality, build_published
from crm_pipeline.audiences.asset import build_audiences
from crm_pipeline.automation import build_automation_sensors
from crm_pipeline.killed_runs import build_killed_runs
from crm_pipeline.landed_files import build_landed_files
from crm_pipeline.pipeline import Pipeline
from crm_pipeline.project import EXAMPLE, Project, load_project
from crm_pipeline.report.asset import build_report
from crm_pipeline.resources import WarehouseResource
from crm_pipeline.schedules import build_jobs, build_schedules, build_sensor


def build_definitions(project: Project | Pipeline) -> dg.Definitions:
    """Everything that Dagster shows and runs for one project (or for its pipeline, whose clock may be another)."""
    pipeline = project if isinstance(project, Pipeline) else Pipeline(project)
    project = pipeline.project
    return dg.Definitions(
        assets=[
            *build_assets(pipeline),  # first: it silences a warning of Dagster that the others would show
            build_landed_files(pipeline),
            build_data_quality(pipeline),
            build_published(pipeline),
            build_report(pipeline),
            build_audiences(pipeline, after=PUBLISHED),
        ],
        jobs=build_jobs(pipeline),
        schedules=build_schedules(pipeline),
        sensors=[
            build_sensor(pipeline),
            build_killed_runs(pipeline),
            *build_alert_sensors(pipeline),
            *build_automation_sensors(pipeline),
        ],
        resources={
            "warehouse": WarehouseResource(database=str(pipeline.warehouse.live), project_folder=str(project.folder))
        },
        executor=dg.in_process_executor,
    )


def chosen_project_folder() -> Path:
    """The folder in ``CRM_PIPELINE_PROJECT``, else the example project of this checkout."""
    return Path(os.environ.get("CRM_PIPELINE_PROJECT") or Path(__file__).parent.parent / EXAMPLE)


@dg.definitions
def defs() -> dg.Definitions:
    """The code location's definitions, for the project chosen by the environment."""
    return build_definitions(load_project(chosen_project_folder()))
