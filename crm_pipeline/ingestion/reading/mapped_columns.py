"""Whether a file has the columns that its source's mapping names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Protocol

from crm_pipeline.contract.sql import referenced_columns
from crm_pipeline.errors import CrmError, UserError
from crm_pipeline.ingestion.reading.reader import OWN_COLUMNS


class Mapped(Protocol):
    """What the mapping of one column says."""

    @property
    def column(self) -> str | None: ...
    @property
    def sql(self) -> str | None: ...
    @property
    def optional(self) -> bool: ...


def read_columns(mapping: Mapped) -> list[str]:
    """The file's columns that a mapping reads."""
    return [mapping.column] if mapping.column is not None else list(referenced_columns(mapping.sql or ""))


def copied_names(copy: Path) -> list[str]:
    """The columns of a copy, without its own ones."""
    from pyarrow import parquet

    return [name for name in parquet.read_schema(copy).names if name not in OWN_COLUMNS]


def check_copy(path: Path, source_name: str, columns: Mapping[str, Mapped], copy: Path) -> None:
    """UserError when the mapping names a column that a copied file does not have; CrmError without the copy."""
    if not copy.is_file():
        raise CrmError(f"{copy}: the kept copy of {path} is gone; copy it anew with: crm-pipeline run --force")
    check_columns(path, source_name, columns, copied_names(copy))


def check_columns(
    path: Path,
    source_name: str,
    columns: Mapping[str, Mapped],
    names: Sequence[str],
    former: Sequence[str] = (),
) -> None:
    """UserError when the mapping names a column that the file does not have and that is not optional.

    ``former`` are the columns of the source's former file: one that stands where the missing one stood, and was not
    there before, is its likely new name.
    """
    known = {name.lower() for name in names}
    for target, mapping in columns.items():
        for name in read_columns(mapping):
            if name.lower() in known or mapping.optional:
                continue
            raise UserError(
                f"{path}: sources.{source_name}.columns.{target} names the column {name!r}, "
                f"which is not in the file; {_hint(name, names, former)}"
            )


def _hint(name: str, names: Sequence[str], former: Sequence[str]) -> str:
    before = [item.lower() for item in former]
    if name.lower() in before:
        place = before.index(name.lower())
        if place < len(names) and names[place].lower() not in before:
            return (
                f"the former file had it where {names[place]!r} stands now: name that one, "
                "or say `optional: true` if it is gone for good"
            )
    near = get_close_matches(name, names, n=1)
    return f"did you mean {near[0]!r}?" if near else f"it has {', '.join(names[:20])}"
