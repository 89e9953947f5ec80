"""Loads by deltas: whatever happened to the files, the tables equal those of a clean rebuild, hash for hash."""

import signal
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_pipeline.pipeline import all_tables
from crm_pipeline.project import Project
from crm_pipeline.warehouse.connection import Warehouse
from crm_pipeline.warehouse.ledger import Ledger
from crm_pipeline.warehouse.row_hashes import hash_rows
from crm_pipeline_tests.ingestion.day_by_day import FEW, HEADERS, TABLES, hashes, load, shop, write

FIRST = {
    "lines0": "l1,o1,ada,tea,2024-01-01,,1,2\nl2,o1,ada,jam,2024-01-01,,2,3\nl3,o2,bob,tea,2024-01-02,,1,2\n",
    "orders0": "x1,ada,2024-01-05,9\nx2,cyd,2024-01-06,7\n",
    "people0": "ada,2023-01-01,gold\nbob,,\n",
}


def table_hashes(project: Project, name: str) -> tuple[str, str, dict, dict]:
    """Content hash in the ledger and of the rows, and the hashes per day in the ledger and of the rows."""
    table = all_tables()[name]
    with Warehouse(project).connect("vault" if table.is_in_vault else "live") as connection:
        ledger = Ledger(connection)
        kept = ledger.row_hashes(table)
        assert kept is not None
        days = "select known_date, row_count, hash_sum, hash_xor from quality.day_hashes where table_name = ?"
        before = set(connection.execute(days, [name]).fetchall())
        if table.is_event_table and not table.is_in_vault:
            ledger.replace_day_hashes(table)
        after = set(connection.execute(days, [name]).fetchall())
        return kept.content_hash, hash_rows(connection, table, table.qualified_name).content_hash, before, after


def assert_equals_a_clean_rebuild(project: Project, found: dict[str, str]) -> None:
    """Load what the files are now into another warehouse, and compare every table and what the ledger says of it."""
    with TemporaryDirectory() as other:
        places = [project.folder, *(project.landed_folder(name) for name in project.extractions)]
        paths = sorted(path for place in places for path in place.glob("*.csv"))
        files = {path.stem: path.read_text().partition("\n")[2] for path in paths}
        assert hashes(load(shop(Path(other), files), [*found, "source_files"])) == found
    for name in found:
        kept, real, days, real_days = table_hashes(project, name)
        assert (kept, days) == (real, real_days) and kept == found[name], name


def renewed(project: Project, tables: Collection[str] = FEW) -> dict[str, bool]:
    """Load; per renewed table whether it was by a delta. What it holds then equals a clean rebuild."""
    outcomes = load(project, tables)
    assert_equals_a_clean_rebuild(project, hashes(outcomes))
    return {name: outcome.is_delta for name, outcome in outcomes.items() if outcome.built}


DELTAS = ("staged_order_lines", "order_lines", "orders", "customers", "customer_identity")


def test_a_new_file_adds_its_rows(tmp_path: Path) -> None:
    project = shop(tmp_path, FIRST)
    load(project, TABLES)
    write(project, {"lines1": "l4,o3,dan,tea,2024-01-03,,1,2\nl5,o1,ada,tea,2024-01-04,,-1,-2\n"})
    found = renewed(project, TABLES)
    assert {name for name, is_delta in found.items() if is_delta} == set(DELTAS)
    assert {name for name, is_delta in found.items() if not is_delta} <= {
        "source_files",
        "rejected_rows",
        "returned_lines",
    }


def test_the_same_files_again_change_nothing(tmp_path: Path) -> None:
    project = shop(tmp_path, FIRST)
    load(project)
    write(project, FIRST)
    assert renewed(project) == {}


def test_a_corrected_file_replaces_its_rows(tmp_path: Path) -> None:
    project = shop(tmp_path, FIRST)
    load(project)
    write(project, {"lines0": "l1,o1,ada,tea,2024-01-01,,1,2\nl2,o1,eve,jam,2024-01-01,,2,3\n"})
    assert renewed(project)["order_lines"]


def test_a_row_comes_back_when_the_earlier_one_of_its_key_goes(tmp_path: Path) -> None:
    project = shop(tmp_path, {**FIRST, "lines1": "l1,o1,ada,tea,2024-01-01,,1,2\nl2,o1,ada,jam,2024-01-01,,9,9\n"})
    load(project)
    write(project, {"lines0": "l7,o7,ada,tea,2024-01-01,,1,2\n"})
    assert renewed(project)["staged_order_lines"]
    with Warehouse(project).connect("vault") as connection:
        sql = "select order_line_id, verdict from staged.staged_order_lines order by all"
        assert connection.execute(sql).fetchall() == [("l1", "clean"), ("l2", "clean"), ("l7", "clean")]


