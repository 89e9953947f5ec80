"""Acme's deliveries: the same bytes for a seed and day, nothing lost between days, and the dirt that is told of."""

from __future__ import annotations

import json
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
from crm_pipeline.simulation.acme import BASE_DAYS, SEED, advance, begin
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
        always = {before, "acme.json", "truth/people.parquet", "truth/identities.parquet"}
        others = {name for name in written if day not in name} - always
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
    assert unread == {"truth/people.parquet", "truth/identities.parquet", "acme.json"}


def test_the_truth_knows_everybody_who_ordered(first: Path) -> None:
    numbers = "web_account, second_account, left_at, is_alive"
    people = duckdb.sql(f"select {numbers} from '{first}/truth/people.parquet'").fetchall()
    accounts = {line.split(";")[2] for line in rows(first, "webshop/webshop_orders_*.csv")} - {""}
    assert accounts <= {account for person in people for account in person[:2]}
    through = date(2023, 5, 16)
    assert all((left_at.date() > through) == is_alive for _, _, left_at, is_alive in people)


def test_the_truth_names_every_record_once(first: Path) -> None:
    truth = duckdb.sql(f"select source, customer_id, person from '{first}/truth/identities.parquet'").fetchall()
    known = Counter((source, number) for source, number, _ in truth)
    assert max(known.values()) == 1
    cards = {("members", json.loads(line)["card"]) for line in rows(first, "loyalty/loyalty_members_*.jsonl")}
    accounts = {("accounts", line.split(";")[0]) for line in rows(first, "webshop/webshop_accounts_*.csv")}
    numbers = {line.split(";")[0] for line in rows(first, "newsletter/newsletter_subscribers_*.csv")}
    assert set(known) == cards | accounts | {("subscribers", f"newsletter:{number}") for number in numbers}


@pytest.mark.parametrize("seed", [SEED, 1, 2])
def test_exact_keys_find_at_most_two_in_three_pairs(tmp_path: Path, seed: int) -> None:
    """E-mail address, digits of the telephone number, or name with birthday: none of them in over a quarter."""
    begin(tmp_path / "input", seed, BASE_DAYS)
    pairs = duckdb.sql(
        f"""
        with members as (
            select 'members' as source, card as id, person.name as name, person.email as email, person.phone as phone,
                cast(person.born as date) as born
            from read_json('{tmp_path}/input/loyalty/*members*.jsonl', format = 'newline_delimited')
            qualify row_number() over (partition by card order by updated_at desc) = 1
        ),
        accounts as (
            select 'accounts' as source, Kundennr as id, Name as name, "E-Mail" as email, Telefon as phone,
                cast(try_strptime(Geburtstag, '%d.%m.%Y') as date) as born
            from read_csv('{tmp_path}/input/webshop/webshop_accounts_*.csv', all_varchar = true)
        ),
        subscribers as (
            select 'subscribers', 'newsletter:' || subscriber, first_name || ' ' || last_name, email, null,
                cast(born as date)
            from read_csv('{tmp_path}/input/newsletter/newsletter_subscribers_*.csv', all_varchar = true)
        ),
        records as (
            select person, source, id, lower(name) as name, lower(email) as email, born,
                right(regexp_replace(phone, '[^0-9]', '', 'g'), 9) as phone
            from (from members union all from accounts union all from subscribers) as every_record
            inner join '{tmp_path}/input/truth/identities.parquet' as truth using (source)
            where id = truth.customer_id
        )
        select
            coalesce(l.email = r.email, false) or coalesce(l.phone = r.phone, false)
            or coalesce(l.name = r.name and l.born = r.born, false) as is_exact
        from records as l inner join records as r on l.person = r.person and (l.source, l.id) < (r.source, r.id)
        """
    ).fetchall()
    assert len(pairs) > 1_000
    assert 0.5 < sum(is_exact for (is_exact,) in pairs) / len(pairs) <= 0.7


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
