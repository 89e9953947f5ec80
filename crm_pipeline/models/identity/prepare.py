"""Records as they are compared: numbered, without shared values, with the weight of each value's frequency."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from crm_pipeline.models.identity.model import IdentityModel
from crm_pipeline.models.identity.settings import VALUES, IdentitySettings
from crm_pipeline.models.identity.sql import keep, literals, number, rows

SOUNDS = ("first_name_sound", "last_name_sound")
"""Columns beside the normalised ones."""
_DOUBLED = "bdfgklmnprst"
_MOST_PEOPLE_PER_DATE = 20
"""A birth date with fewer names, or with fewer than this many times the mean, is no placeholder."""


def shared_values(
    connection: duckdb.DuckDBPyConnection, normalised: str, settings: IdentitySettings
) -> dict[str, tuple[str, ...]]:
    """Values of e-mail, phone and birth date that too many distinct people share, by column.

    People are told apart by the first letters of their names, so that typing errors rarely count as someone else.
    """
    person = "coalesce(left(least(first_name, last_name), 2) || left(greatest(first_name, last_name), 2), organisation)"
    if settings.unit == "organisation":
        person = "left(organisation, 4)"
    found = {}
    for column in ("email", "phone"):
        too_many = rows(
            connection,
            f"select {column} from {normalised} where {column} is not null group by all "
            f"having count(distinct {person}) > {settings.names_per_value} order by all",
        )
        found[column] = tuple(str(value) for (value,) in too_many)
    dates = rows(
        connection,
        f"with sizes as (select birth_date, count(distinct {person}) as people from {normalised} "
        "where birth_date is not null group by all) select birth_date from sizes "
        f"where people > {_MOST_PEOPLE_PER_DATE} * (select greatest(avg(people), 1) from sizes) order by all",
    )
    found["birth_date"] = tuple(str(value) for (value,) in dates)
    return {column: values for column, values in found.items() if values}


def prepare(
    connection: duckdb.DuckDBPyConnection, normalised: str, model: IdentityModel, only: str | None = None
) -> str:
    """Make the temporary table `identity_records`, numbered in the order of record ids, and return its name.

    Args:
        only: table with the record ids that are new; marks them in `is_new`, else all are.
    """
    values = [_unshared(column, model.shared_values.get(column, ())) for column in VALUES]
    new = f"record_id in (select record_id from {only})" if only else "true"
    connection.execute(
        "create or replace temp table identity_bare as "
        f"select (row_number() over (order by record_id))::integer as record_no, record_id, {new} as is_new, "
        f"{', '.join(values)}, {_sound('first_name')} as first_name_sound, {_sound('last_name')} as last_name_sound "
        f"from {normalised} order by record_no"
    )
    weighted, joins = ["identity_bare.*"], []
    for column, frequencies in model.frequencies.items():
        frame: dict[str, object] = {
            "value": pa.array(list(frequencies.frequent), pa.string()),
            "weight": pa.array(list(frequencies.frequent.values()), pa.float64()),
        }
        keep(connection, f"identity_frequent_{column}", frame)
        weighted.append(f"coalesce({column}_weights.weight, {frequencies.other!r})::double as {column}_weight")
        joins.append(
            f"left join identity_frequent_{column} as {column}_weights "
            f"on identity_bare.{column} = {column}_weights.value"
        )
    connection.execute(
        f"create or replace temp table identity_records as select {', '.join(weighted)} from identity_bare "
        f"{' '.join(joins)} order by record_no"
    )
    connection.execute("drop table temp.identity_bare")
    for column in model.frequencies:
        connection.execute(f"drop table temp.identity_frequent_{column}")
    return "identity_records"


def _unshared(column: str, shared: tuple[str, ...]) -> str:
    return f"case when {column} not in ({literals(shared)}) then {column} end as {column}" if shared else column


def _sound(column: str) -> str:
    """Consonants of a name, alike ones in one letter: scripts without vowels and hearing mistakes keep these."""
    letters = f"translate(replace(replace({column}, ' ', ''), 'ph', 'f'), 'qczjw', 'kksyu')"
    bare = f"regexp_replace({letters}, '[aeiouy0-9]', '', 'g')"
    for letter in _DOUBLED:
        bare = f"replace({bare}, '{letter}{letter}', '{letter}')"
    return bare


def usable_columns(connection: duckdb.DuckDBPyConnection, records: str) -> tuple[str, ...]:
    """Columns with at least two values, each of at least one record in a hundred, or ten."""
    total = number(connection, f"select count(*) from {records}")
    least = max(2, min(10, total // 100))
    counted = connection.execute(
        "select " + ", ".join(f"count({column}), count(distinct {column})" for column in VALUES) + f" from {records}"
    ).fetchone()
    assert counted is not None
    present, distinct = counted[0::2], counted[1::2]
    return tuple(
        column
        for column, filled, values in zip(VALUES, present, distinct, strict=True)
        if filled >= least and (values > 1 or column not in ("country", "gender", "region"))
    )
