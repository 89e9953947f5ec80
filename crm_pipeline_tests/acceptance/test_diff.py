"""`crm-pipeline diff` on a built project, and after a corrected file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crm_pipeline_tests.acceptance.commands import crm
from crm_pipeline_tests.acceptance.conftest import Built
from crm_pipeline_tests.acceptance.contents import query


def test_a_state_equals_itself(built: Built) -> None:
    ended = crm("diff", built.folder, "last", "last")
    assert ended.code == 0, ended.text
    assert "0 of " in ended.out and "tables differ, in 0 parts" in ended.out


def test_from_the_load_to_what_readers_see(built: Built) -> None:
    """The first run loads in one Dagster run and builds snapshots in the next."""
    runs = query(built.folder, "select run_id from quality.table_versions group by run_id order by max(version)")
    ended = crm("diff", built.folder, runs[0][0][:13], "last", "--json", "--select", "customer_rfm,orders")
    assert ended.code == 0, ended.text
    found = json.loads(ended.out)
    assert {(part["table"], part["rows_before"]) for part in found["parts"]} == {("customer_rfm", None)}
    assert [part["part"] for part in found["parts"]] == ["2022-05-01", "2022-06-01", "2022-07-01"]


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        (("previous", "last"), "nothing was published before the last state"),
        (("zzzz", "last"), "no run begins with 'zzzz'"),
        (("zz", "last"), "too short for a run id"),
    ],
)
def test_mistakes(built: Built, runs: tuple[str, str], message: str) -> None:
    ended = crm("diff", built.folder, *runs)
    assert ended.code == 2
    assert message in ended.err


def test_before_the_first_run(built: Built, tmp_path: Path) -> None:
    (tmp_path / "crm.yaml").write_text((built.folder / "crm.yaml").read_text())
    ended = crm("diff", tmp_path, "previous", "last")
    assert ended.code == 2
    assert "nothing is built yet; start with: crm-pipeline run" in ended.text


@pytest.mark.full
def test_a_corrected_file(project: Path) -> None:
    """The amount of a line of June doubles: one line, one order, that customer's features and some scores."""
    path = project / "order_lines.csv"
    lines = path.read_text().splitlines()
    header = [name.strip('"') for name in lines[0].split(",")]
    number = max(n for n, line in enumerate(lines) if '"2022-06-2' in line and '"two"' not in line)
    values = lines[number].split(",")
    for name in ("list_amount", "net_amount"):
        place = header.index(name)
        values[place] = f'"{2 * float(values[place].strip(chr(34))):.2f}"'
    lines[number] = ",".join(values)
    customer = values[header.index("customer_id")].strip('"')
    path.write_text("\n".join(lines) + "\n")
    ran = crm("run", project)
    assert ran.code == 0, ran.text
    ended = crm("diff", project, "previous", "last", "--json", "--customer", customer)
    assert ended.code == 0, ended.text
    found = json.loads(ended.out)
    parts = {(part["table"], part["part"]): part for part in found["parts"]}
    changed = parts["order_lines", None]
    assert changed["rows"] == {"added": 0, "removed": 0, "changed": 1, "columns": changed["rows"]["columns"]}
    assert {"net_amount", "unit_price"} & set(changed["rows"]["columns"])
    assert ("customer_rfm", "2022-06-01") not in parts  # it was not known then
    features = parts["customer_features", "2022-07-01"]
    assert "orders" in features["why"] and features["rows"]["columns"]["spend_amount"] == 1
    assert any(name.startswith("2022-07-01 customer_clv.") for name in found["customer"])
    assert not any(part["is_content_gone"] for part in found["parts"])
    assert "run" in crm("diff", project, "previous", "last").out
