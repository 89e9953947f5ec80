"""Golden records: which value of a column survives, and the record it came from."""

from __future__ import annotations

from typing import Any

import pytest

from crm_pipeline.identity.assignments import ASSIGNMENTS, STAGED_CUSTOMERS
from crm_pipeline.identity.golden import golden_query
from crm_pipeline.identity.settings import IdentitySettings
from crm_pipeline.warehouse.as_of import location_of
from crm_pipeline_tests.kit import fill_table, memory_warehouse

TOLD = [
    "crm, c1, 2023-01-01, a.csv, 1, Ada Byron,    old@a.de",
    "crm, c1, 2023-03-01, b.csv, 1, Ada Lovelace, ",
    "web, w1, 2023-02-01, c.csv, 1, Ada Byron,    new@a.de",
    "web, w1, 2023-02-01, c.csv, 2, Augusta Ada Byron, ",
    "web, w2, 2023-02-01, c.csv, 3, Zed,          zed@a.de",  # known when w1 was: the record's name decides
    "web, w3, 2023-02-01, c.csv, 4, ,             ",  # says nothing of anybody
]


def golden(told: list[str], **settings: Any) -> dict[str, tuple[Any, ...]]:
    """By customer: full_name, email, record_count, origins."""
    connection = memory_warehouse()
    rows = "\n".join(["source, customer_id, known_at, file_name, position, full_name, email", *told])
    fill_table(connection, STAGED_CUSTOMERS, rows)
    fill_table(
        connection,
        ASSIGNMENTS,
        """source, source_customer_id, customer_id
           crm,    c1,                 c1
           web,    w1,                 c1
           web,    w2,                 c1
           web,    w3,                 w3""",
    )
    query = golden_query(
        IdentitySettings(**settings), location_of(STAGED_CUSTOMERS, "live"), location_of(ASSIGNMENTS, "live")
    )
    found = connection.execute(f"select customer_id, full_name, email, record_count, origins from ({query})")
    return {row[0]: row[1:] for row in found.fetchall()}


@pytest.mark.parametrize(
    ("settings", "name", "name_from", "email", "email_from"),
    [
        ({}, "Ada Lovelace", "crm/c1", "new@a.de", "web/w1"),
        ({"survivorship": {"full_name": "most_frequent"}}, "Ada Byron", "web/w1", "new@a.de", "web/w1"),
        ({"survivorship": {"default": "longest"}}, "Augusta Ada Byron", "web/w1", "new@a.de", "web/w1"),
        (
            {"survivorship": {"email": "source_priority"}, "source_priority": ["crm", "web"]},
            "Ada Lovelace", "crm/c1", "old@a.de", "crm/c1",
        ),
        (
            {"survivorship": {"default": "source_priority"}, "source_priority": ["web"]},
            "Augusta Ada Byron", "web/w1", "new@a.de", "web/w1",
        ),
    ],
)  # fmt: skip
def test_survivorship(settings: dict[str, Any], name: str, name_from: str, email: str, email_from: str) -> None:
    origins = {"full_name": name_from, "email": email_from}
    expected = {"c1": (name, email, 3, origins), "w3": (None, None, 1, {})}
    assert golden(TOLD, **settings) == expected == golden(TOLD[::-1], **settings)
