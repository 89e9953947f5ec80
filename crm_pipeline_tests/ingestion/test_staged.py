"""Judging rows: clean, rejected or duplicate; every row read is exactly one of them."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.ingestion.all_rejected import FEWEST_ROWS
from crm_pipeline_tests.ingestion.loading import HEADER, lines_source, project_with, staged_lines, staged_rows

WITH_IDS = {"order_line_id": "id", "known_at": "seen"}
ID_HEADER = "id,seen," + HEADER


def verdicts(folder: Path, *lines: str) -> list[tuple[str, str | None]]:
    """Verdict and rule per line: id and known_at, the rest constant but the amount."""
    text = [f"{line.rsplit(',', 1)[0]},o,tea,2024-01-01,1,{line.rsplit(',', 1)[1]}" for line in lines]
    sources = {"lines": lines_source(columns=WITH_IDS)}
    return [(row["verdict"], row["rule"]) for row in staged_lines(folder, *text, header=ID_HEADER, sources=sources)]


REPEATED = "its key belongs to an earlier row with other values"


def test_the_same_event_again_is_a_duplicate(tmp_path: Path) -> None:
    assert verdicts(tmp_path, "l1,2024-01-02,5", "l1,2024-01-02,5", "l2,2024-01-02,5") == [
        ("clean", None),
        ("duplicate", None),
        ("clean", None),
    ]


def test_an_event_with_the_same_key_and_other_values_is_rejected(tmp_path: Path) -> None:
    assert verdicts(tmp_path, "l1,2024-01-02,5", "l1,2024-01-02,6") == [("clean", None), ("rejected", REPEATED)]


def test_what_was_known_first_stays_whatever_comes_later(tmp_path: Path) -> None:
    assert verdicts(tmp_path, "l1,2024-01-09,6", "l1,2024-01-02,5", "l1,2024-01-05,5") == [
        ("rejected", REPEATED),
        ("clean", None),
        ("duplicate", None),
    ]


def test_rejected_rows_claim_no_key(tmp_path: Path) -> None:
    assert verdicts(tmp_path, "l1,2024-01-02,many", "l1,2024-01-03,5") == [
        ("rejected", "net_amount is not a number"),
        ("clean", None),
    ]


def test_a_line_without_an_identifier_gets_a_digest_of_its_content(tmp_path: Path) -> None:
    rows = staged_lines(tmp_path, "o,tea,2024-01-01,1,2", "o,tea,2024-01-01,1,2", "o,tea,2024-01-01,1,3")
    assert [row["verdict"] for row in rows] == ["clean", "duplicate", "clean"]
    assert rows[0]["order_line_id"] == rows[1]["order_line_id"] != rows[2]["order_line_id"]


def test_of_things_without_a_time_the_newest_description_stays(tmp_path: Path) -> None:
    products = {"entity": "products", "path": "p*.csv", "columns": {"product_id": "id", "name": "name"}}
    files = {
        "lines.csv": f"{HEADER}\no,tea,2024-01-01,1,2\n",
        "p1.csv": "id,name\np,tea\nq,jam\n",
        "p2.csv": "id,name\np,green tea\n",
    }
    project = project_with(tmp_path, files, sources={"lines": lines_source(), "products": products})
    assert [(row["name"], row["verdict"]) for row in staged_rows(project, "products")] == [
        ("tea", "duplicate"),
        ("jam", "clean"),
        ("green tea", "clean"),
    ]


def test_what_sources_say_about_customers_adds_up_and_keeps_its_history(tmp_path: Path) -> None:
    columns = {"customer_id": "id", "tier": "tier"}
    people = {"entity": "customers", "path": "people.csv", "columns": {**columns, "known_at": "since"}}
    club = {"entity": "customers", "path": "club*.csv", "columns": columns}
    files = {
        "lines.csv": f"{HEADER}\no,tea,2024-01-01,1,2\n",
        "people.csv": "id,tier,since\nada,silver,2023-01-01\nada,gold,2024-01-01\nada,gold,2024-01-01\n",
        "club1.csv": "id,tier\nada,new\n",
        "club2.csv": "id,tier\nada,old\n",
    }
    sources = {"lines": lines_source(), "people": people, "club": club}
    rows = staged_rows(project_with(tmp_path, files, sources=sources), "customers")
    assert [(row["source"], row["attributes"]["tier"], row["verdict"]) for row in rows] == [
        ("club", "new", "duplicate"),
        ("club", "old", "clean"),  # no times: the newest file
        ("people", "silver", "clean"),
        ("people", "gold", "duplicate"),
        ("people", "gold", "clean"),
    ]


def test_keys_are_unique_over_all_sources_of_an_entity(tmp_path: Path) -> None:
    files = {"a.csv": f"{HEADER}\no,tea,2024-01-01,1,2\n", "b.csv": f"{HEADER}\no,tea,2024-01-01,1,2\n"}
    sources = {"second": lines_source("a.csv"), "first": lines_source("b.csv")}
    rows = staged_rows(project_with(tmp_path, files, sources=sources))
    assert [(row["source"], row["verdict"]) for row in rows] == [("first", "clean"), ("second", "duplicate")]


CELLS = (
    st.sampled_from(["o1", "o2", "", "  ", '"q ""x"", y"']),
    st.sampled_from(["tea", "jam", ""]),
    st.sampled_from(["2024-01-01", "2024-02-30", "2024-01-01T10:00:00Z", "1960-01-01", "soon", ""]),
    st.sampled_from(["1", "-1", "two", "", "1e9", "NaN"]),
    st.sampled_from(["2", "2.50", "-3", "$", ""]),
)
RECORDS = st.tuples(*CELLS).map(",".join)
BROKEN = st.sampled_from(["alone", "o1,tea,2024-01-01,1,2,9", '"o1"x,tea,2024-01-01,1,2', "#,;"])


@settings(max_examples=25)
@given(lines=st.lists(RECORDS | BROKEN, min_size=1, max_size=FEWEST_ROWS - 1))  # more that are all bad are an error
def test_every_line_read_is_clean_rejected_or_duplicate(lines: list[str]) -> None:
    with TemporaryDirectory() as folder:
        rows = staged_lines(Path(folder), *lines)
    assert len(rows) == len(lines)
    assert len({row["position"] for row in rows}) == len(lines)
    assert all((row["verdict"] == "rejected") == (row["rule"] is not None) for row in rows)
    clean = [row["order_line_id"] for row in rows if row["verdict"] == "clean"]
    assert len(set(clean)) == len(clean)
    # a duplicate says nothing that a clean row does not say
    assert {row["order_line_id"] for row in rows if row["verdict"] == "duplicate"} <= set(clean)
