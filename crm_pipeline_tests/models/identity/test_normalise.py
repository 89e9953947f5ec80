"""One form for each value, and a reason for each value that identifies no one."""

import duckdb
import pytest

from crm_pipeline.models.identity import BadValues, IdentitySettings, normalise
from crm_pipeline_tests.models.identity.people import records


def _normalised(row: dict[str, str | None], country: str | None = "DE") -> tuple[dict[str, str], tuple[BadValues, ...]]:
    connection = duckdb.connect()
    bad = normalise(connection, records(connection, [row]), "normalised", IdentitySettings(country=country))
    frame = connection.execute("select * exclude (record_id, source, known_at) from normalised").fetchall()[0]
    names = [str(column[0]) for column in connection.description or ()]
    return {name: value for name, value in zip(names, frame, strict=True) if value is not None}, bad


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"full_name": "Dr. Jan van der Berg"}, {"first_name": "jan", "last_name": "van der berg"}),
        ({"full_name": "LOVELACE, Ada"}, {"first_name": "ada", "last_name": "lovelace"}),
        ({"first_name": "Дмитрий", "last_name": "Łódź"}, {"first_name": "dmitriy", "last_name": "lodz"}),
        ({"first_name": "ﬁona", "last_name": "O'Brien"}, {"first_name": "fiona", "last_name": "obrien"}),
        ({"email": " Ada.L+shop@GoogleMail.com "}, {"email": "adal@gmail.com"}),
        ({"phone": "030 5550123"}, {"phone": "+49305550123"}),
        ({"phone": "0044 20 7946 0018"}, {"phone": "+442079460018"}),
        ({"phone": "(0)30/555 01 23", "country": "AT"}, {"phone": "+43305550123"}),
        ({"birth_date": "1990-04-03T00:00:00"}, {"birth_date": "19900403"}),
        ({"birth_date": "3.4.1990"}, {"birth_date": "19900403"}),
        ({"birth_date": "4/13/1990"}, {"birth_date": "19900413"}),
        ({"birth_date": "19901340"}, {"birth_date": "19901340"}),
        ({"street": "Hauptstraße 12 a"}, {"street": "hauptstr", "house_number": "12a"}),
        ({"street": "12 Main Street"}, {"street": "main st", "house_number": "12"}),
        ({"postcode": "AB1 2CD"}, {"postcode": "ab12cd"}),
        ({"organisation": "The Müller & Söhne GmbH & Co. KG"}, {"organisation": "muller sohne"}),
        ({"gender": "weiblich"}, {"gender": "f"}),
    ],
)
def test_one_form(row: dict[str, str | None], expected: dict[str, str]) -> None:
    found, bad = _normalised(row)
    found.pop("country", None)
    assert found == expected
    assert bad == ()


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("email", "test@test.com", "dummy_address"),
        ("email", "noreply@shop.de", "dummy_address"),
        ("email", "ada at engine", "not_an_address"),
        ("email", "x9f3k2@marketplace.amazon.de", "marketplace_address"),
        ("phone", "0000000000", "dummy_number"),
        ("phone", "12345678", "dummy_number"),
        ("phone", "call me", "not_a_number"),
        ("birth_date", "1900-01-01", "placeholder_date"),
        ("birth_date", "yesterday", "not_a_date"),
        ("last_name", "N/A", "filler_word"),
        ("first_name", "xxxx", "filler_word"),
    ],
)
def test_what_identifies_no_one_is_null_and_counted(column: str, value: str, reason: str) -> None:
    found, bad = _normalised({column: value})
    assert column not in found
    assert bad == (BadValues(column, reason, 1),)


def test_a_number_without_a_known_country_keeps_its_digits() -> None:
    found, _ = _normalised({"phone": "0612345679"}, country=None)
    assert found == {"phone": "612345679"}
