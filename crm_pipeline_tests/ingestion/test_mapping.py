"""From text to typed values: what each rule rejects, and what time zones, offsets and formats mean."""

from pathlib import Path
from typing import Any

import pytest

from crm_pipeline.errors import UserError
from crm_pipeline_tests.ingestion.loading import HEADER, lines_source, project_with, staged_lines, staged_rows

VALUES = dict(zip(HEADER.split(","), ["a", "tea", "2024-01-01 10:00:00", "1", "2"], strict=True))


def only_line(folder: Path, values: dict[str, str], **settings: Any) -> dict[str, Any]:
    """The one row of a file whose values differ from a good row's."""
    return staged_lines(folder, ",".join({**VALUES, **values}.values()), **settings)[0]


@pytest.mark.parametrize(
    ("column", "text", "rule"),
    [
        ("order_id", "", "order_id is missing"),
        ("order_id", "   ", "order_id is missing"),
        ("quantity", "two", "quantity is not a number"),
        ("quantity", "1_000", "quantity is not a number"),
        ("quantity", "NaN", "quantity is not a number"),
        ("quantity", "1e400", "quantity is too large"),
        ("net_amount", "$5", "net_amount is not a number"),
        ("net_amount", "99999999999999999999", "net_amount is too large"),
        ("net_amount", "-10000000000.01", "net_amount is implausibly large"),
        ("quantity", "1000000001", "quantity is implausibly large"),
        ("ordered_at", "", "ordered_at is missing"),
        ("ordered_at", "2023-02-30 12:00:00", "ordered_at is not a date and time"),
        ("ordered_at", "2023-02-28 25:00:00", "ordered_at is not a date and time"),
        ("ordered_at", "01/02/2024", "ordered_at is not a date and time"),  # which of the two is the month?
        ("ordered_at", "1969-12-31 23:59:59", "ordered_at lies before 1970-01-01"),
        ("ordered_at", "-infinity", "ordered_at is not a date and time"),
        ("ordered_at", "2024-06-02 12:00:01", "ordered_at lies in the future"),  # loaded on 1 June at noon
        ("ordered_at", "epoch", "ordered_at is not a date and time"),
        (
            "ordered_at",
            "2024-01-05 10:00 Europe/Berlin",
            "ordered_at is not a date and time",
        ),
    ],
)
def test_rejects_what_breaks_a_rule(tmp_path: Path, column: str, text: str, rule: str) -> None:
    row = only_line(tmp_path, {column: text})
    assert (row["verdict"], row["rule"]) == ("rejected", rule)


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        ("order_id", " 007 ", "007"),
        ("quantity", "1e3", "1000.000"),
        ("quantity", "-2.5", "-2.500"),
        ("net_amount", "0.12345", "0.1235"),  # rounded to the type
        ("net_amount", "10000000000", "10000000000.0000"),
        ("ordered_at", "2024-01-31", "2024-01-31 00:00:00"),
        ("ordered_at", "2024-06-02 12:00:00", "2024-06-02 12:00:00"),  # a day of grace for clocks and zones
    ],
)
def test_accepts_and_types(tmp_path: Path, column: str, text: str, value: str) -> None:
    row = only_line(tmp_path, {column: text})
    assert (row["verdict"], str(row[column])) == ("clean", value)


@pytest.mark.parametrize(
    ("text", "ordered_at"),
    [
        ("2024-01-01 02:00:00", "2023-12-31 21:00:00"),  # in the source's zone, UTC
        ("2024-01-01T02:00:00Z", "2023-12-31 21:00:00"),
        ("2024-01-01 02:00:00+05:30", "2023-12-31 15:30:00"),
        ("2024-01-01 02:00:00.25-0500", "2024-01-01 02:00:00.250000"),
        ("2024-01-01T02:00+01", "2023-12-31 20:00:00"),
        ("2024-07-01 02:00:00", "2024-06-30 22:00:00"),  # summer time: four hours
    ],
)
def test_times_move_from_the_source_zone_or_their_offset_to_the_project_zone(
    tmp_path: Path, text: str, ordered_at: str
) -> None:
    row = only_line(
        tmp_path, {"ordered_at": text}, sources={"lines": lines_source(time_zone="UTC")}, time_zone="America/New_York"
    )
    assert str(row["ordered_at"]) == ordered_at
    assert row["known_at"] == row["ordered_at"]


