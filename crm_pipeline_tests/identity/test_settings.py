"""`identity` of crm.yaml: each mistake is one sentence with its file and line."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from crm_pipeline.errors import UserError
from crm_pipeline.identity.settings import listed_pairs
from crm_pipeline.project import load_project
from crm_pipeline_tests.identity.chain import SOURCES

BASE = yaml.safe_dump(
    {"name": "shop", "currency": "EUR", "snapshots": {"every": "month", "first": "2024-01-01"}, "sources": SOURCES}
)
FIRST = BASE.count("\n") + 2
"""The line of the first setting."""
PAIRS = "expected pairs of records, such as [[accounts/W20027, members/AC001007]]"


def _pairs(folder: Path, text: str) -> dict[str, tuple[tuple[str, str], ...]]:
    lines = "".join(f"  {line}\n" for line in text.split("\n"))
    (folder / "crm.yaml").write_text(f"{BASE}identity:\n{lines}", encoding="utf-8")
    project = load_project(folder)
    return dict(listed_pairs(project.identity, folder, project.sources_of("customers")))


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("unti: person", 0, "identity.unti: unknown key; did you mean 'unit'?"),
        ("unit: dog", 0, "identity.unit: expected 'person', 'household' or 'organisation', found 'dog'"),
        ("unit: person\noff: 3", 1, "identity.off: expected true or false"),
        ("precision_goal: 1", 0, "identity.precision_goal: expected a number below 1"),
        ("survivorship: {emial: longest}", 0, "did you mean 'email'?"),
        ("survivorship: {email: source_priority}", 0, "source_priority needs identity.source_priority"),
        ("source_priority: [cm]", 0, "'cm' is no source of customers; did you mean 'crm'?"),
        ("always: [crm/c1, web/w1]", 0, f"identity.always: {PAIRS}"),
        ("always: [[crm/c1]]", 0, f"identity.always: {PAIRS}"),
        ("never: 5", 0, f"identity.never: {PAIRS}"),
        ("never: ''", 0, f"identity.never: {PAIRS}"),
        ("always: [[crm/c1, wbe/w1]]", 0, "'wbe' is no source of customers; did you mean 'web'?"),
        ("never: [[crm/c1, web/c1]]", 0, "crm/c1 and web/c1 have one key, which always means one customer"),
        ("always: [[crm/c1, web/w1]]\nnever: [[web/w1, crm/c1]]", 1, "stand in identity.always as well"),
    ],
)
def test_mistakes_in_crm_yaml(tmp_path: Path, text: str, line: int, message: str) -> None:
    with pytest.raises(UserError) as found:
        _pairs(tmp_path, text)
    assert str(found.value).startswith(f"{tmp_path / 'crm.yaml'}, line {FIRST + line}: ")
    assert message in str(found.value) and "\n" not in str(found.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("left,right\ncrm/c1;web/w1\n", "line 2: expected two records, source/key,source/key; found 1 values"),
        ("crm/c1,wbe/w1\n", "line 1: 'wbe/w1': 'wbe' is no source of customers; did you mean 'web'?"),
        ("left,right\n\ncrm/c2,crm/c2\n", "line 3: 'crm/c2' stands on both sides"),
        ("crm/c2,web/c2\n", "line 1: crm/c2 and web/c2 have one key, which always means one customer"),
        ("left,right\nweb/w1,crm/c1\n", "line 2: 'web/w1' and 'crm/c1' stand in identity.always as well"),
    ],
)
def test_mistakes_in_a_csv_file(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "never.csv").write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as found:
        _pairs(tmp_path, "always: [[crm/c1, web/w1]]\nnever: never.csv")
    assert str(found.value).startswith(f"{tmp_path / 'never.csv'}, {message}")


def test_lists_and_files_give_the_same_pairs(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"never\.csv: not there; identity\.never of crm\.yaml names it"):
        _pairs(tmp_path, "never: never.csv")
    (tmp_path / "never.csv").write_text("\ufeffleft,right\r\ncrm/c1, web/w1\r\n\r\n", encoding="utf-8")
    expected = {"always": (), "never": (("crm/c1", "web/w1"),)}
    assert _pairs(tmp_path, "never: never.csv") == expected == _pairs(tmp_path, "never: [[crm/c1, web/w1]]")
