"""What the `.sql` of a table may not say, with the reason in each message.

The rules keep the promises of the design: no look past the snapshot date (`lint_structure`), same input same bytes
(`lint_determinism`,
`lint_order`), and one meaning on every engine (`lint_portability`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import sqlglot

from crm_pipeline.contract import lint_determinism, lint_order, lint_portability, lint_structure
from crm_pipeline.contract.lint_source import Finding, Source
from crm_pipeline.contract.sql import DIALECT, parse_query

__all__ = ["RULES", "Finding", "lint"]

RULES: tuple[Callable[[Source], Iterator[Finding]], ...] = (
    *lint_structure.RULES,
    *lint_determinism.RULES,
    *lint_order.RULES,
    *lint_portability.RULES,
)


def lint(sql: str, name: str = "query", grain: Sequence[str] = ()) -> list[Finding]:
    """Judge the text of one `.sql` file.

    Args:
        sql: one query in DuckDB's dialect.
        name: how messages call the text, usually the file's name.
        grain: columns that identify a row of the table; an ordering that holds one of them counts as total, as does one
            that holds a column ending in `_id` (an approximation: uniqueness does not follow from the text).

    Returns:
        What is wrong, by line; empty when nothing is.

    Raises:
        ValueError: the text does not parse, or is not exactly one query.
    """
    tree = parse_query(sql, name)
    source = Source(sql, tree, tuple(sqlglot.tokenize(sql, dialect=DIALECT)), tuple(grain))
    return sorted({finding for rule in RULES for finding in rule(source)}, key=lambda f: (f.line, f.rule, f.message))
