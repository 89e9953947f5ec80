"""Connectors: databases, MongoDB, REST services and object stores, landed as files that load like any other."""

from __future__ import annotations

from pathlib import Path

LANDED_FILES = "landed_files"
"""The asset that lands them."""
PART_SUFFIX = ".part"
COMPLETE = ".complete"
"""Marks the folder of a way of reading that has once come to its end."""


def landed_files(folder: Path) -> list[Path]:
    """The files of a source, by name: of ``folder``, or, until all was read once, of the way of reading before.

    Half of a source is nobody's data: until then a source that is new has no files.
    """
    if not (folder / COMPLETE).exists():
        before = sorted(other.parent for other in folder.parent.glob(f"*/{COMPLETE}"))
        return landed_files(before[0]) if before else []
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in found if path.suffix != PART_SUFFIX and not path.name.startswith("."))
