"""Who is meant: a customer's id, a key that a source has for them, or the nearest ids there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_pipeline.customer.text import harmless
from crm_pipeline.errors import UserError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NEAREST = 5
SIMILAR_FROM = 0.7
_OWN = "select customer_id from cleaned.customers where customer_id = ?"
_KEYS = """
    select distinct customer_id from cleaned.customer_identity where source_customer_id = ? order by customer_id
"""
_NEAR = """
    with known as (
        select customer_id as name from cleaned.customers
        union select source_customer_id from cleaned.customer_identity
    )
    select name from known where jaro_winkler_similarity(name, $1) >= $2
    order by jaro_winkler_similarity(name, $1) desc, abs(length(name) - length($1)), name limit $3
"""


def find_customer(connection: DuckDBPyConnection, wanted: str) -> str:
    """The customer of an id or of a source's key. UserError with near ids when there is none, or several."""
    if connection.execute(_OWN, [wanted]).fetchall():
        return wanted
    found = [row[0] for row in connection.execute(_KEYS, [wanted]).fetchall()]
    if len(found) == 1:
        return str(found[0])
    if found:
        several = ", ".join(map(harmless, found[:NEAREST]))
        raise UserError(f"{harmless(wanted)} is the key of several customers: {several}; ask for one of them by its id")
    near = [row[0] for row in connection.execute(_NEAR, [wanted, SIMILAR_FROM, NEAREST]).fetchall()]
    hint = f"the nearest ids are {', '.join(map(harmless, near))}" if near else "no id is like it"
    raise UserError(f"no customer {wanted!r} is known, by that id or by a source's key; {hint}")