def test_an_earlier_row_of_a_key_takes_the_place_of_a_later_one(tmp_path: Path) -> None:
    project = shop(tmp_path, FIRST)
    load(project)
    write(project, {"lines1": "l3,o2,bob,tea,2023-12-31,,1,2\n"})
    assert renewed(project)["order_lines"]
    with Warehouse(project).connect() as connection:
        sql = "select ordered_at::date::varchar from cleaned.order_lines where order_line_id = 'l3'"
        assert connection.execute(sql).fetchall() == [("2023-12-31",)]


def test_lines_follow_the_orders_that_they_are_joined_to(tmp_path: Path) -> None:
    project = shop(tmp_path, {**FIRST, "items0": "x1,tea,1,4\nx3,jam,1,5\n"})
    load(project)
    write(project, {"orders0": "x1,eve,2024-02-05,9\nx3,fay,2024-02-06,7\n"})
    assert renewed(project)["staged_order_lines"]


def test_a_newer_version_of_a_row_takes_the_place_of_the_older(tmp_path: Path) -> None:
    project = shop(
        tmp_path, {**FIRST, "db0": "l1,o1,ada,tea,2024-01-01,,1,5,k1,1\nl9,o9,ada,tea,2024-01-01,,1,5,k9,1\n"}
    )
    load(project)
    write(project, {"db1": "l9,o9,ada,tea,2024-01-01,,1,x,k9,2\nl8,o8,ada,tea,2024-01-01,,1,7,k8,1\n"})
    assert renewed(project)["order_lines"]
    with Warehouse(project).connect("vault") as connection:
        sql = (
            "select source_key, source_version, verdict from staged.staged_order_lines where source = 'db' order by all"
        )
        assert connection.execute(sql).fetchall() == [
            ("k1", 1, "clean"),
            ("k8", 1, "clean"),
            ("k9", 1, "duplicate"),
            ("k9", 2, "rejected"),
        ]


def test_a_reader_that_missed_some_loads_follows_the_log(tmp_path: Path) -> None:
    project = shop(tmp_path, FIRST)
    load(project)
    for number in range(1, 4):
        write(project, {f"lines{number}": f"m{number},p{number},ada,tea,2024-01-0{number},,1,2\n"})
        load(project, ("source_files", "staged_order_lines"))
    assert renewed(project)["order_lines"]


def test_a_failing_check_leaves_the_table_and_its_log_alone(tmp_path: Path) -> None:
    from dataclasses import replace

    from crm_pipeline.pipeline import Pipeline, SqlRecipe
    from crm_pipeline.warehouse.materialize import materialize

    project = shop(tmp_path, FIRST)
    load(project)
    before = table_hashes(project, "order_lines")
    write(project, {"lines1": "l4,o3,dan,tea,2024-01-03,,1,2\n"})
    pipeline = Pipeline(project)
    for name in ("source_files", "staged_order_lines"):
        materialize(pipeline.warehouse, pipeline.recipes[name], [None], run_id="run")
    recipe = pipeline.recipes["order_lines"]
    assert isinstance(recipe, SqlRecipe)
    strict = replace(
        recipe, transform=replace(recipe.transform, table=replace(recipe.table, rules=("order_id <> 'o3'",)))
    )
    outcome = materialize(pipeline.warehouse, strict, [None], run_id="strict")
    assert [result.name for result in outcome.blocked] == ["order_id <> 'o3'"]
    assert table_hashes(project, "order_lines") == before
    with pipeline.warehouse.connect() as connection:
        sql = "select count(*) from quality.check_results where run_id = 'strict' and status = 'failed'"
        assert connection.execute(sql).fetchall() == [(1,)]
        assert connection.execute("select count(*) from cleaned.order_lines").fetchall() == [(3,)]
    assert materialize(pipeline.warehouse, recipe, [None], run_id="again").is_delta


KILLED = """
import os, signal, sys
from pathlib import Path
from crm_pipeline.warehouse import incremental
from crm_pipeline_tests.ingestion.day_by_day import FEW, load, shop

log = incremental.log_changes

def die(connection, table, *rest):
    log(connection, table, *rest)
    if table.name == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)

incremental.log_changes = die
load(shop(Path(sys.argv[1]), dict.fromkeys(("lines0", "orders0", "people0")), rewrite=False), FEW)
"""


