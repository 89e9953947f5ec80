"""`crm-pipeline diff RUN RUN`: what differs between the states after two runs, as text or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import click

from crm_pipeline.counting import agreeing, counted, said_of
from crm_pipeline.diff.contents import Contents, RowChanges, compare_rows, open_contents
from crm_pipeline.diff.scores import SCORES, ScoreMove, customer_inputs, score_move
from crm_pipeline.diff.states import PartChange, State, changes_between, find_state, rebuilt_alike, tables_of
from crm_pipeline.errors import UserError
from crm_pipeline.pipeline import Pipeline
from crm_pipeline.plan import selected
from crm_pipeline.warehouse.ledger import Ledger

PARTS_SHOWN, COLUMNS_SHOWN, INPUTS_SHOWN = 6, 6, 8


@dataclass(frozen=True)
class PartReport:
    """A part that differs; ``rows`` and ``score`` are None where contents are gone or were not asked for."""

    change: PartChange
    rows: RowChanges | None
    score: ScoreMove | None
    is_gone: bool


@dataclass(frozen=True)
class Report:
    """The difference between two states."""

    before: State
    after: State
    table_count: int
    rebuilt_alike: int
    parts: tuple[PartReport, ...]
    customer: dict[str, tuple[object, object]]


def diff_command(
    pipeline: Pipeline, first: str, second: str, select: Sequence[str], customer: str | None, as_json: bool
) -> None:
    """Print what changed from the state after run ``first`` to that after run ``second``."""
    if not pipeline.warehouse.exists:
        raise UserError(f"{pipeline.warehouse.live}: nothing is built yet; start with: crm-pipeline run")
    names = selected(pipeline, select)
    report = make_report(pipeline, first, second, names if select else None, customer)
    if as_json:
        click.echo(json.dumps(as_values(report), indent=2, default=str))
        return
    for line in as_lines(report):
        click.echo(line)


def make_report(
    pipeline: Pipeline, first: str, second: str, names: set[str] | None = None, customer: str | None = None
) -> Report:
    """Compare two states; with ``names`` only these tables, with ``customer`` also that customer's scores and inputs.

    UserError when a run is unknown.
    """
    with pipeline.warehouse.connect(read_only=True) as connection:
        if not Ledger(connection).is_there():
            raise UserError(f"{pipeline.warehouse.live}: nothing is built yet; start with: crm-pipeline run")
        ended = _ended_runs(pipeline)
        before, after = (find_state(connection, reference, ended) for reference in (first, second))
    build_order = {name: number for number, name in enumerate(pipeline.tables)}
    changes = [
        change
        for change in changes_between(before, after)
        if change.table in build_order and (names is None or change.table in names)
    ]
    changes.sort(key=lambda change: build_order[change.table])
    with ExitStack() as stack:
        contents = stack.enter_context(open_contents(pipeline.warehouse))
        parts = tuple(_part_report(pipeline, contents, change, before, after) for change in changes)
        found: dict[str, tuple[object, object]] = {}
        for change in changes if customer is not None else ():
            if change.table in SCORES and change.part is not None:
                table = pipeline.tables[change.table]
                moved = customer_inputs(
                    contents, table, change.part, before, after, _upstream(pipeline, change.table), str(customer)
                )
                found |= {f"{change.part} {name}": values for name, values in moved.items()}
    return Report(before, after, len(pipeline.tables), rebuilt_alike(before, after), parts, found)


def _ended_runs(pipeline: Pipeline) -> dict[str, datetime]:
    """When each run of the history ended: the ledger knows those only that changed something."""
    from crm_pipeline.runs import history_of, open_instance

    if not pipeline.project.dagster_home.exists():
        return {}
    instance = open_instance(pipeline)
    try:
        with history_of(pipeline):
            records = instance.get_run_records(limit=1000)
    finally:
        instance.dispose()
    return {
        record.dagster_run.run_id: datetime.fromtimestamp(record.end_time, UTC).replace(tzinfo=None)
        for record in records
        if record.end_time is not None
    }


def _upstream(pipeline: Pipeline, name: str) -> list[Any]:
    return [pipeline.tables[upstream] for upstream in pipeline.recipes[name].dependencies]


def _part_report(pipeline: Pipeline, contents: Contents, change: PartChange, before: State, after: State) -> PartReport:
    if change.before is None or change.after is None:
        return PartReport(change, None, None, is_gone=False)
    table = pipeline.tables[change.table]
    sides = [contents.query(table, change.part, version) for version in (change.before, change.after)]
    if sides[0] is None or sides[1] is None:
        return PartReport(change, None, None, is_gone=True)
    rows = compare_rows(contents.connection, table, sides[0], sides[1])
    score = score_move(contents, table, change.part, before, after, _upstream(pipeline, change.table))
    return PartReport(change, rows, score, is_gone=False)


def as_lines(report: Report) -> Iterator[str]:
    """The report for people."""
    for word, state in (("from", report.before), ("to", report.after)):
        when = f"{state.built_at:%Y-%m-%d %H:%M} UTC"
        yield f"{word:<5}{state.name}: version {state.version}, run {state.run_id[:8]}, {when}"
    differing = tables_of([part.change for part in report.parts])
    alike = (
        f"; {said_of(report.rebuilt_alike, 'part', 'was', 'were')} built again and came out the same"
        if report.rebuilt_alike
        else ""
    )
    tables = f"{len(differing)} of {counted(report.table_count, 'table')}"
    yield f"{tables} {agreeing(len(differing), 'differs', 'differ')}, in {counted(len(report.parts), 'part')}{alike}."
    for name in differing:
        of_table = [part for part in report.parts if part.change.table == name]
        for part in of_table[-PARTS_SHOWN:]:
            yield from _part_lines(part)
        if len(of_table) > PARTS_SHOWN:
            yield f"{name}: and {len(of_table) - PARTS_SHOWN} earlier parts (--json lists all)"
    for name, (old, new) in report.customer.items():
        yield f"{name}: {old} -> {new}"
    if any(part.is_gone for part in report.parts):
        yield (
            "Rows can be compared where both contents are at hand: what stands now, what readers see, and what they "
            "saw before. Model registries keep every version."
        )


def _part_lines(part: PartReport) -> Iterator[str]:
    change = part.change
    name = f"{change.table} {change.part}" if change.part else change.table
    if change.before is None or change.after is None:
        there = change.after or change.before
        assert there is not None
        yield f"{name}: {'new' if change.after else 'gone'}, {counted(there.row_count, 'row')}"
        return
    why = f"; changed: {', '.join(change.why)}" if change.why else ""
    yield f"{name}: {change.before.row_count:,} -> {counted(change.after.row_count, 'row')}{why}"
    if part.is_gone:
        yield "    the former content is gone: rows and columns cannot be told"
    if part.rows is not None:
        columns = _shown([f"{column} ({count:,})" for column, count in part.rows.columns.items()], COLUMNS_SHOWN)
        yield (
            f"    {counted(part.rows.added, 'row')} came, {part.rows.removed:,} went, {part.rows.changed:,} changed"
            + (f" in {columns}" if columns else "")
        )
    if part.score is not None and part.score.customers:
        yield from _score_lines(part.score)


def _score_lines(score: ScoreMove) -> Iterator[str]:
    far = f", by {score.mean:.4g} on average and {score.most:.4g} at most" if score.mean is not None else ""
    yield f"    {score.score} moved for {counted(score.customers, 'customer')}{far}"
    inputs = [f"{item.table}{f'.{item.column}' if item.column else ''} ({item.customers:,})" for item in score.inputs]
    if inputs:
        yield f"    for these, inputs moved: {_shown(inputs, INPUTS_SHOWN)}"
    if score.models:
        yield f"    for all customers, the model is another: {', '.join(score.models)}"
    if score.unknown:
        yield f"    not known, for their former content is gone: {', '.join(score.unknown)}"


def _shown(texts: Sequence[str], most: int) -> str:
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + more


def as_values(report: Report) -> dict[str, Any]:
    """The report as values for JSON."""
    states = {
        word: {"name": s.name, "version": s.version, "run_id": s.run_id, "built_at": s.built_at}
        for word, s in (("from", report.before), ("to", report.after))
    }
    parts = [
        {
            "table": part.change.table,
            "part": part.change.part,
            "rows_before": part.change.before.row_count if part.change.before else None,
            "rows_after": part.change.after.row_count if part.change.after else None,
            "why": part.change.why,
            "is_content_gone": part.is_gone,
            "rows": asdict(part.rows) if part.rows else None,
            "score": asdict(part.score) if part.score else None,
        }
        for part in report.parts
    ]
    return {
        **states,
        "table_count": report.table_count,
        "rebuilt_alike": report.rebuilt_alike,
        "parts": parts,
        "customer": report.customer,
    }
