"""What fits within each section of ``crm.yaml`` and not together; all of it is found, not only the first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from crm_pipeline.audiences.settings import check_audiences
from crm_pipeline.contract.sql import check_predicate
from crm_pipeline.yaml_lines import closest

if TYPE_CHECKING:
    from crm_pipeline.project.project import Project
    from crm_pipeline.project.source import Source

LAST_COMMON_DAY = 28
ORDERS = ("order_lines", "orders")


class MistakesError(ValueError):
    """Several mistakes, each a message that begins with the key that it is about."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def problems_of(project: Project) -> Iterator[str]:
    """Every mistake that takes more than one key to see."""
    zones = available_timezones()
    named = {"time_zone": project.time_zone}
    named |= {f"sources.{name}.time_zone": s.time_zone for name, s in project.sources.items() if s.time_zone}
    for key, zone in named.items():
        if zone not in zones:
            yield f"{key}: {zone!r} is not a known time zone{closest(zone, zones)}"
    yield from _of_segments(project)
    yield from _told(lambda: check_audiences(project.audiences, set(project.segments.custom), project.folder))
    yield from _of_sources(project)
    yield from _of_snapshots(project)


def _told(check: Callable[[], object], prefix: str = "") -> Iterator[str]:
    """What a check raises, if it does."""
    try:
        check()
    except ValueError as error:
        yield f"{prefix}{error}"


def _of_segments(project: Project) -> Iterator[str]:
    """Custom segments whose predicate is none."""
    if not project.segments.custom:
        return
    from crm_pipeline.segments.custom_segments import check_custom_segment

    for name, predicate in project.segments.custom.items():
        yield from _told(lambda text=predicate: check_custom_segment(text), f"segments.custom.{name}: ")  # type: ignore[misc]


def _of_sources(project: Project) -> Iterator[str]:
    """Sources one by one and together; what a misspelt entity leaves open is not guessed at."""
    from crm_pipeline.ingestion.entities import ENTITIES

    unknown = {name for name, source in project.sources.items() if source.entity not in ENTITIES}
    for name, source in project.sources.items():
        where = f"sources.{name}"
        if name in unknown:
            yield f"{where}.entity: {source.entity!r} is not an entity{closest(source.entity, ENTITIES)}"
            continue
        if source.join not in unknown:
            yield from _of_join(project, f"{where}.join", source)
        yield from project.entity_of(name).mapping_problems(name, source.columns, source.rules)
        if source.where is not None:
            yield from _told(lambda text=source.where: check_predicate(text), f"{where}.where: ")  # type: ignore[misc]
    if unknown:
        return
    yield from _told(lambda: project.identity.check(project.sources_of("customers")))
    if not any(source.entity in ORDERS for source in project.sources.values()):
        yield "sources: no source maps to order_lines; without orders there is nothing to compute"


def _of_join(project: Project, where: str, source: Source) -> Iterator[str]:
    """`join` where it has no meaning, or that names no source of orders."""
    if source.join is None:
        return
    if source.entity != "order_lines":
        yield f"{where}: only order_lines take their date and customer from a source of orders"
        return
    headers = {other for other, candidate in project.sources.items() if candidate.entity == "orders"}
    if source.join not in headers:
        hint = closest(source.join, headers) if headers else "; add one with entity: orders"
        yield f"{where}: {source.join!r} is not a source of orders{hint}"


def _of_snapshots(project: Project) -> Iterator[str]:
    """Series of snapshots that do not go with the automation, or that not every month can have."""
    grid = project.snapshots
    if project.automation == "declarative" and grid.is_finite:
        yield (
            "automation: declarative needs a series of snapshots without an end, "
            "as in snapshots: {every: month, first: 2024-06-01}"
        )
    if grid.every == "month" and not grid.is_finite and grid.first is not None and grid.first.day > LAST_COMMON_DAY:
        yield (
            f"snapshots.first: a monthly series without `last` begins on day 1 to {LAST_COMMON_DAY}, "
            "for some months have no later day (partitions are such a day of every month)"
        )
