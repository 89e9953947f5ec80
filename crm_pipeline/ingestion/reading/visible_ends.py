"""Which columns of a copy have nothing to trim: found once, when the copy is written, and kept in its metadata.

Looking at both ends of each text is a fifth of the time of staging, while hardly a file has blanks there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from crm_pipeline.ingestion.reading.reader import OWN_COLUMNS

if TYPE_CHECKING:
    import pyarrow as pa

KEY = "crm_pipeline.visible_ends"
FIRST_VISIBLE, LAST_VISIBLE = ord("!"), ord("~")


class VisibleEnds:
    """Looks at one batch of a file after the other; ``names`` are the columns without anything to trim so far."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(names)

    def look(self, batch: pa.Table) -> None:
        """Leave out the columns in which a value of the batch does not begin and end with a visible character."""
        self.names = [name for name in self.names if has_visible_ends(batch.column(name))]

    @property
    def metadata(self) -> dict[str, str]:
        """What to write into the copy."""
        return {KEY: json.dumps(self.names)}


def has_visible_ends(column: pa.ChunkedArray) -> bool:
    """Whether every text begins and ends with a visible character of ASCII; missing and empty ones have no ends."""
    import numpy as np

    for chunk in column.chunks:
        _, offsets, data = chunk.buffers()
        if data is None:
            continue
        bounds = np.frombuffer(offsets, np.int32, len(chunk) + 1, chunk.offset * 4)
        octets = np.frombuffer(data, np.uint8)
        is_text = bounds[1:] > bounds[:-1]
        for at in (bounds[:-1][is_text], bounds[1:][is_text] - 1):
            ends = octets[at]
            if len(ends) and not FIRST_VISIBLE <= ends.min() <= ends.max() <= LAST_VISIBLE:
                return False
    return True


def names_to_trim(copy: Path) -> set[str]:
    """The columns of a copy (in small letters) whose values may have blanks at their ends: all, if it says nothing."""
    from pyarrow import parquet

    found = parquet.read_metadata(copy)
    told = json.loads((found.metadata or {}).get(KEY.encode(), b"[]"))
    return {name.lower() for name in found.schema.names if name not in OWN_COLUMNS and name not in told}
