"""The text of a proposed crm.yaml: what is rendered reads back as it was."""

from datetime import date
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from crm_pipeline.onboarding.proposal import Proposal, ProposedColumn, ProposedSource
from crm_pipeline.onboarding.render import render, text_of
from crm_pipeline.yaml_lines import load_with_lines

VALUES = st.recursive(
    st.text(max_size=20) | st.integers() | st.booleans() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=3),
    max_leaves=5,
)


@given(VALUES)
def test_every_value_reads_back_as_it_was(value: Any) -> None:
    text = text_of({"key": value})
    assert YAML(typ="safe").load(text) == {"key": value}


def proposal() -> Proposal:
    source = ProposedSource("lines", "order_lines", "a b.csv", "a b.csv", 3, read={"decimal": ","})
    source.columns = [
        ProposedColumn("order_id", "No."),
        ProposedColumn("ordered_at", {"column": "Date: day", "format": "%d.%m.%Y"}, "the day comes first?"),
        ProposedColumn("yes", "no"),
    ]
    source.missing = {"product_id": "The product's identifier."}
    source.unused = ["two\nlines: x"]
    settings: dict[str, tuple[Any, str]] = {
        "currency": ("EUR", ""),
        "snapshots": ({"first": date(2024, 1, 1)}, "a guess"),
    }
    return Proposal("shop", settings, [source], unknown=[("notes.csv", ["a", "b"])])


def test_doubts_stand_beside_their_lines_and_in_the_list(tmp_path: Path) -> None:
    text = render(proposal())
    (tmp_path / "crm.yaml").write_text(text)
    values, lines = load_with_lines(tmp_path / "crm.yaml")
    assert values["sources"]["lines"]["columns"] == {
        "order_id": "No.",
        "ordered_at": {"column": "Date: day", "format": "%d.%m.%Y"},
        "yes": "no",
    }
    shown = text.splitlines()
    assert shown[lines["sources", "lines", "columns", "ordered_at"] - 1].endswith("# ? the day comes first?")
    assert "      # ? product_id: needed, and nothing found for it (The product's identifier)" in shown
    assert "  # ? notes.csv fits no entity; its columns: a, b" in shown
    assert proposal().doubts == [
        "snapshots: a guess",
        "lines.ordered_at: the day comes first?",
        "lines.product_id: nothing found for it; needed",
        "notes.csv: fits no entity",
    ]
