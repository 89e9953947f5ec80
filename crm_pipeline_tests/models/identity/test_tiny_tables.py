"""Tables too small or too bare to learn from: nothing crashes, no one is merged without evidence."""

import duckdb
import pytest

from crm_pipeline.models.identity import IdentityModel, cluster, normalise, score, train
from crm_pipeline_tests.models.identity.people import records

Row = dict[str, str | None]
ADA: Row = {"first_name": "Ada", "last_name": "Lovelace", "email": "ada@engine.org"}


def _clusters(rows: list[Row]) -> dict[str, str]:
    connection = duckdb.connect()
    normalise(connection, records(connection, rows), "normalised")
    model = train(connection, "normalised")
    model = IdentityModel.from_json(model.to_json())
    score(connection, "normalised", model, "pairs")
    cluster(connection, "pairs", "normalised", model, "assignments")
    found = connection.execute("select record_id, cluster_id from assignments order by all").fetchall()
    return dict(found)


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [ADA],
        [{}, {}, {}],
        [{"email": "test@test.com"}, {"email": "test@test.com"}],
        [{"phone": "0000000000"}, {"phone": "0000000000"}],
        [{"birth_date": "1900-01-01"}, {"birth_date": "1900-01-01"}],
        [{"full_name": "N/A"}, {"full_name": "unknown"}],
        [{"email": "noreply@shop.de"}] * 300,
        [{"full_name": "Kim Lee", "city": "Seoul"}] * 300,
        [{"full_name": "\x1b[31m", "email": "@"}, {"full_name": "'; drop", "phone": "++"}, {"full_name": "x" * 10_000}],
        [{"full_name": "王小明"}, {"full_name": "Дмитрий Иванов"}, {"full_name": "محمد"}],
    ],
)
def test_nothing_to_merge(rows: list[Row]) -> None:
    assert _clusters(rows) == {f"r{n:03d}": f"r{n:03d}" for n in range(len(rows))}


def test_identical_records_are_one() -> None:
    assert set(_clusters([ADA, ADA, ADA]).values()) == {"r000"}


def test_names_in_other_scripts_are_one_with_what_they_sound_like() -> None:
    rows: list[Row] = [
        {"full_name": "Дмитрий Иванов", "email": "di@yandex.ru"},
        {"full_name": "Dmitrij Ivanov", "email": "di@yandex.ru"},
        {"full_name": "김철수", "email": "kim@naver.com"},
    ]
    assert _clusters(rows) == {"r000": "r000", "r001": "r000", "r002": "r002"}


FIRST = ("Anna", "Bert", "Carla", "Dieter", "Eva", "Franz", "Greta", "Hans", "Ida", "Jonas", "Karla")
LAST = ("Maier", "Schulz", "Weber", "Fischer", "Bauer", "Koch", "Wolf")


def _person(number: int, *columns: str) -> Row:
    """One of many, in some columns; 77 names, six towns."""
    known = {
        "first_name": FIRST[number % 11],
        "last_name": LAST[number % 7],
        "email": f"{FIRST[number % 11]}.{number * 7919}@mail-{number % 5}.de".lower(),
        "phone": f"+4930{2_000_000 + number * 7_919}",
        "city": f"Town {number // 7 % 6}",
    }
    return {column: known[column] for column in columns}


@pytest.mark.parametrize("columns", [("email",), ("phone",), ("email", "city"), ("first_name", "last_name", "email")])
def test_an_address_of_ones_own_is_enough(columns: tuple[str, ...]) -> None:
    found = _clusters([_person(number % 100, *columns) for number in range(130)])
    assert [record for record, cluster_id in found.items() if record != cluster_id] == [
        f"r{number}" for number in range(100, 130)
    ]


@pytest.mark.parametrize("columns", [("first_name", "last_name"), ("last_name", "city"), ("city",)])
def test_a_name_that_many_have_is_not(columns: tuple[str, ...]) -> None:
    found = _clusters([_person(number, *columns) for number in range(130)])
    assert [record for record, cluster_id in found.items() if record != cluster_id] == []