@pytest.mark.parametrize("name", ["staged_order_lines", "order_lines"])
def test_a_process_killed_inside_a_delta_leaves_the_table_as_it_was(tmp_path: Path, name: str) -> None:
    project = shop(tmp_path, FIRST)
    load(project)
    before = table_hashes(project, name)
    write(project, {"lines0": "l1,o1,ada,tea,2024-01-01,,1,2\n", "lines1": "l4,o3,dan,tea,2024-01-03,,1,2\n"})
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), name], check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert table_hashes(project, name) == before
    assert renewed(project)["order_lines"]


def test_many_changes_are_built_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm_pipeline.warehouse.delta.ALWAYS_SMALL", 1)
    project = shop(tmp_path, FIRST)
    load(project)
    write(project, {"lines1": "l4,o3,dan,tea,2024-01-03,,1,2\nl5,o3,dan,tea,2024-01-03,,1,2\n"})
    assert not any(renewed(project).values())


DAYS = st.sampled_from(["2024-01-01", "2024-01-02", "2024-02-01", "soon"])
LATER = st.sampled_from(["", "2024-01-03", "2024-02-02"])
CUSTOMERS = st.sampled_from(["ada", "bob", "cyd", ""])
PRODUCTS = st.sampled_from(["tea", "jam"])
ORDERS = st.sampled_from(["o1", "o2", "o3"])
AMOUNTS = st.sampled_from(["1", "2", "-1", "x"])
CAMPAIGNS = st.sampled_from(["c1", "c2"])
CELLS = {
    "lines": (st.sampled_from(["l1", "l2", "l3"]), ORDERS, CUSTOMERS, PRODUCTS, DAYS, LATER, AMOUNTS, AMOUNTS),
    "orders": (ORDERS, CUSTOMERS, DAYS, AMOUNTS),
    "items": (ORDERS, PRODUCTS, AMOUNTS, AMOUNTS),
    "people": (CUSTOMERS, LATER, st.sampled_from(["gold", "new", ""])),
    "products": (PRODUCTS, st.sampled_from(["Tea", "Jam", ""])),
    "campaigns": (CAMPAIGNS, DAYS),
    "contacts": (CAMPAIGNS, CUSTOMERS, DAYS, st.sampled_from(["mail", ""])),
}
CELLS["till"] = CELLS["lines"]
CELLS["db"] = (*CELLS["lines"], st.sampled_from(["k1", "k2"]), st.sampled_from(["1", "2", "3"]))


def rows_of(source: str) -> st.SearchStrategy[str]:
    """The rows of one file."""
    record = st.tuples(*CELLS[source]).map(",".join)
    return st.lists(record, max_size=5).map(lambda rows: "".join(f"{row}\n" for row in rows))


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, str]]:
    """What the files are at first, and what is written on later days: new files and corrected ones."""
    first = {f"{source}0": draw(rows_of(source)) for source in HEADERS}
    first["lines0"] += "l0,o1,ada,tea,2024-01-01,,1,2\n"  # a source without any row is a mistake that is told
    first["till0"] += "t0,o2,bob,tea,2024-01-01,,1,2\n"
    first["db0"] += "d0,o2,bob,tea,2024-01-01,,1,2,k0,1\n"
    first["orders0"] += "o0,ada,2024-01-01,5\n"
    first["items0"] += "o0,tea,1,1\n"
    names = st.sampled_from([f"{source}{number}" for source in HEADERS for number in (1, 2, 3)])
    later = []
    for _ in range(draw(st.integers(1, 3))):
        changed = draw(st.lists(names, min_size=1, max_size=3, unique=True))
        later.append({name: draw(rows_of(name[:-1])) for name in changed})
    return [first, *later]


def follow(history: list[dict[str, str]], tables: Collection[str]) -> None:
    """Load day by day; in the end every table equals a clean rebuild."""
    with TemporaryDirectory() as folder:
        project = shop(Path(folder), history[0])
        outcomes = load(project, tables)
        for day in history[1:]:
            write(project, day)
            outcomes = load(project, tables)
        assert_equals_a_clean_rebuild(project, hashes(outcomes))


@settings(max_examples=4, deadline=None)
@given(history=histories())
def test_any_history_of_files_ends_in_what_a_clean_rebuild_gives(history: list[dict[str, str]]) -> None:
    follow(history, FEW)


@pytest.mark.full
@settings(max_examples=8, deadline=None)
@given(history=histories())
def test_many_histories_of_files_end_in_what_a_clean_rebuild_gives(history: list[dict[str, str]]) -> None:
    follow(history, TABLES)
