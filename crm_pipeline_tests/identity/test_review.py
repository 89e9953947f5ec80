"""`crm-pipeline review` on a tiny vault: what it shows, what it writes down, and what it says to mistakes."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
import yaml
from click.testing import CliRunner, Result

from crm_pipeline.cli import main
from crm_pipeline.identity.assignments import ASSIGNMENTS, STAGED_CUSTOMERS
from crm_pipeline.identity.decisions import FILE
from crm_pipeline_tests.identity.chain import SOURCES
from crm_pipeline_tests.kit import fill_table

STEERING = "\x1b[2J\x07\u202e"


def _write_settings(folder: Path, **identity: object) -> None:
    values = {"name": "shop", "currency": "EUR", "snapshots": {"every": "month", "first": "2024-01-01"}}
    text = yaml.safe_dump({**values, "sources": SOURCES, "identity": identity})
    (folder / "crm.yaml").write_text(text, encoding="utf-8")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project whose vault holds four records and two pairs in doubt."""
    _write_settings(tmp_path)
    (tmp_path / "warehouse").mkdir()
    with duckdb.connect(str(tmp_path / "warehouse" / "crm.duckdb")) as connection:
        connection.execute(f"attach '{tmp_path / 'warehouse' / 'vault.duckdb'}' as vault")
        fill_table(
            connection,
            STAGED_CUSTOMERS,
            f"""source, customer_id, full_name
                crm,    c1,          Ada Byron{STEERING}
                crm,    c 2,         Bob Stone
                web,    w1,          Ada Biron
                web,    c1,          Ada B""",
        )
        fill_table(
            connection,
            ASSIGNMENTS,
            """source, source_customer_id, customer_id, match_probability, match_reason, is_held
               crm,    c1,                 c1,          1,                 single,       false
               crm,    c 2,                c 2,         1,                 single,       false
               web,    w1,                 w1,          1,                 single,       false""",
        )
        connection.execute(
            "create table vault.identity.records as select * from (values ('crm/c1', 'c1'), ('crm/c 2', 'c 2'), "
            "('web/w1', 'w1'), ('web/c1', 'c1')) as r (record_id, customer_key)"
        )
        connection.execute(
            "create table vault.identity.pairs as select * from (values "
            "('crm/c1', 'web/w1', 0.6, 'probabilistic', 'last_name=close'), "
            "('crm/c 2', 'web/w1', 0.3, 'probabilistic', '')) "
            "as p (left_id, right_id, match_probability, reason, agreement)"
        )
    return tmp_path


def _review(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["review", "--project", str(folder), *arguments])


def test_shows_pairs_without_what_steers_a_terminal_until_they_are_decided_or_listed(shop: Path) -> None:
    shown = _review(shop)
    assert shown.exit_code == 0 and "60% likely one customer, two customers now" in shown.output
    assert "Ada Byron" in shown.output and "Ada Biron" in shown.output
    assert not any(character in shown.output for character in "\x1b\x07\u202e")
    assert "--accept 'crm/c 2' web/w1" in shown.output, "what is shown can be pasted into a shell"
    assert _review(shop, "--reject", "web/w1", "crm/c1").exit_code == 0
    _write_settings(shop, never=[["web/w1", "crm/c 2"]])
    assert _review(shop).output == "Nothing waits for a decision.\n"
    assert _review(shop, "--undo", "1").exit_code == 0
    assert "Ada Byron" in _review(shop).output


def test_a_record_that_has_left_since_the_run_is_shown_without_values(shop: Path) -> None:
    with duckdb.connect(str(shop / "warehouse" / "vault.duckdb")) as connection:
        connection.execute("delete from staged.staged_customers where customer_id = 'w1'")
    shown = _review(shop)
    assert shown.exit_code == 0 and "Ada Byron" in shown.output and "Ada Biron" not in shown.output


