"""SQL expressions that bring texts, names, dates and addresses into one form."""

from __future__ import annotations

from crm_pipeline.models.identity.sql import literals
from crm_pipeline.models.identity.vocabulary import (
    FEMALE,
    LEGAL_FORMS,
    MALE,
    NO_NAME,
    PARTICLES,
    STREET_WORDS,
    TITLES,
)

ASCII_FUNCTION = "identity_ascii"
"""The name under which `to_ascii` is known to the connection while records are normalised."""


def words(value: str) -> str:
    """Lower-case Latin words, one space between them; null where nothing is left."""
    latin = f"case when regexp_matches({value}, '[^\\x01-\\x7F]') then {ASCII_FUNCTION}({value}) else {value} end"
    joined = f"regexp_replace(lower({latin}), '[''`.]', '', 'g')"
    return f"nullif(trim(regexp_replace({joined}, '[^a-z0-9]+', ' ', 'g')), '')"


def person_name(value: str) -> str:
    """Words of a name without titles."""
    return f"nullif(trim(regexp_replace({words(value)}, '^(({TITLES})( |$))+', '')), '')"


def is_no_name(value: str) -> str:
    """Whether a normalised name stands for the lack of one: a filler word, or no letter, or one letter repeated."""
    filler = f"{value} in ({literals(NO_NAME)}) or not regexp_matches({value}, '[a-z]')"
    return f"({filler} or (length({value}) > 2 and replace({value}, left({value}, 1), '') = ''))"


def split_name(full: str, latin: str) -> tuple[str, str]:
    """First and last name of a full one: `last, first`, else the last word with its particles is the last name.

    Args:
        full: SQL of the name as written.
        latin: SQL of the name as words.
    """
    comma = f"regexp_matches({full}, '^[^,]+,[^,]+$')"
    last = f"regexp_extract({latin}, '((^| )(({PARTICLES}) )*[^ ]+)$', 1)"
    whole = f"not contains({latin}, ' ')"
    before, after = (person_name(f"split_part({full}, chr(44), {part})") for part in (1, 2))
    surname = f"case when {comma} then {before} when {whole} then {latin} else trim({last}) end"
    given = (
        f"case when {comma} then {after} when {whole} then null "
        f"else nullif(trim(left({latin}, length({latin}) - length({last}))), '') end"
    )
    return given, surname


def digits_of_date(value: str, month_first: bool) -> str:
    """A date as eight digits, year first; impossible ones are kept, for a typing error leaves seven digits right.

    Args:
        month_first: 3/4/1990 is in March.
    """
    parts = f"regexp_extract_all({value}, '[0-9]+')"
    first, second, third = (f"lpad({parts}[{place}], {width}, '0')" for place, width in ((1, 2), (2, 2), (3, 4)))
    year_first = f"{parts}[1] || lpad({parts}[2], 2, '0') || lpad({parts}[3], 2, '0')"
    month = f"{first} <= '12'" if month_first else f"{first} <= '12' and {second} > '12'"
    slashed = f"(contains({value}, '/') and {month})"
    named = " ".join(
        f"when try_strptime({value}, '{form}') is not null then strftime(try_strptime({value}, '{form}'), '%Y%m%d')"
        for form in ("%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y")
    )
    return f"""case
        when regexp_matches({value}, '^(1[89]|2)[0-9]+$') and length({value}) = 8 then {value}
        when regexp_matches({value}, '^[0-9]{{4}}(1[89]|20)[0-9]{{2}}$') then
            right({value}, 4) || substr({value}, 3, 2) || left({value}, 2)
        when regexp_matches({value}, '^[0-9]{{8}}$') then {value}
        when regexp_matches({value}, '^[0-9]{{4}}[-./][0-9]{{1,2}}[-./][0-9]{{1,2}}') then {year_first}
        when regexp_matches({value}, '^[0-9]{{1,2}}[-./ ][0-9]{{1,2}}[-./ ][0-9]{{4}}') then
            case when {slashed} then {third} || {first} || {second} else {third} || {second} || {first} end
        {named}
    end"""


def street_name(value: str) -> str:
    """Words of a street with the common words for `street` in one form."""
    short = value
    for long, abbreviation in STREET_WORDS.items():
        short = f"regexp_replace({short}, '\\b{long}\\b', '{abbreviation}', 'g')"
    return f"regexp_replace(regexp_replace({short}, '(strasse|straat)$', 'str'), '([a-z]{{3}}) str$', '\\1str')"


def company_name(value: str) -> str:
    """Words of an organisation without its legal form, unless nothing else is left."""
    bare = f"trim(regexp_replace(regexp_replace({value}, '^the ', ''), '( (and|und|et|y|({LEGAL_FORMS})))+$', ''))"
    return f"coalesce(nullif({bare}, ''), {value})"


def gender_code(value: str) -> str:
    """`f`, `m`, or the word as it stands."""
    female, male = literals(FEMALE), literals(MALE)
    return f"case when {value} in ({female}) then 'f' when {value} in ({male}) then 'm' else {value} end"