@pytest.mark.parametrize(
    ("written", "text", "ordered_at"),
    [
        ("%d/%m/%Y %H:%M", "31/12/2023 10:00", "2023-12-31 05:00:00"),
        ("%d/%m/%Y %H:%M", "12/31/2023 10:00", None),
        ("%Y-%m-%dT%H:%M:%S%z", "2024-01-01T02:00:00+0500", "2023-12-31 16:00:00"),
    ],
)
def test_a_format_says_how_times_are_written(tmp_path: Path, written: str, text: str, ordered_at: str | None) -> None:
    columns = {"ordered_at": {"column": "ordered_at", "format": written}}
    row = only_line(
        tmp_path,
        {"ordered_at": text},
        sources={"lines": lines_source(time_zone="UTC", columns=columns)},
        time_zone="America/New_York",
    )
    assert row["ordered_at"] is None if ordered_at is None else str(row["ordered_at"]) == ordered_at
    assert row["rule"] == (None if ordered_at else "ordered_at is not a date and time")


def test_expressions_and_attributes_read_source_columns(tmp_path: Path) -> None:
    people = {
        "entity": "customers",
        "path": "people.csv",
        "columns": {"customer_id": {"sql": "'c' || id"}, "region": "where", "age": {"sql": "age::integer + 1"}},
    }
    files = {"lines.csv": f"{HEADER}\n{','.join(VALUES.values())}\n", "people.csv": "id,where,age\n1,north,30\n2,,x\n"}
    project = project_with(tmp_path, files, sources={"lines": lines_source(), "people": people})
    rows = staged_rows(project, "customers")
    assert [(row["customer_id"], row["attributes"]) for row in rows] == [
        ("c1", {"region": "north", "age": "31"}),
        ("c2", {"region": None, "age": None}),  # a cast that fails is a missing value
    ]


def test_rules_of_the_project_and_of_the_entity_hold_for_every_row(tmp_path: Path) -> None:
    rules = {"more than a pallet": "quantity <= 100"}
    campaigns = {
        "entity": "campaigns",
        "path": "campaigns.csv",
        "columns": {name: name for name in ("campaign_id", "started_at", "ended_at")},
    }
    files = {
        "lines.csv": f"{HEADER}\na,tea,2024-01-01,100,2\nb,tea,2024-01-01,101,2\n",
        "campaigns.csv": "campaign_id,started_at,ended_at\nx,2024-01-02,2024-01-01\ny,2024-01-02,\n",
    }
    project = project_with(tmp_path, files, sources={"lines": lines_source(rules=rules), "campaigns": campaigns})
    assert [row["rule"] for row in staged_rows(project)] == [None, "more than a pallet"]
    assert [row["rule"] for row in staged_rows(project, "campaigns")] == ["ended_at lies before started_at", None]


def test_without_an_amount_it_is_quantity_times_price_less_the_discount(tmp_path: Path) -> None:
    columns = {"order_id": "id", "product_id": "sku", "ordered_at": "day", "quantity": "n", "unit_price": "price"}
    priced = {"entity": "order_lines", "path": "lines.csv", "columns": columns | {"discount_amount": "off"}}
    lines = [
        "1,tea,2024-01-01,3,1.15,0.45",
        "1,jam,2024-01-01,-1,2.5,",
        "1,ham,2024-01-01,1,,",
        "1,egg,2024-01-01,x,1,",
    ]
    huge = "1,gem,2024-01-01,1000000000,1000000000,"
    rows = staged_lines(tmp_path, *lines, huge, header="id,sku,day,n,price,off", sources={"lines": priced})
    assert [(str(row["net_amount"]), row["rule"]) for row in rows] == [
        ("3.0000", None),
        ("-2.5000", None),
        ("None", "unit_price is missing"),
        ("None", "quantity is not a number"),
        ("None", "net_amount is not a number"),  # it has more digits than the type
    ]


def test_rows_for_other_entities_are_left_out_and_never_rejected(tmp_path: Path) -> None:
    lines = ["S,a,tea,2024-01-01,1,2", "P,,tea,,,", "S,b,tea,never,1,2", "S,b,tea,2024-01-01,1,2", "broken", ",,,,,"]
    rows = staged_lines(tmp_path, *lines, header=f"kind,{HEADER}", sources={"lines": lines_source(where="kind = 'S'")})
    assert [(row["position"], row["verdict"], row["rule"]) for row in rows] == [
        (-6, "rejected", "line cannot be read: too few fields"),
        (1, "clean", None),
        (2, "left_out", None),
        (3, "rejected", "ordered_at is not a date and time"),
        (4, "clean", None),
        (5, "left_out", None),  # it does not say what it is
    ]


def test_a_row_on_which_where_fails_is_rejected_and_one_that_says_nothing_is_left_out(tmp_path: Path) -> None:
    where = "kind = 'S' and amount::int > 0"
    lines = [f"{kind},{amount},a,tea,2024-01-01,1,2" for kind in "SP" for amount in ("1", "0", "12,5", "", "1e99")]
    lines = [line.replace("12,5", '"12,5"') for line in lines]
    rows = staged_lines(tmp_path, *lines, header=f"kind,amount,{HEADER}", sources={"lines": lines_source(where=where)})
    failed = ("rejected", "where cannot be judged")
    left_out = ("left_out", None)
    assert [(row["verdict"], row["rule"]) for row in rows] == [
        ("clean", None), left_out, failed, left_out, failed,
        *[left_out] * 5,  # for another entity, whatever the amount
    ]  # fmt: skip


