"""Records in one form, and values that identify no one taken out, each with a counted reason."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pyarrow as pa
from duckdb.func import FunctionNullHandling, PythonUDFType

from crm_pipeline.models.identity import normalise_text as text
from crm_pipeline.models.identity.normalise_values import Judged, judge_email, judge_phone, known_region, to_ascii
from crm_pipeline.models.identity.settings import INPUT_COLUMNS, KEYS, NORMALISED_COLUMNS, BadValues, IdentitySettings
from crm_pipeline.models.identity.sql import columns_of, keep, literal, literals, rows
from crm_pipeline.models.identity.vocabulary import PLACEHOLDER_DATES

_MONTH_FIRST = ("US", "PH", "PR")
_REASONS = ("first_name", "last_name", "email", "phone", "birth_date", "organisation")


def normalise(
    connection: duckdb.DuckDBPyConnection, records: str, target: str, settings: IdentitySettings | None = None
) -> tuple[BadValues, ...]:
    """Write the records in one form to a temporary table: a function of each row by itself.

    Args:
        records: a table or view with the keys of `INPUT_COLUMNS` and any of its other columns, all text.
        target: gets `NORMALISED_COLUMNS`.

    Returns: what was taken out, by column and reason.
    """
    settings = settings or IdentitySettings()
    connection.create_function(
        text.ASCII_FUNCTION,
        _ascii_array,
        ["VARCHAR"],
        "VARCHAR",
        type=PythonUDFType.ARROW,
        null_handling=FunctionNullHandling.SPECIAL,
    )
    try:
        _present(connection, records)
        _judge_emails(connection)
        _judge_phones(connection, settings)
        connection.execute(f"create or replace temp table identity_worded as {_worded()}")
        connection.execute(f"create or replace temp table identity_judged as {_judged(settings)}")
    finally:
        connection.remove_function(text.ASCII_FUNCTION)
    connection.execute(
        f"create or replace temp table {target} as "
        f"select {', '.join(NORMALISED_COLUMNS)} from identity_judged order by record_id"
    )
    counted = tuple(bad for column in _REASONS for bad in _bad_values(connection, column))
    for name in ("present", "worded", "judged", "emails", "phones"):
        connection.execute(f"drop table temp.identity_{name}")
    return counted


def _ascii_array(values: pa.Array) -> pa.Array:
    return pa.array(to_ascii(values.to_pylist()), type=pa.string())


def _present(connection: duckdb.DuckDBPyConnection, records: str) -> None:
    """The records with every column that there might be; empty texts are null."""
    known = columns_of(connection, records)
    chosen = [
        f"nullif(trim(cast({column} as varchar)), '') as {column}" if column in known else f"null::varchar as {column}"
        for column in INPUT_COLUMNS
        if column not in KEYS
    ]
    connection.execute(
        "create or replace temp table identity_present as select record_id::varchar as record_id, "
        f"source::varchar as source, known_at::timestamp as known_at, {', '.join(chosen)} from {records}"
    )


def _judge_emails(connection: duckdb.DuckDBPyConnection) -> None:
    _judge_distinct(
        connection, "emails", "select distinct email as value, null::varchar as country", lambda v, _: judge_email(v)
    )


def _judge_phones(connection: duckdb.DuckDBPyConnection, settings: IdentitySettings) -> None:
    regions: dict[str | None, str | None] = {}

    def judge(value: str, country: str | None) -> Judged:
        if country not in regions:
            regions[country] = known_region(country) or known_region(settings.country)
        return judge_phone(value, regions[country])

    _judge_distinct(connection, "phones", "select distinct phone as value, country", judge)


def _judge_distinct(
    connection: duckdb.DuckDBPyConnection, name: str, query: str, judge: Callable[[str, str | None], Judged]
) -> None:
    """Judge each distinct value (and country) once; `identity_<name>`: value, country, normalised, reason."""
    column = "email" if name == "emails" else "phone"
    distinct = rows(connection, f"{query} from identity_present where {column} is not null")
    values = [str(value) for value, _ in distinct]
    countries = [None if country is None else str(country) for _, country in distinct]
    judged = [judge(value, country) for value, country in zip(values, countries, strict=True)]
    table: dict[str, object] = {
        "value": pa.array(values, pa.string()),
        "country": pa.array(countries, pa.string()),
        "normalised": pa.array([value for value, _ in judged], pa.string()),
        "reason": pa.array([reason for _, reason in judged], pa.string()),
    }
    keep(connection, f"identity_{name}", table)


def _worded() -> str:
    """Every text column as words, beside what was written."""
    return f"""
        select
            present.record_id, present.source, present.known_at, present.full_name, present.birth_date, present.country,
            {text.person_name("full_name")} as full_words,
            {text.person_name("first_name")} as first_words,
            {text.person_name("last_name")} as last_words,
            {text.words("street")} as street_words,
            {text.words("house_number")} as number_words,
            {text.words("address_2")} as second_words,
            {text.words("city")} as city,
            {text.words("region")} as region,
            {text.words("present.country")} as country_words,
            {text.words("gender")} as gender_words,
            {text.words("organisation")} as organisation_words,
            nullif(replace({text.words("postcode")}, ' ', ''), '') as postcode,
            emails.normalised as email, emails.reason as email_reason,
            phones.normalised as phone, phones.reason as phone_reason
        from identity_present as present
        left join identity_emails as emails on present.email = emails.value
        left join identity_phones as phones
            on present.phone = phones.value and present.country is not distinct from phones.country"""


def _judged(settings: IdentitySettings) -> str:
    """Names split, dates and addresses in one form, and what identifies no one turned into a reason."""
    given, surname = text.split_name("full_name", "full_words")
    date = text.digits_of_date("birth_date", (settings.country or "").upper() in _MONTH_FIRST)
    leading, trailing = "^([0-9]+ ?[a-z]?) ([a-z].*)$", "^(.*[a-z]{2,}.*?) ([0-9]+ ?[a-z]?)$"
    return f"""
        with split as (
            select
                *,
                coalesce(first_words, case when last_words is null then {given} end) as given,
                coalesce(last_words, case when first_words is null then {surname} end) as surname,
                {date} as digits,
                {text.company_name("organisation_words")} as company,
                case when number_words is not null then street_words
                    when regexp_matches(street_words, '{leading}') then regexp_extract(street_words, '{leading}', 2)
                    when regexp_matches(street_words, '{trailing}') then regexp_extract(street_words, '{trailing}', 1)
                    else street_words end as street_only,
                coalesce(
                    number_words,
                    nullif(regexp_extract(street_words, '{leading}', 1), ''),
                    nullif(regexp_extract(street_words, '{trailing}', 2), '')
                ) as number_only
            from identity_worded
        )

        select
            record_id, source, known_at, email, email_reason, phone, phone_reason, region,
            case when not {text.is_no_name("given")} then given end as first_name,
            case when {text.is_no_name("given")} then 'filler_word' end as first_name_reason,
            case when not {text.is_no_name("surname")} then surname end as last_name,
            case when {text.is_no_name("surname")} then 'filler_word' end as last_name_reason,
            case when digits not in ({literals(PLACEHOLDER_DATES)}) then digits end as birth_date,
            case
                when birth_date is not null and digits is null then 'not_a_date'
                when digits in ({literals(PLACEHOLDER_DATES)}) then 'placeholder_date'
            end as birth_date_reason,
            case when not {text.is_no_name("street_only")} then {text.street_name("street_only")} end as street,
            nullif(replace(number_only, ' ', ''), '0') as house_number,
            case when second_words not in ({literals(("na", "n a", "none", "null", "unknown"))})
                then {text.street_name("second_words")} end as address_2,
            case when replace(postcode, left(postcode, 1), '') <> '' then postcode end as postcode,
            case when not {text.is_no_name("city")} then city end as city,
            coalesce(country_words, {literal((settings.country or "").lower())}) as country_or_default,
            nullif(country_or_default, '') as country,
            {text.gender_code("gender_words")} as gender,
            case when not {text.is_no_name("company")} then company end as organisation,
            case when {text.is_no_name("company")} then 'filler_word' end as organisation_reason
        from split"""


def _bad_values(connection: duckdb.DuckDBPyConnection, column: str) -> list[BadValues]:
    """Reasons of one column that occurred."""
    found = rows(
        connection,
        f"select {column}_reason, count(*) from identity_judged where {column}_reason is not null "
        "group by all order by all",
    )
    return [BadValues(column, str(reason), int(str(count))) for reason, count in found]
