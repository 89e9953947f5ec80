"""`crm-pipeline replay`: after a rule or mapping was mended, rejected rows are judged again, from the kept copies."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from crm_pipeline.counting import said_of
from crm_pipeline.errors import UserError
from crm_pipeline.ingestion.load import SOURCE_FILES
from crm_pipeline.ingestion.reading.copy import copy_name
from crm_pipeline.ingestion.staged import STAGED
from crm_pipeline.pipeline import Pipeline
from crm_pipeline.plan import make_plan, selected
from crm_pipeline.warehouse.as_of import is_there
from crm_pipeline.yaml_lines import closest

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class RuleStory:
    """What became of the rows of one source that broke one rule before; ``new`` ones break it only now."""

    source: str
    rule: str
    before: int
    clean: int
    duplicate: int
    same: int
    other: int
    new: int


def replay_command(pipeline: Pipeline, sources: Sequence[str]) -> None:
    """Judge the rows of these sources (default: all) again, rebuild what depends on them, and tell what came back.

    UserError: an unknown source, nothing loaded yet, or reading itself was changed, which needs the files.
    """
    from crm_pipeline.commands import build_named, print_waiting

    names = _chosen(pipeline, sources)
    before = _rejected(pipeline, names)
    entities = {pipeline.project.sources[name].entity for name in names}
    tables = selected(pipeline, [f"staged_{entity}+" for entity in sorted(entities)]) - {SOURCE_FILES.name}
    staged = [item for item in make_plan(pipeline, tables, [], load=True) if item.table.stage == "staged"]
    if staged:
        waiting = build_named(pipeline, tables)
        print_waiting(pipeline, waiting)
    else:
        click.echo("Nothing to judge again: rules and mappings are those of the last load.")
    for line in told(_stories(pipeline, names, before)):
        click.echo(line)


def _chosen(pipeline: Pipeline, sources: Sequence[str]) -> list[str]:
    project = pipeline.project
    for name in sources:
        if name not in project.sources:
            raise UserError(f"--source {name}: {project.name} has no source {name!r}{closest(name, project.sources)}")
    names = sorted(set(sources) or set(project.sources))
    if not pipeline.warehouse.vault.exists() or not pipeline.warehouse.exists:
        raise UserError(f"{project.name}: nothing is loaded yet; start with: crm-pipeline run")
    with pipeline.warehouse.connect(read_only=True) as connection:
        if not is_there(connection, SOURCE_FILES, SOURCE_FILES.qualified_name):
            raise UserError(f"{project.name}: nothing is loaded yet; start with: crm-pipeline run")
        copies = connection.execute(
            f"select source, sha256, copy_name from {SOURCE_FILES.qualified_name} where is_current order by all"
        ).fetchall()
    for source, sha, copy in copies:
        if source in names and copy_name(sha, project.sources[source].read) != copy:
            raise UserError(
                f"{project.folder / 'crm.yaml'}: sources.{source}: how its files are read was changed (`read`, or a "
                "newer version of the reader), so that they are copied anew; do that with: crm-pipeline run"
            )
    return names


def _rejected(pipeline: Pipeline, names: Collection[str]) -> pa.Table:
    """Position and rule of every rejected row of these sources, as they stand."""
    with pipeline.warehouse.connect("vault", read_only=True) as connection:
        query = _positions(connection, "verdict = 'rejected'")
        wanted = (
            f"select source, file_name, position, rule from ({query}) where list_contains($names::varchar[], source)"
        )
        found: pa.Table = connection.cursor().sql(wanted, params={"names": sorted(names)}).to_arrow_table()
    return found


def _positions(connection: DuckDBPyConnection, condition: str) -> str:
    """A query of position, verdict and rule over all staged tables that are built."""
    built = [table for table in STAGED.values() if is_there(connection, table, table.qualified_name)]
    parts = [
        f"select source, file_name, position, verdict, rule from {table.qualified_name} where {condition}"
        for table in built
    ]
    nothing = "select null::varchar as source, null::varchar as file_name, null::bigint as position, "
    return " union all ".join(parts) or f"{nothing} null::varchar as verdict, null::varchar as rule where false"


def _stories(pipeline: Pipeline, names: Collection[str], before: pa.Table) -> list[RuleStory]:
    """Per source and rule what the rows that were rejected are now."""
    with pipeline.warehouse.connect("vault", read_only=True) as connection:
        connection.register("rejected_before", before)
        rows = connection.execute(
            f"with now as materialized (select * from ({_positions(connection, 'true')}) as n "
            "where n.verdict = 'rejected' and list_contains($names::varchar[], source) "
            "or (source, file_name, position) in (select (source, file_name, position) from rejected_before)), "
            "pairs as (select source, b.rule as old_rule, n.verdict, n.rule as new_rule "
            "from rejected_before as b full join now as n using (source, file_name, position)), "
            "told as (select source, old_rule as rule, verdict, new_rule, false as is_new from pairs "
            "where old_rule is not null union all "
            "select source, new_rule, verdict, new_rule, true from pairs where old_rule is null) "
            "select source, rule, count(*) filter (not is_new), "
            "count(*) filter (not is_new and verdict = 'clean'), "
            "count(*) filter (not is_new and verdict = 'duplicate'), "
            "count(*) filter (not is_new and verdict = 'rejected' and new_rule = rule), "
            "count(*) filter (not is_new and verdict = 'rejected' and new_rule <> rule), count(*) filter (is_new) "
            "from told group by source, rule order by source, rule",
            {"names": sorted(names)},
        ).fetchall()
        connection.unregister("rejected_before")
    return [RuleStory(*row) for row in rows]


def told(stories: Sequence[RuleStory]) -> list[str]:
    """The stories in words, and their sum."""
    if not stories:
        return ["No row was or is rejected."]
    lines = []
    for story in stories:
        parts = [
            f"{count:,} {what}"
            for count, what in (
                (story.clean, "came back"),
                (story.duplicate, "are duplicates now"),
                (story.same, "are still rejected"),
                (story.other, "are rejected for another rule"),
                (story.new, "are newly rejected"),
            )
            if count
        ]
        lines.append(f"{story.source}: {story.rule}: {story.before:,} before; {', '.join(parts)}.")
    before = sum(story.before for story in stories)
    clean = sum(story.clean for story in stories)
    left = sum(story.same + story.other + story.new for story in stories)
    return [
        *lines,
        f"In all: {said_of(before, 'row', 'was', 'were')} rejected, {clean:,} came back, {left:,} are rejected now.",
    ]
