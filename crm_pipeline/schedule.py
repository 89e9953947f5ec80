"""Snapshot dates: when a snapshot is due, and which one came before."""

from __future__ import annotations

from bisect import bisect_left
from datetime import date, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

EARLIEST = date(1970, 1, 1)
"""Events before this day are rejected (it is what broken clocks say), so no snapshot lies there."""


def add_months(day: date, months: int) -> date:
    """The same day of the month ``months`` later, or the month's last day when it has none."""
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    following = date(year + month // 12, month % 12 + 1, 1)
    return min(date(year, month, 1) + timedelta(days=day.day - 1), following - timedelta(days=1))


class SnapshotGrid(BaseModel):
    """``{every, first, last}`` anchored on ``first``, or ``{dates: [...]}``.

    ``last`` closes the series: it is a snapshot too, on the grid or not, so that outcomes due by then are judged.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    every: Literal["month", "week", "day"] | None = None
    first: date | None = None
    last: date | None = None
    dates: tuple[date, ...] | None = None

    @model_validator(mode="after")
    def _either(self) -> SnapshotGrid:
        if self.dates is not None:
            if self.every or self.first or self.last:
                raise ValueError("expected either `dates` or `every` with `first`, not both")
            if not self.dates or list(self.dates) != sorted(set(self.dates)):
                raise ValueError("`dates` must be a non-empty list of different dates in ascending order")
        elif self.every is None or self.first is None:
            raise ValueError("expected `every` (month, week or day) and `first` (a date), or `dates`")
        elif self.last is not None and self.last < self.first:
            raise ValueError(f"`last` ({self.last}) lies before `first` ({self.first})")
        early = min(day for day in (self.first, *(self.dates or ())) if day is not None)
        if early < EARLIEST:
            raise ValueError(f"{early} lies before {EARLIEST}, and so do no events; correct the year")
        return self

    def until(self, day: date) -> list[date]:
        """Every snapshot date up to and including ``day``, ascending."""
        if self.dates is not None:
            return [d for d in self.dates if d <= day]
        assert self.first is not None
        end = min(day, self.last) if self.last else day
        found: list[date] = []
        step = 0
        while (current := self._nth(step)) is not None and current <= end:
            found.append(current)
            step += 1
        if self.last and self.last <= day and self.last not in found:
            found.append(self.last)
        return found

    def _nth(self, step: int) -> date | None:
        """The snapshot so many steps after the first; None beyond the calendar's last year."""
        assert self.first is not None
        try:
            if self.every == "month":
                return add_months(self.first, step)
            return self.first + timedelta(days=step * (7 if self.every == "week" else 1))
        except (OverflowError, ValueError):
            return None

    @property
    def is_finite(self) -> bool:
        """Whether the series ends, so that its dates can be listed."""
        return self.dates is not None or self.last is not None

    def listed(self) -> list[date]:
        """All dates of a finite series."""
        if self.dates is not None:
            return list(self.dates)
        if self.last is None:
            raise ValueError("the series of snapshots has no end")
        return self.until(self.last)

    def previous(self, day: date) -> date | None:
        """The snapshot before ``day``, or None for the first."""
        known = self.until(day)
        index = bisect_left(known, day)
        return known[index - 1] if index else None
