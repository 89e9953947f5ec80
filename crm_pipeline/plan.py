"""What is due and stale: the plan of a run, read from the ledger alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import duckdb

from crm_pipeline.contract.table import Table
from crm_pipeline.errors import UserError
from crm_pipeline.pipeline import COVERAGE, AnyRecipe, Pipeline
from crm_pipeline.warehouse.candidate import Part
from crm_pipeline.warehouse.ledger import Ledger, Version
from crm_pipeline.warehouse.materialize import stale_parts
from crm_pipeline.warehouse.retention import expired
from crm_pipeline.yaml_lines import closest

SNAPSHOTS_PER_RUN = 12

Current = dict[str, dict[Part, Version]]


@dataclass(frozen=True)
class PlannedPart:
    """One part that a run would renew, and why."""

    table: Table
    part: Part
    reason: str


def due_snapshots(pipeline: Pipeline) -> list[date]:
    """Every snapshot date whose day has begun, ascending."""
    return pipeline.project.snapshots.until(pipeline.project.today(pipeline.now()))


def covered_through(pipeline: Pipeline) -> date | None:
    """The last day to which every source of orders is complete, as of the last load; None before the first."""
    if not pipeline.warehouse.exists:
        return None
    with pipeline.warehouse.connect(read_only=True) as connection:
        if "reconciliation" not in Ledger(connection).current():
            return None
        row = connection.execute(
            "select min(d) from (select source, max(coalesce(stated_data_through, last_event_at::date)) as d "
            "from quality.reconciliation where entity in ('orders', 'order_lines') group by source)"
        ).fetchone()
    return row[0] if row else None


@dataclass(frozen=True)
class FirstOrder:
    """When the company knew the first order of a customer; None without one."""

    is_loaded: bool
    known_at: datetime | None = None


def first_order(pipeline: Pipeline) -> FirstOrder:
    """The earliest order as of the last load."""
    if not pipeline.warehouse.exists:
        return FirstOrder(is_loaded=False)
    with pipeline.warehouse.connect(read_only=True) as connection:
        if "orders" not in Ledger(connection).current():
            return FirstOrder(is_loaded=False)
        row = connection.execute(
            "select min(known_at) from cleaned.orders where not is_return and customer_id is not null"
        ).fetchone()
    return FirstOrder(is_loaded=True, known_at=row[0] if row else None)


def selected(pipeline: Pipeline, select: Sequence[str]) -> set[str]:
    """Names of the chosen tables: all by default.

    `name` or a stage; `+name` with everything before it, `name+` with everything after it.
    """
    recipes = pipeline.recipes
    if not select:
        return set(recipes)
    found: set[str] = set()
    texts = [part.strip() for item in select for part in item.split(",") if part.strip()]
    if not texts:
        raise UserError("--select names no table; leave it out to take all of them")
    for text in texts:
        name = text.strip("+")
        stages = {n for n, r in recipes.items() if r.table.stage == name}
        if name not in recipes and not stages:
            known = {*recipes, *(r.table.stage for r in recipes.values())}
            raise UserError(f"--select {text}: there is no table or stage {name!r}{closest(name.lower(), known)}")
        chosen = stages or {name}
        if text.startswith("+"):
            chosen |= _reached(recipes, chosen, upstream=True)
        if text.endswith("+"):
            chosen |= _reached(recipes, chosen, upstream=False)
        found |= chosen
    return found


def _reached(recipes: dict[str, AnyRecipe], start: Collection[str], *, upstream: bool) -> set[str]:
    found = set(start)
    ordered = list(recipes) if not upstream else list(reversed(recipes))
    for name in ordered:
        if upstream and name in found:
            found |= set(recipes[name].dependencies)
        elif not upstream and found & set(recipes[name].dependencies):
            found.add(name)
    return found


def make_plan(
    pipeline: Pipeline, names: Collection[str], dates: Sequence[date], *, force: bool = False, load: bool | None = None
) -> list[PlannedPart]:
    """The parts of the named tables that are stale (all with ``force``), upstream first.

    ``load`` restricts to tables before the snapshots (True) or to snapshot tables (False).
    """
    warehouse = pipeline.warehouse
    chosen = [
        recipe
        for name, recipe in pipeline.recipes.items()
        if name in names and load in (None, not recipe.table.is_partitioned)
    ]
    if force or not warehouse.exists:
        why = "forced" if force else "not built yet"
        return [PlannedPart(r.table, part, why) for r in chosen for part in _parts(r, dates)]
    planned: dict[str, dict[Part, str]] = {}
    with warehouse.connect(read_only=True, attach=True) as connection:
        ledger = Ledger(connection)
        current = ledger.current()
        if warehouse.vault.exists():
            current |= Ledger(connection, "vault").current()
        for recipe in chosen:
            parts = _parts(recipe, dates)
            reasons, _ = stale_parts(ledger, current, recipe, parts)
            for part in parts:
                changing = [n for n in _read(recipe) if _may_change(planned.get(n, {}), part)]
                if changing:
                    reasons.setdefault(part, f"its input may change: {', '.join(sorted(changing))}")
            planned[recipe.table.name] = reasons
    return [
        PlannedPart(pipeline.recipes[name].table, part, reasons[part])
        for name, reasons in planned.items()
        for part in sorted(reasons, key=str)
    ]


def ready_snapshots(pipeline: Pipeline) -> list[date]:
    """The due snapshots that the sources are complete to."""
    through = covered_through(pipeline)
    return [day for day in due_snapshots(pipeline) if through is not None and (day - through).days <= 1]


def foreseen_snapshots(pipeline: Pipeline) -> list[date]:
    """The due snapshots that a load of the files as they are now can make ready: all, but for what crm.yaml states."""
    project = pipeline.project
    sources = [source for entity in ("orders", "order_lines") for source in project.sources_of(entity).values()]
    stated = [source.data_through or project.data_through for source in sources]
    through = min((day for day in stated if day is not None), default=None)
    return [day for day in due_snapshots(pipeline) if through is None or (day - through).days <= 1]


def kept_snapshots(pipeline: Pipeline) -> list[date]:
    """The ready snapshots that retention keeps."""
    ready = ready_snapshots(pipeline)
    gone = expired(pipeline.project.snapshots, ready, pipeline.project.today(pipeline.now()))
    return [day for day in ready if day not in gone]


def stale_in_published(pipeline: Pipeline) -> list[PlannedPart]:
    """Parts that are built but out of date; a snapshot that was never asked for is not stale, it is absent."""
    names = {name for name, table in pipeline.tables.items()}
    with pipeline.warehouse.connect(read_only=False) as connection:
        built = {part for versions in Ledger(connection).current().values() for part in versions if part is not None}
    dates = [day for day in kept_snapshots(pipeline) if day in built]
    return make_plan(pipeline, names, dates)


def lost_parts(pipeline: Pipeline) -> list[str]:
    """Table parts that the copy for readers holds and the warehouse has not built: a copy of less is no renewal."""
    published = pipeline.warehouse.published
    if not published.exists():
        return []
    kept = set(kept_snapshots(pipeline))
    with duckdb.connect(str(published), read_only=True) as connection:
        before = Ledger(connection).current()
    with pipeline.warehouse.connect() as connection:
        now = Ledger(connection).current()
    return [
        f"{name} {part or ''}".strip()
        for name, parts in sorted(before.items())
        for part in sorted(parts, key=str)
        if name in pipeline.tables and part not in now.get(name, {}) and (part is None or part in kept)
    ]


def _read(recipe: AnyRecipe) -> tuple[str, ...]:
    return tuple(name for name in recipe.dependencies if not (recipe.table.is_partitioned and name == COVERAGE))


def _parts(recipe: AnyRecipe, dates: Sequence[date]) -> list[Part]:
    return list(dates) if recipe.table.is_partitioned else [None]


def _may_change(planned: dict[Part, str], part: Part) -> bool:
    return any(key is None or part is None or key <= part for key in planned)
