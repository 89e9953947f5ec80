"""All mistakes of a ``crm.yaml`` at once, each with its line.

What is wrong within a section hides what is wrong between sections, for only a valid section can be compared. So what
was told is put right (taken out, or replaced by something valid), and the rest is looked at again; what may only follow
from that repair is not told.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import ValidationError

from crm_pipeline.project.consistency import MistakesError
from crm_pipeline.settings_words import in_words

Place = tuple[str, ...]
REPAIRS: Mapping[str, Any] = {
    "name": "shop",
    "currency": "XXX",
    "snapshots": {"every": "month", "first": date(2000, 1, 1)},
}
"""What stands for the settings that a project must have; it breaks no rule that others depend on."""
MOST_ROUNDS = 5


@dataclass(frozen=True)
class Mistake:
    """One mistake: the key that it is about, and what is wrong in words (``found``: the library's own entry)."""

    where: Place
    text: str
    found: Mapping[str, Any]


def mistakes_in(values: Mapping[str, Any], validate: Callable[[Mapping[str, Any]], object]) -> list[Mistake]:
    """Everything that ``validate`` (which raises a ValidationError) finds; [] for valid values."""
    told: list[Mistake] = []
    repaired: set[Place] = set()
    left: dict[str, Any] | None = deepcopy(dict(values))
    for _ in range(MOST_ROUNDS):
        if left is None:
            break
        try:
            validate(left)
        except ValidationError as error:
            found = [mistake for item in error.errors() for mistake in _mistakes(item)]
        else:
            break
        told += [mistake for mistake in found if not _may_follow(mistake.where, repaired)]
        left = _repaired(left, found, repaired)
        repaired |= {mistake.where for mistake in found}
    return told


def _mistakes(item: Mapping[str, Any]) -> Iterator[Mistake]:
    where = tuple(str(step) for step in item["loc"])
    several = (item.get("ctx") or {}).get("error")
    if isinstance(several, MistakesError):
        for problem in several.problems:
            yield Mistake(tuple(problem.split(":", 1)[0].split(".")), problem.partition(": ")[2], item)
    else:
        yield Mistake(where, in_words(item), item)


def _may_follow(where: Place, repaired: Collection[Place]) -> bool:
    """Whether a mistake is at, above or below what was repaired, in the same source, or of audiences of segments."""
    return any(
        where[: len(place)] == place
        or place[: len(where)] == where
        or (where[0] == "sources" and where[:2] == place[:2])
        or (where[0] == "audiences" and place[0] == "segments")
        for place in repaired
    )


def _repaired(values: dict[str, Any], found: Collection[Mistake], before: Collection[Place]) -> dict[str, Any] | None:
    """The values without the mistakes; None where a mistake cannot be taken out alone."""
    for mistake in found:
        where = mistake.where
        if not where or isinstance((mistake.found.get("ctx") or {}).get("error"), MistakesError):
            return None  # what does not fit together was all told
        if where[0] == "sources":
            if where in before or not _repair_source(values.get("sources"), where[1:]):
                return None
        elif where[0] in REPAIRS:
            values[where[0]] = REPAIRS[where[0]]
        else:
            values.pop(where[0], None)
    return values


def _repair_source(sources: Any, where: Place) -> bool:
    """Take a mistake out of one source; False where the source means nothing without what is wrong."""
    source = sources.get(where[0]) if where and isinstance(sources, dict) else None
    if not isinstance(source, dict) or where[1:] in (("entity",), ("columns",)):
        return False
    if len(where) == 1 or where[1] in ("path", "extract", "package"):
        for key in ("extract", "package"):
            source.pop(key, None)
        source["path"] = "files.csv"
    elif where[1] == "columns" and isinstance(source["columns"], dict):
        source["columns"].pop(where[2], None)
    else:
        source.pop(where[1], None)
    return True
