"""Projects as they would have been on an earlier day: source files cut there, snapshots up to it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import duckdb
from ruamel.yaml import YAML

from crm_pipeline.ingestion.entities import ENTITIES
from crm_pipeline.project import Project, Source


def cut_project(project: Project, day: date, target: Path) -> Path:
    """A new project in ``target``: events of ``day`` or later are left out, things without a time stay as they are."""
    target.mkdir(parents=True)
    for name, source in project.sources.items():
        for path in project.source_files(name):
            _cut_file(project, source, path, day, target / path.relative_to(project.source_base(name)))
    settings = YAML(typ="safe").load((project.folder / "crm.yaml").read_text())
    for section in (settings, *settings["sources"].values()):
        section.pop("package", None)
        if "data_through" in section:
            section["data_through"] = day - timedelta(days=1)
    settings["snapshots"] = {"dates": project.snapshots.until(day)}
    with (target / "crm.yaml").open("w") as file:
        YAML(typ="safe").dump(settings, file)
    return target


def _cut_file(project: Project, source: Source, path: Path, day: date, target: Path) -> None:
    """Copy one file without the rows whose time, in the project's zone, is ``day`` or later."""
    target.parent.mkdir(parents=True, exist_ok=True)
    time = ENTITIES[source.entity].event_time
    mapping = source.columns.get(time) if time else None
    if mapping is None:
        target.write_bytes(path.read_bytes())
        return
    assert mapping.column is not None and mapping.format is None, "cutting needs a plain column"
    found = f'try_cast("{mapping.column}" as timestamp)'
    local = f"timezone('{project.time_zone}', timezone('{source.time_zone or project.time_zone}', {found}))"
    is_text = path.suffix == ".csv"
    read = f"read_csv('{path}', all_varchar = true)" if is_text else f"read_parquet('{path}')"
    written = "format csv, header true" if is_text else "format parquet"
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(
            f"copy (select * from {read} where coalesce({local} < timestamp '{day}', true)) to '{target}' ({written})"
        )
