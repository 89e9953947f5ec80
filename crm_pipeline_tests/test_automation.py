"""Declarative automation: only what hangs on changed content is asked for, counted asset by asset."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from pydantic import ValidationError

from crm_pipeline.assets import DATA_QUALITY, PUBLISHED
from crm_pipeline.definitions import build_definitions
from crm_pipeline.ingestion.connectors import LANDED_FILES
from crm_pipeline.pipeline import Pipeline
from crm_pipeline_tests.kit import make_project

OPEN = {"every": "month", "first": "2024-01-01"}
LAST = "2024-02-01"
EVENING = datetime(2024, 2, 2, 20, tzinfo=UTC)
NIGHT, MORNING = datetime(2024, 2, 3, 3, 1, tzinfo=UTC), datetime(2024, 2, 3, 4, tzinfo=UTC)


class Daemon:
    """Asks the conditions as Dagster's daemon does, and reports what ran with the content that the test gives it."""

    def __init__(self, folder: Path, instance: dg.DagsterInstance) -> None:
        self.pipeline = Pipeline(make_project(folder, snapshots=OPEN, automation="declarative"))
        self.definitions = build_definitions(self.pipeline)
        self.instance = instance
        self.cursor: Any = None

    def tick(self, now: datetime) -> set[str]:
        """The assets that are asked for."""
        found = dg.evaluate_automation_conditions(
            self.definitions, self.instance, cursor=self.cursor, evaluation_time=now
        )
        self.cursor = found.cursor
        keys = self.definitions.resolve_all_asset_keys()
        return {key.to_user_string() for key in keys if found.get_num_requested(key)}

    def ran(self, names: Collection[str], content: str) -> None:
        """Report runs of assets that left this content."""
        tables = self.pipeline.tables
        for name in names:
            partition = LAST if name in tables and tables[name].is_partitioned else None
            self.instance.report_runless_asset_event(
                dg.AssetMaterialization(name, partition=partition, tags={"dagster/data_version": content})
            )


@pytest.mark.filterwarnings("ignore")
def test_only_what_changed_upstream_is_asked_for(tmp_path: Path) -> None:
    with dg.instance_for_test() as instance:
        daemon = Daemon(tmp_path, instance)
        tables = daemon.pipeline.tables
        daemon.ran([LANDED_FILES, *tables, DATA_QUALITY, PUBLISHED, "report", "audiences"], "first")
        daemon.tick(EVENING)
        assert daemon.tick(EVENING) == set(), "nothing changed"
        assert LANDED_FILES in daemon.tick(NIGHT), "every night the sources are asked"
        daemon.ran([LANDED_FILES], "night")
        assert "source_files" in daemon.tick(NIGHT)
        daemon.ran(["source_files"], "first")
        assert daemon.tick(MORNING) & set(tables) == set(), "no file changed, so no table is asked for"

        daemon.ran(["staged_reviews"], "other")
        asked = daemon.tick(MORNING) & set(tables)
        readers = {name for name, recipe in daemon.pipeline.recipes.items() if "staged_reviews" in recipe.dependencies}
        assert {"staged_reviews", "reviews"} & asked == {"reviews"} and "reconciliation" in readers - asked
        below = set(readers)
        for name, recipe in daemon.pipeline.recipes.items():
            if below & set(recipe.dependencies):
                below.add(name)
        assert asked <= below and len(asked) < len(tables) / 2, sorted(asked)
        daemon.ran(asked, "first")
        waited = daemon.tick(MORNING) & set(tables)
        assert "reconciliation" in waited and waited <= readers, "what reads the others waited for them"
        daemon.ran(waited, "first")
        assert daemon.tick(MORNING) & set(tables) == set(), "what ran has the same content, so it goes no further"


@pytest.mark.filterwarnings("ignore")
def test_new_code_renews_the_newest_part_of_its_table(tmp_path: Path) -> None:
    changed = {"products", "customer_rfm"}
    with dg.instance_for_test() as instance:
        daemon = Daemon(tmp_path, instance)
        daemon.ran([LANDED_FILES, *daemon.pipeline.tables, DATA_QUALITY, PUBLISHED, "report", "audiences"], "first")
        daemon.tick(EVENING)
        assert daemon.tick(EVENING) == set()
        daemon.definitions = daemon.definitions.map_asset_specs(
            func=lambda spec: (
                spec.replace_attributes(code_version="other") if spec.key.to_user_string() in changed else spec
            )
        )
        assert daemon.tick(MORNING) & set(daemon.pipeline.tables) == changed
        daemon.ran(changed, "first")
        assert daemon.tick(MORNING) & set(daemon.pipeline.tables) == set()


def test_schedules_and_conditions_exclude_each_other(tmp_path: Path) -> None:
    plain = build_definitions(make_project(tmp_path, snapshots=OPEN))
    assert [item.name for item in plain.schedules or []] == ["daily_load", "snapshot_when_due"]
    assert all(spec.automation_condition is None for spec in plain.resolve_all_asset_specs())
    declarative = build_definitions(make_project(tmp_path, snapshots=OPEN, automation="declarative"))
    assert [item.name for item in declarative.schedules or []] == ["snapshot_when_due"], (
        "for snapshots before the newest"
    )
    assert "automation" in {item.name for item in declarative.sensors or []}
    assert all(spec.automation_condition is not None for spec in declarative.resolve_all_asset_specs())


def test_a_series_that_ends_has_no_newest_part() -> None:
    with pytest.raises(ValidationError, match="declarative needs a series of snapshots without an end"):
        make_project(automation="declarative", snapshots={"dates": ["2024-01-01"]})
