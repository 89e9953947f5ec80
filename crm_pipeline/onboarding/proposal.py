"""A proposed project: sources with their mappings, and beside each doubtful line what to look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class ProposedColumn:
    """How an entity column is filled: a source column, or a mapping with `column`, `sql` and `format`."""

    target: str
    mapping: str | dict[str, Any]
    note: str = ""


@dataclass
class ProposedSource:
    """One source; ``notes`` stand above it, ``unused`` are the file's columns that nothing takes.

    ``missing`` are needed columns for which nothing was found, with their description.
    """

    name: str
    entity: str
    path: str
    label: str
    rows: int
    read: dict[str, Any] = field(default_factory=dict)
    columns: list[ProposedColumn] = field(default_factory=list)
    join: str | None = None
    static: bool = False
    notes: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)

    def column(self, target: str) -> ProposedColumn | None:
        """The mapping of an entity column."""
        return next((item for item in self.columns if item.target == target), None)


@dataclass
class Proposal:
    """A whole crm.yaml; ``settings`` are its keys before the sources, each with a note where it is a guess."""

    name: str
    settings: dict[str, tuple[Any, str]]
    sources: list[ProposedSource]
    unread: list[str] = field(default_factory=list)
    unknown: list[tuple[str, list[str]]] = field(default_factory=list)
    """Files that fit no entity, with the names of their columns."""

    @property
    def doubts(self) -> list[str]:
        """Everything that a person should look at, one line each."""
        found = [f"{key}: {note}" for key, (_, note) in self.settings.items() if note]
        for source in self.sources:
            found += [f"{source.name}: {note}" for note in source.notes]
            found += [f"{source.name}.{item.target}: {item.note}" for item in source.columns if item.note]
            found += [f"{source.name}.{name}: nothing found for it; needed" for name in source.missing]
        found += [f"{label}: fits no entity" for label, _ in self.unknown]
        return found + self.unread
