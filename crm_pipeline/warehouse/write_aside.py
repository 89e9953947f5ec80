"""Files that are complete or absent: written aside, put onto the disk, then moved into place."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path

from crm_pipeline.warehouse.connection import translated

DRAFTS = ".*.draft"
"""Matches the names of drafts."""
LONGEST_WRITE_SECONDS = 86_400


@contextmanager
def write_aside(path: Path) -> Iterator[Path]:
    """A draft in the same folder that takes the place of ``path`` when the block ends well, and else goes.

    Drafts of the same file that killed processes left go as well. WarehouseError when it cannot be written.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    with translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f".{escape(path.name)}{DRAFTS[1:]}"):
            if is_abandoned(left):
                left.unlink(missing_ok=True)
        try:
            yield draft
            with draft.open("rb") as written:
                os.fsync(written.fileno())
            os.replace(draft, path)
        finally:
            draft.unlink(missing_ok=True)


def is_abandoned(draft: Path) -> bool:
    """Whether nobody writes a draft any more: its process is gone, or another one has its number by now."""
    number = draft.name.split(".")[-2]
    if not number.isdecimal() or int(number) == os.getpid():
        return True
    try:
        age = time.time() - draft.stat().st_mtime
        os.kill(int(number), 0)  # signal 0 asks, and does nothing
    except (FileNotFoundError, ProcessLookupError):
        return True
    except PermissionError:
        pass  # it is somebody else's, but there
    return age > LONGEST_WRITE_SECONDS