def test_decisions_are_appended_without_names_and_the_last_that_was_not_undone_counts(shop: Path) -> None:
    for arguments in (("--accept", "web/w1", "crm/c1"), ("--reject", "crm/c1", "web/w1"), ("--undo", "2")):
        assert _review(shop, *arguments).exit_code == 0
    lines = [json.loads(line) for line in (shop / FILE).read_text(encoding="utf-8").splitlines()]
    assert [(line["id"], line["action"]) for line in lines] == [(1, "accept"), (2, "reject"), (3, "undo")]
    assert "Ada" not in (shop / FILE).read_text(encoding="utf-8")
    again = _review(shop, "--accept", "crm/c1", "web/w1")
    assert again.exit_code == 2 and "decision 1 says so already" in again.output
    assert "taken back by 3" in _review(shop, "--list").output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--accept", "crm/c3", "web/w1"), "there is no record 'crm/c3'; did you mean 'crm/c1'?"),
        (("--accept", "crn/c1", "web/w1"), "'crn' is no source of customers; did you mean 'crm'?"),
        (("--accept", "c1", "w1"), "'c1' is no record; write source/key"),
        (("--reject", "crm/c1", "crm/c1"), "stands on both sides"),
        (("--reject", "crm/c1", "web/c1"), "have one key, which always means one customer"),
        (("--undo", "1"), "there is no such decision"),
        (("--undo", "1", "--list"), "at a time"),
    ],
)
def test_mistakes(shop: Path, arguments: tuple[str, ...], message: str) -> None:
    found = _review(shop, *arguments)
    assert found.exit_code == 2 and message in found.output
    assert found.output.count("\n") == 1 and not (shop / FILE).exists()


@pytest.mark.parametrize(
    "line",
    [
        "5",
        "[" * 100_000,
        '{"id": 1, "action": "undo", "undoes": [1]}',
        '{"id": 1e999, "action": "accept"}',
        '{"id": true, "action": "accept", "left": "crm/c1", "right": "web/w1"}',
        '{"id": 1, "action": ["x"]}',
        '{"id": 1, "action": "accept", "left": "crm/c1", "right": ["web/w1"]}',
        '{"id": 1, "action": "accept", "left": "gone/c1", "right": "web/w1"}',
        '{"id": 1, "action": "undo", "undoes": 7}',
        '{"id": 1, "action": "reject", "left": "crm/c1", "right": "web/c1"}',
    ],
)
def test_a_corrupt_line_is_named_and_nothing_is_added(shop: Path, line: str) -> None:
    (shop / FILE).write_text(f"\n{line}\n", encoding="utf-8")
    for arguments in ((), ("--list",), ("--accept", "crm/c1", "web/w1")):
        found = _review(shop, *arguments)
        assert found.exit_code == 2 and f"{FILE}, line 2: " in found.output
    assert (shop / FILE).read_text(encoding="utf-8") == f"\n{line}\n"


def test_a_file_that_an_editor_left_without_its_last_line_end_is_no_trap(shop: Path) -> None:
    line = '{"id": 1, "action": "accept", "left": "crm/c1", "right": "web/w1", "by": "\\u001b[31mkim"}'
    (shop / FILE).write_text(line, encoding="utf-8")
    assert _review(shop, "--reject", "crm/c 2", "web/w1").exit_code == 0
    listed = _review(shop, "--list").output
    assert "accept crm/c1 web/w1" in listed and "reject crm/c 2 web/w1" in listed and "\x1b" not in listed


def test_without_anything_matched_it_says_why(shop: Path) -> None:
    _write_settings(shop, off=True)
    assert "identity is off" in _review(shop).output and _review(shop).exit_code == 2
    _write_settings(shop)
    (shop / "warehouse" / "vault.duckdb").unlink()
    for arguments in ((), ("--accept", "crm/c1", "web/w1")):
        found = _review(shop, *arguments)
        assert found.exit_code == 2 and "no records were matched yet" in found.output