def test_a_text_that_stands_for_nothing_does_not_make_where_fail(tmp_path: Path) -> None:
    where = "strptime(seen, '%Y-%m-%d') > '2024-01-01'::date and n::double::int > 0"
    lines = [f"{seen},{n},a,tea,2024-01-01,1,2" for seen in ("2024-02-01", "N/A", " ", "soon") for n in ("1.0", "N/A")]
    source = lines_source(where=where, read={"nulls": ["N/A"]})
    rows = staged_lines(tmp_path, *lines, header=f"seen,n,{HEADER}", sources={"lines": source})
    left_out = ["left_out"] * 5
    assert [row["verdict"] for row in rows] == ["clean", *left_out, "rejected", "rejected"]


def test_where_must_be_a_predicate_on_columns_that_the_file_has(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"sources\.lines\.where: 'quantity \+ 1' is a number or text, not boolean"):
        staged_lines(tmp_path, sources={"lines": lines_source(where="quantity + 1")})
    with pytest.raises(UserError, match="kind"):
        staged_lines(tmp_path, "a,tea,2024-01-01,1,2", sources={"lines": lines_source(where="kind = 'S'")})


def known_at(folder: Path, header: str, line: str, **settings: Any) -> str:
    source = lines_source(**settings)
    return str(staged_lines(folder, line, header=header, sources={"lines": source})[0]["known_at"])


def test_a_row_is_known_from_its_own_time_or_from_what_the_source_says(tmp_path: Path) -> None:
    line, mapped = ",".join(VALUES.values()), {"columns": {"known_at": "seen"}}
    assert known_at(tmp_path, HEADER, line) == "2024-01-01 10:00:00"
    assert known_at(tmp_path, HEADER + ",seen", line + ",2024-01-03", **mapped) == "2024-01-03 00:00:00"
    # nothing can be known before it happens
    assert known_at(tmp_path, HEADER + ",seen", line + ",2023-12-01", **mapped) == "2024-01-01 10:00:00"
    assert known_at(tmp_path, HEADER + ",seen", line + ",", **mapped) == "2024-01-01 10:00:00"


def test_static_rows_were_always_known_and_others_without_a_time_since_they_were_loaded(tmp_path: Path) -> None:
    products = {"entity": "products", "path": "p.csv", "columns": {"product_id": "id"}}
    files = {"lines.csv": f"{HEADER}\n{','.join(VALUES.values())}\n", "p.csv": "id\np1\n"}
    for static, expected in ((True, "1970-01-01 00:00:00"), (False, "None")):
        sources = {"lines": lines_source(), "products": {**products, "static": static}}
        rows = staged_rows(project_with(tmp_path, files, sources=sources), "products")
        assert [str(row["known_at"]) for row in rows] == [expected]
        assert [str(row["loaded_at"]) for row in rows] == ["2024-06-01 12:00:00"]


def test_a_cast_in_a_rule_that_fails_rejects_its_row_only(tmp_path: Path) -> None:
    sources = {"lines": lines_source(rules={"product numbers are positive": "product_id::integer > 0"})}
    lines = ["a,7,2024-01-01,1,2", "b,tea,2024-01-01,1,2"]
    rows = staged_lines(tmp_path, *lines, sources=sources)
    assert [row["rule"] for row in rows] == [None, "product numbers are positive"]


def test_a_line_type_is_one_of_the_known_ones(tmp_path: Path) -> None:
    kinds = {"line_type": {"sql": "case product_id when 'tea' then 'Shipping' else 'fee' end"}}
    row = only_line(tmp_path, {}, sources={"lines": lines_source(columns=kinds)})
    assert (row["verdict"], row["rule"].split(" of ")[0]) == ("rejected", "line_type is none")


def test_customer_keys_tell_number_spaces_apart_and_what_names_nobody_is_an_attribute(tmp_path: Path) -> None:
    columns = {"customer_id": "id", "city": "town", "street": "street"}
    own = {"entity": "customers", "path": "people.csv", "customer_keys": "post", "columns": columns}
    files = {
        "lines.csv": f"{HEADER}\n{','.join(VALUES.values())}\n",
        "people.csv": "id,town,street\n17,Ulm,Weg 1\n,Bonn,\n",
    }
    rows = staged_rows(project_with(tmp_path, files, sources={"lines": lines_source(), "own": own}), "customers")
    assert [(row["customer_id"], row["street"], row["attributes"], row["verdict"]) for row in rows] == [
        ("post:17", "Weg 1", {"city": "Ulm"}, "clean"),
        (None, None, {"city": "Bonn"}, "rejected"),
    ]
