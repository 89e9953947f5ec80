"""Declarative automation, the alternative to schedules: an asset runs when what it is made of has other content.

Each table reports its content hash as Dagster's data version, so a load that changed nothing sets nothing in motion,
and a changed file only what hangs on it.
"""

from __future__ import annotations

from typing import Any

import dagster as dg

from crm_pipeline.pipeline import Pipeline

NIGHTLY = "0 3 * * *"
LOOK_SECONDS = 30


def is_declarative(pipeline: Pipeline) -> bool:
    """Whether crm.yaml says `automation: declarative`."""
    return pipeline.project.automation == "declarative"


def nightly(pipeline: Pipeline) -> dg.AutomationCondition[Any] | None:
    """For the first assets of a load: every night at 3, in the project's time zone."""
    if not is_declarative(pipeline):
        return None
    tick = dg.AutomationCondition.cron_tick_passed(NIGHTLY, pipeline.project.time_zone)
    return (tick & ~dg.AutomationCondition.in_progress()).with_label("nightly")


def when_inputs_change(pipeline: Pipeline) -> dg.AutomationCondition[Any] | None:
    """For tables: the newest part runs when something that it reads or its code changed, or when it is new.

    It waits as long as something that it reads, or that this reads, runs or is about to: `reconciliation` counts rows
    of files in staged and cleaned tables, and would find some of them as they were before.
    """
    if not is_declarative(pipeline):
        return None
    condition = dg.AutomationCondition
    changed = condition.any_deps_match(condition.data_version_changed())
    cause: dg.AutomationCondition[Any] = condition.newly_missing() | condition.code_version_changed() | changed
    on_its_way = condition.will_be_requested() | condition.in_progress()
    return (
        condition.in_latest_time_window()
        & cause.since_last_handled()
        & ~condition.any_deps_missing()
        & ~condition.any_deps_match(on_its_way | condition.any_deps_match(on_its_way))
        & ~condition.in_progress()
    ).with_label("when inputs change")


def after_all(pipeline: Pipeline) -> dg.AutomationCondition[Any] | None:
    """For what stands at the end: once everything before it that was to run has ended."""
    if not is_declarative(pipeline):
        return None
    condition = dg.AutomationCondition
    return (
        condition.any_deps_updated().since_last_handled()
        & ~condition.any_deps_match(condition.will_be_requested())
        & ~condition.any_deps_in_progress()
        & ~condition.in_progress()
    ).with_label("after all")


def build_automation_sensors(pipeline: Pipeline) -> list[dg.SensorDefinition]:
    """The sensor that asks the conditions each half minute; on from the start, for the setting asks for it."""
    if not is_declarative(pipeline):
        return []
    return [
        dg.AutomationConditionSensorDefinition(
            "automation",
            target=dg.AssetSelection.all(),
            default_status=dg.DefaultSensorStatus.RUNNING,
            minimum_interval_seconds=LOOK_SECONDS,
            description="Starts runs of assets whose inputs changed (`automation: declarative` in crm.yaml).",
        )
    ]
