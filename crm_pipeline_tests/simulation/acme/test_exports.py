"""Acme's deliveries: the same bytes for a seed and day, nothing lost between days, and the dirt that is told of."""

from __future__ import annotations

from collections import Counter
from datetime import date
from fnmatch import fnmatch
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner
from python_calamine import load_workbook

from crm_pipeline.errors import UserError
from crm_pipeline.project import load_project
from crm_pipeline.simulation.acme import SEED, advance, begin
from crm_pipeline.simulation.acme.__main__ import main

DAYS = 136
"""To 16 May 2023, so that the first delivery ends within a month."""

PROJECT = Path(__file__).parents[3] / "data" / "acme"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A first delivery. Not to be changed."""
    folder = tmp_path_factory.mktemp("acme") / "input"
    begin(folder, SEED, DAYS)
    return folder


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[list[str]]]:
    """A first delivery of four days less and then four next days, with the files that each of those wrote."""
    folder = tmp_path_factory.mktemp("acme") / "input"
    begin(folder, SEED, DAYS - 4)
    return folder, [advance(folder)[1] for _ in range(4)]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rows(folder: Path, pattern: str) -> Counter[str]:
    """The lines of text files, or the rows of Parquet files and workbooks, without headers."""
    found: Counter[str] = Counter()
    for path in sorted(folder.glob(pattern)):
        if path.suffix == ".xlsx":
            found.update(repr(row) for row in load_workbook(str(path)).get_sheet_by_index(0).to_python()[2:])
        elif path.suffix == ".parquet":
            found.update(repr(row) for row in duckdb.sql(f"select * from '{path}'").fetchall())
        else:
            lines = path.read_text(encoding="utf-8").splitlines()
            found.update(lines if path.suffix == ".jsonl" else lines[1:])
    return found


def test_the_same_seed_and_day_give_the_same_bytes(first: Path, tmp_path: Path) -> None:
    begin(tmp_path / "again", SEED, DAYS)
    assert contents(tmp_path / "again") == contents(first)
    begin(tmp_path / "again", SEED + 1, DAYS)
    assert rows(tmp_path / "again", "tills/*") != rows(first, "tills/*")


@pytest.mark.parametrize("pattern", ["webshop/*", "tills/*", "loyalty/*", "newsletter/*", "service/*", "catalogue/*"])
def test_next_days_bring_what_one_long_delivery_would(
    first: Path, later: tuple[Path, list[list[str]]], pattern: str
) -> None:
    assert rows(later[0], pattern) == rows(first, pattern)
    assert len(list(later[0].glob(pattern))) >= len(list(first.glob(pattern)))


def test_a_next_day_writes_its_own_files_and_mends_the_former_days(later: tuple[Path, list[list[str]]]) -> None:
    days = [f"2023-05-{number}" for number in (13, 14, 15, 16)]
    before = "webshop/webshop_orders_2023-05.csv"
    for day, written in zip(days, later[1], strict=True):
        assert f"webshop/webshop_orders_{day}.csv" in written and before in written
        others = {name for name in written if day not in name} - {before, "acme.json", "truth/people.parquet"}
        assert others == set(), "files of earlier days stay as they are"
        before = f"webshop/webshop_orders_{day}.csv"


def test_only_the_newest_order_file_breaks_off(later: tuple[Path, list[list[str]]]) -> None:
    files = sorted((later[0] / "webshop").glob("webshop_orders_*.csv"))
    newest = files.pop(files.index(later[0] / "webshop" / "webshop_orders_2023-05-16.csv"))
    assert newest.read_text(encoding="utf-8").splitlines()[-1].count(";") == 3
    for path in files:
        assert {line.count(";") for line in path.read_text(encoding="utf-8").splitlines()} == {9}, path.name


def test_dirt_of_every_kind_is_there(first: Path) -> None:
    lines = [line.split(";") for line in rows(first, "webshop/webshop_orders_*.csv").elements()]
    whole = [line for line in lines if len(line) == 10]
    assert any(line[5] == "zwei" for line in whole), "a number typed as a word"
    assert any(line[9].startswith("31.02.") for line in whole), "a day that is none"
    assert max(Counter(map(tuple, whole)).values()) == 2, "a line twice"
    assert any(not line[2] for line in whole), "an order without an account"
    assert any(line[3].startswith("ac") for line in whole), "a card typed in lower case"
    late = duckdb.sql(
        f"select count(*) from '{first}/tills/*.parquet' where sent_at > sold_at + interval 1 day"
    ).fetchall()
    misread = duckdb.sql(f"select count(*) from '{first}/tills/*.parquet' where length(card) < 8").fetchall()
    assert late[0][0] > 0 and misread[0][0] > 0


def test_the_card_links_shop_and_tills(first: Path) -> None:
    tills = {row[0] for row in duckdb.sql(f"select distinct card from '{first}/tills/*.parquet'").fetchall()}
    web = {line.split(";")[3] for line in rows(first, "webshop/webshop_orders_*.csv")} - {""}
    assert len(tills & web) >= 10


def test_no_source_reads_the_truth_and_every_other_file_has_one(first: Path) -> None:
    patterns = [source.path.removeprefix("input/") for source in load_project(PROJECT).sources.values()]
    unread = {name for name in contents(first) if not any(fnmatch(name, pattern) for pattern in patterns)}
    assert unread == {"truth/people.parquet", "acme.json"}


def test_the_truth_knows_everybody_who_ordered(first: Path) -> None:
    people = duckdb.sql(f"select web_account, card, left_at, is_alive from '{first}/truth/people.parquet'").fetchall()
    accounts = {line.split(";")[2] for line in rows(first, "webshop/webshop_orders_*.csv")} - {""}
    assert accounts <= {person[0] for person in people}
    through = date(2023, 5, 16)
    assert all((left_at.date() > through) == is_alive for _, _, left_at, is_alive in people)


def test_mistakes_are_one_message(tmp_path: Path, first: Path) -> None:
    (tmp_path / "mine.txt").write_text("not Acme's")
    for options, message in [
        (["--out", str(tmp_path)], "holds other files"),
        (["--out", str(tmp_path / "new"), "--next-day"], "make a first delivery without --next-day"),
        (["--out", str(tmp_path / "new"), "--days", "0"], "choose between 1 and"),
        (["--out", str(first), "--next-day", "--days", "9"], "without --days and --seed"),
    ]:
        result = CliRunner().invoke(main, options)
        assert result.exit_code == 2 and message in result.stderr and "Traceback" not in result.output
    assert (tmp_path / "mine.txt").read_text() == "not Acme's"


def test_the_story_ends(tmp_path: Path) -> None:
    begin(tmp_path / "input", SEED, 731)
    with pytest.raises(UserError, match="the story ends on 2024-12-31"):
        advance(tmp_path / "input")
