"""Spoil order lines in ways that real exports are spoiled, and keep count."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

DUPLICATE_LINE = "duplicate line"
MISSING_CUSTOMER = "missing customer"
TEXT_IN_NUMBER = "text in number"
IMPOSSIBLE_DATE = "impossible date"
UNKNOWN_PRODUCT = "unknown product"
KINDS = (DUPLICATE_LINE, MISSING_CUSTOMER, TEXT_IN_NUMBER, IMPOSSIBLE_DATE, UNKNOWN_PRODUCT)
_SPOILED_VALUES = {
    MISSING_CUSTOMER: ("customer_id", None),
    TEXT_IN_NUMBER: ("quantity", "two"),
    IMPOSSIBLE_DATE: ("ordered_at", "2023-02-30 12:00:00"),
    UNKNOWN_PRODUCT: ("product_id", "999999999"),
}


def spoil_lines(lines: pa.Table, share: float, rng: np.random.Generator) -> tuple[pa.Table, pa.Table]:
    """Spoil `round(share * rows / len(KINDS))` lines of each kind; no line is spoiled twice.

    Returns the lines with every column as text (a column that holds text cannot be anything else), where an exact
    copy follows each duplicated line, and a table (order_line_id, kind) of what was spoiled, sorted by line.
    Raises ValueError if `share` is outside [0, 1].
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share must lie in [0, 1], got {share}")
    rows = lines.num_rows
    each = min(round(share * rows / len(KINDS)), rows // len(KINDS))
    chosen = rng.permutation(rows)[: each * len(KINDS)].reshape(len(KINDS), each)
    text = pa.table({name: lines[name].cast(pa.string()) for name in lines.column_names})
    for kind, positions in zip(KINDS, chosen, strict=True):
        if kind in _SPOILED_VALUES:
            column, value = _SPOILED_VALUES[kind]
            text = _replace(text, column, positions, value)
    copies = np.ones(rows, dtype=np.int64)
    copies[chosen[KINDS.index(DUPLICATE_LINE)]] = 2
    spoiled = pa.table(
        {
            "order_line_id": lines["order_line_id"].take(pa.array(chosen.ravel())),
            "kind": pa.array(KINDS).take(pa.array(np.repeat(np.arange(len(KINDS)), each))),
        }
    )
    return text.take(pa.array(np.repeat(np.arange(rows), copies))), spoiled.sort_by("order_line_id")


def count_kinds(spoiled: pa.Table) -> dict[str, int]:
    """Number of spoiled lines per kind, each kind present."""
    return {kind: int(pc.sum(pc.equal(spoiled["kind"], kind)).as_py() or 0) for kind in KINDS}


def _replace(table: pa.Table, column: str, positions: NDArray[np.int64], value: str | None) -> pa.Table:
    mask = np.zeros(table.num_rows, dtype=bool)
    mask[positions] = True
    replaced = pc.if_else(pa.array(mask), pa.scalar(value, pa.string()), table[column])
    return table.set_column(table.column_names.index(column), column, replaced)
