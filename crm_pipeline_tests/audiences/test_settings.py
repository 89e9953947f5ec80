"""`audiences` in crm.yaml: each mistake with its line and what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_pipeline.errors import UserError
from crm_pipeline_tests.test_project import GOOD, load


@pytest.mark.parametrize(
    ("audience", "says"),
    [
        ("{}", "exactly one of `segment`, `where` and `query`"),
        ("{segment: at risk, where: clv > 1}", "exactly one of `segment`, `where` and `query`"),
        ("{segmnt: at risk}", "unknown key; did you mean 'segment'?"),
        ("{where: clv > sum(clv)}", "sum"),
        ("{where: clvv > 1}", "clvv"),
        ("{query: select 1 as n}", "no column customer_id"),
        ("{query: select customer_id from ordes}", "ordes"),
        ("{query: drop table orders}", "begins with select"),
        ("{query: 'select customer_id from orders; select 1'}", "expected one query"),
        ("{query: select customer_id from orders where known_at < $day}", "$day is not known"),
        ("{query: \"select * from read_csv('/etc/passwd')\"}", "does not run"),
        ("{query: 'select customer_id, 1 as audience from customers'}", "column audience of its own"),
        (
            "{query: 'select customer_id, list(product_id) as bought from order_lines group by 1'}",
            "bought is of the type",
        ),
        ("{query: 'select customer_id, {a: 1} as part from customers'}", "part is of the type STRUCT(a INTEGER)"),
        ("{query: 'select customer_id, map {1: 2} as pairs from customers'}", "pairs is of the type MAP"),
        ("{query: 'select customer_id, known_at - ordered_at as lag from orders'}", "lag is of the type INTERVAL"),
        ("{query: select customer_id from main.audience_members}", "expected audience_members alone"),
        ("{segment: at risk, columns: [clw]}", "did you mean 'clv'"),
        ("{segment: at risk, columns: [customer_id]}", "exported anyway"),
        ("{segment: at risk, control_share: 1}", "below 1"),
        ("{segment: at risk, path: 'x_{day}.csv'}", "{day} is not known"),
        ("{segment: at risk, format: table}", "needs `url`"),
        ("{segment: at risk, table: x}", "go with format: table"),
        ("{segment: at risk, format: table, url: 'postgresql://shop:secret@host/db'}", "passwords are not written"),
        ("{segment: at risk, format: table, url: '${URL}', table: a;b}", "name of a table"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, audience: str, says: str) -> None:
    with pytest.raises(UserError) as error:
        load(tmp_path, GOOD + f"audiences:\n  them: {audience}\n")
    text = str(error.value)
    assert says in text and "crm.yaml, line 19:" in text and "audiences.them" in text, text
    assert "secret" not in text.replace("secrets", "")


def test_names_are_those_of_files_and_segments_are_clear(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"line 19: audiences\.Win back: expected lower-case"):
        load(tmp_path, GOOD + "audiences:\n  Win back: {segment: lost}\n")
    both = GOOD + "segments: {custom: {lost: order_count_90d = 0}}\naudiences:\n  them: {segment: lost}\n"
    with pytest.raises(UserError, match=r"audiences\.them\.segment: 'lost' is an RFM segment and one of"):
        load(tmp_path, both)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("out/them.csv", "out/them.csv"),
        ("out/{snapshot}.csv", "./out/{snapshot}.csv"),
        ("out/{snapshot}.csv", "out/2024-02-01.csv"),
        ("out/b.csv", "out/{audience}.csv"),
        ("warehouse/audiences/b/{snapshot}.csv", None),  # the default of b
    ],
)
def test_two_audiences_do_not_write_one_file(tmp_path: Path, one: str, other: str | None) -> None:
    path = f", path: '{other}'" if other else ""
    text = GOOD + f"audiences:\n  a: {{segment: lost, path: '{one}'}}\n  b: {{segment: at risk{path}}}\n"
    with pytest.raises(UserError, match=r"audiences\.b\.path: the same file as that of audiences\.a"):
        load(tmp_path, text)
    apart = text.replace("'out/", "'{audience}/").replace("warehouse/audiences/b", "warehouse/audiences/a")
    assert set(load(tmp_path, apart).audiences) == {"a", "b"}


def test_the_salt_is_the_name_unless_stated(tmp_path: Path) -> None:
    project = load(tmp_path, GOOD + "audiences: {a: {segment: lost}, b: {segment: lost, salt: spring}}\n")
    assert [item.salt_of(name) for name, item in project.audiences.items()] == ["a", "spring"]
