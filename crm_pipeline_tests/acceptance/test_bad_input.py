"""Every mistake ends in one message that says what, where and what to do; the last good tables stay as they were."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from crm_pipeline_tests.acceptance.commands import Ended, crm, crm_process
from crm_pipeline_tests.acceptance.contents import ledger_hashes, query, row_hashes
from crm_pipeline_tests.acceptance.shops import replace_in

LINES = "order_lines.csv"
USER, FAILURE = 2, 1


def assert_one_message(ended: Ended, code: int, *says: str) -> None:
    """One message for people on the error stream, with all that it has to say."""
    __tracebackhide__ = True
    assert ended.code == code, f"exit code {ended.code} instead of {code}: {ended.text}"
    assert "Traceback" not in ended.text and "nanobind" not in ended.text
    assert len(re.findall("^(crm-pipeline|Error): ", ended.err, re.MULTILINE)) == 1, ended.err
    text = " ".join(ended.err.split())
    for part in says:
        assert part in text, f"{part!r} is not said in: {text}"


def append(name: str, text: str) -> Callable[[Path], object]:
    """Add a line to a file of the project."""
    return lambda folder: (folder / name).write_text((folder / name).read_text() + text + "\n")


def edit(old: str, new: str, name: str = "crm.yaml") -> Callable[[Path], object]:
    """Replace text in a file of the project."""
    return lambda folder: replace_in(folder / name, old, new)


def write(name: str, content: bytes) -> Callable[[Path], object]:
    """Replace a file of the project."""
    return lambda folder: (folder / name).write_bytes(content)


def keep_header(folder: Path) -> None:
    """Take every row out of the order lines."""
    (folder / LINES).write_text((folder / LINES).read_text().splitlines()[0] + "\n")


def copy_lines_to(name: str) -> Callable[[Path], object]:
    """The order lines under another name."""
    return lambda folder: ((folder / LINES).rename(folder / name), replace_in(folder / "crm.yaml", LINES, name))


def garbage_lines(name: str) -> Callable[[Path], object]:
    """Bytes that mean nothing instead of the order lines."""
    noise = bytes(range(256)) * 64

    def spoil(folder: Path) -> None:
        copy_lines_to(name)(folder)
        (folder / name).write_bytes(noise)

    return spoil


def nothing(folder: Path) -> None:
    """The project is fine; the command is not."""


@dataclass(frozen=True)
class Mistake:
    """What is done to a good project, the command, and what its message must say."""

    name: str
    spoil: Callable[[Path], object]
    says: tuple[str, ...]
    command: tuple[str, ...] = ("run",)
    code: int = USER
    options: tuple[str, ...] = field(default=())


MISTAKES = (
    Mistake("no project", lambda f: (f / "crm.yaml").unlink(), ("no project at", "crm.yaml", "--project")),
    Mistake("not YAML", append("crm.yaml", "churn: [1"), ("crm.yaml, line", "not valid YAML")),
    Mistake("not text", write("crm.yaml", b"\xff\xfe\x00name"), ("crm.yaml", "not a readable YAML file")),
    Mistake("empty settings", write("crm.yaml", b""), ("crm.yaml", "expected a mapping", "sources")),
    Mistake("a key twice", append("crm.yaml", "currency: USD"), ("crm.yaml, line", "currency")),
    Mistake(
        "unknown key",
        edit("currency:", "curency:"),
        ("crm.yaml, line 2: curency: unknown key; did you mean 'currency'?",),
    ),
    Mistake(
        "unknown key of a source",
        edit("static: true", "statik: true"),
        ("crm.yaml, line", "sources.catalogue.statik: unknown key; did you mean 'static'?"),
    ),
    Mistake(
        "unknown entity",
        edit("entity: order_lines", "entity: order_line"),
        ("crm.yaml, line", "sources.lines.entity", "'order_line' is not an entity; did you mean 'order_lines'?"),
    ),
    Mistake(
        "wrong type", edit("horizon_days: 90", "horizon_days: soon"), ("crm.yaml, line", "clv.horizon_days", "soon")
    ),
    Mistake(
        "unknown time zone", edit("Europe/Berlin", "Europe/Berlinn"), ("time_zone", "did you mean 'Europe/Berlin'?")
    ),
    Mistake(
        "unknown column of the customer model",
        edit("      quantity: quantity", "      quantitty: quantity"),
        ("sources.lines.columns", "no column 'quantitty'", "did you mean 'quantity'?"),
    ),
    Mistake(
        "required column left out",
        edit("      quantity: quantity\n", ""),
        ("sources.lines.columns", "order_lines needs the column 'quantity'"),
    ),
    Mistake(
        "column not in the file",
        edit("      quantity: quantity", "      quantity: quantty"),
        (LINES, "sources.lines.columns.quantity", "'quantty'", "did you mean 'quantity'?"),
    ),
    Mistake(
        "expression that is none",
        edit('"list_amount::decimal(18,2) - net_amount::decimal(18,2)"', '"list_amount -"'),
        ("sources.lines.columns.discount_amount",),
    ),
    Mistake(
        "package not installed",
        edit("path: products.csv", "path: products.csv\n    package: no_such_package"),
        ("crm.yaml: sources.catalogue", "'no_such_package' is not installed"),
    ),
    Mistake(
        "missing file",
        lambda f: (f / LINES).unlink(),
        ("crm.yaml: sources.lines: no file matches 'order_lines.csv'", "put the file there or correct `path`"),
    ),
    Mistake("empty file", write(LINES, b""), (LINES, "the file is empty", "'lines'")),
    Mistake("header without rows", keep_header, ("sources.lines: the files hold no rows", "expected order_lines")),
    Mistake("wrong file type", copy_lines_to("order_lines.docx"), ("order_lines.docx", "file type '.docx'", "CSV")),
    Mistake("text as Parquet", copy_lines_to("order_lines.parquet"), ("order_lines.parquet: cannot be read",)),
    Mistake("garbage as CSV", garbage_lines("noise.csv"), ("noise.csv",)),
    Mistake("garbage as Parquet", garbage_lines("noise.parquet"), ("noise.parquet: cannot be read",)),
    Mistake("garbage as JSON", garbage_lines("noise.json"), ("noise.json",)),
    Mistake("garbage as gzip", garbage_lines("noise.csv.gz"), ("noise.csv.gz: cannot be read",)),
    Mistake(
        "unknown snapshot",
        nothing,
        ("snapshot 2022-06-02: it is no snapshot date; did you mean '2022-06-01'?",),
        options=("--snapshot", "2022-06-02"),
    ),
    Mistake(
        "future snapshot",
        edit("{dates: [2022-05-01, 2022-06-01, 2022-07-01]}", "{every: month, first: 2022-05-01}"),
        ("snapshot 2999-05-01: its day has not begun yet",),
        options=("--snapshot", "2999-05-01"),
    ),
    Mistake(
        "a day that some months lack",
        edit("{dates: [2022-05-01, 2022-06-01, 2022-07-01]}", "{every: month, first: 2022-05-31}"),
        ("crm.yaml, line 6: snapshots.first: a monthly series without `last` begins on day 1 to 28",),
    ),
    Mistake("not a date", nothing, ("'1 May' is not a date", "2017-12-02"), options=("--snapshot", "1 May")),
    Mistake(
        "unknown table",
        nothing,
        ("--select customer_rmf", "did you mean 'customer_rfm'?"),
        options=("--select", "customer_rmf"),
    ),
    Mistake("table in capitals", nothing, ("did you mean 'customer_rfm'?",), options=("--select", "CUSTOMER_RFM")),
    Mistake("no table selected", nothing, ("--select names no table; leave it out",), options=("--select", " , ")),
    Mistake(
        "range backwards",
        nothing,
        ("--to 2022-05-01 lies before --from 2022-06-01",),
        command=("backfill",),
        options=("--from", "2022-06-01", "--to", "2022-05-01"),
    ),
    Mistake(
        "range without snapshot",
        nothing,
        ("no snapshot date from 2022-05-02 to 2022-05-03", "begins 2022-05-01"),
        command=("backfill",),
        options=("--from", "2022-05-02", "--to", "2022-05-03"),
    ),
    Mistake("no such option", nothing, ("No such option", "--snapshots"), options=("--snapshots", "2022-05-01")),
    *(
        Mistake(
            f"{name} is no database",
            write(f"warehouse/{name}", b"not a database " * 500),
            (name, "cannot be opened as a DuckDB file", "restore it from a backup or move it away"),
            code=FAILURE,
            options=("--force", "--select", "customer_rfm") if name == "published.duckdb" else (),
        )
        for name in ("crm.duckdb", "vault.duckdb", "published.duckdb")
    ),
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_is_explained_and_changes_nothing(project: Path, mistake: Mistake) -> None:
    spoilt = [name for name in ("crm.duckdb", "vault.duckdb") if name in mistake.name]
    before = ledger_hashes(project)
    mistake.spoil(project)
    ended = crm(mistake.command[0], project, *mistake.options)
    assert_one_message(ended, mistake.code, *mistake.says)
    if not spoilt:
        assert ledger_hashes(project) == before
        assert row_hashes(project) == before


def test_values_that_cannot_be_read_are_rejected_one_by_one(project: Path) -> None:
    """A corrected export with three bad lines: the run succeeds, and says which lines it left out and why."""
    before = query(project, "select count(*) from cleaned.order_lines")[0][0]
    path = project / LINES
    header, *lines = path.read_text().splitlines()
    names = [name.strip('"') for name in header.split(",")]
    good = next(line for line in lines if '"two"' not in line and "-02-30" not in line and ',"",' not in line)

    def spoilt(number: int, **values: str) -> str:
        fields = dict(zip(names, good.split(","), strict=True)) | {"order_line_id": f'"bad-{number}"'} | values
        return ",".join(fields.values())

    lines += [
        spoilt(1, quantity='"a dozen"'),
        spoilt(2, ordered_at='"1822-03-01 10:00:00"'),
        spoilt(3, ordered_at='"2999-03-01 10:00:00"'),
        "more,values,than,the,ten,columns,of,this,file,can,hold",
    ]
    path.write_text("\n".join([header, *lines]) + "\n")
    ended = crm("run", project, "--select", "+rejected_rows,order_lines")
    assert ended.code == 0, ended.text
    found = query(project, "select position, rule from quality.rejected_rows order by position desc limit 3")
    count = len(lines)
    assert found == [
        (count - 1, "ordered_at lies in the future"),
        (count - 2, "ordered_at lies before 1970-01-01"),
        (count - 3, "quantity is not a number"),
    ]
    (broken,) = query(project, "select position, rule from quality.rejected_rows where position < 0")
    assert broken[0] == -(count + 1) and "line cannot be read" in broken[1]
    assert query(project, "select count(*) from cleaned.order_lines")[0][0] == before


def test_orders_that_are_rejected_as_a_whole_replace_nothing(project: Path) -> None:
    """Amounts with a decimal comma: said where it happens, not by the table far behind that is left without rows."""
    before = row_hashes(project)
    edit("net_amount: net_amount", "net_amount: {sql: \"replace(net_amount, '.', ',')\"}")(project)
    ended = crm("run", project)
    why = ("sources.lines: all ", " rows of order_lines are rejected: net_amount is not a number (")
    assert_one_message(ended, USER, *why, "the first is record 1 of order_lines.csv", "the last good tables stay")
    assert row_hashes(project) == before


def test_a_source_that_is_mostly_rejected_is_named_beside_what_fails(project: Path) -> None:
    """Nine amounts in ten are none: nothing is replaced, unless the project puts up with it; then status says so."""
    half = "net_amount: {sql: \"case when order_line_id like '%1' then net_amount else 'n/a' end\"}"
    before = row_hashes(project)
    edit("net_amount: net_amount", half)(project)
    ended = crm("run", project, "--select", "+orders")
    assert_one_message(ended, USER, "rows of order_lines are rejected: net_amount is not a number", "largest_rejected")
    assert row_hashes(project) == before
    edit("entity: order_lines", "entity: order_lines\n    largest_rejected_share: 0.95")(project)
    assert crm("run", project, "--select", "+orders").code == 0
    assert re.search(
        r"lines: [\d,]+ of [\d,]+ rows are rejected, [\d,]+ of them because net_amount is not a number",
        crm("status", project).text,
    )


def test_a_snapshot_before_the_first_order_is_told(project: Path) -> None:
    before = row_hashes(project)
    edit("{dates: [2022-05-01, ", "{dates: [2021-05-01, 2021-06-01, 2022-05-01, ")(project)
    ended = crm("run", project)
    says = ("snapshot 2021-05-01 (and 1 more): no customer has an order before it; the first is of 2022-01-0",)
    assert_one_message(ended, USER, *says, "Begin the series later: `snapshots` in")
    assert row_hashes(project) == before


def test_a_dry_run_names_the_snapshots_that_a_run_would_build(project: Path) -> None:
    """The files reach to the end of June: what a snapshot in September would build is not said."""
    edit("{dates: [2022-05-01, 2022-06-01, 2022-07-01]}", "{dates: [2022-05-01, 2022-06-01, 2022-09-01]}")(project)
    said = crm("run", project, "--dry-run").out
    assert "2022-09-01" not in said.split("Waiting: ")[0], said
    assert "Waiting: 2022-09-01. The sources of orders are complete to 2022-06-30" in said


def test_a_dry_run_names_what_a_changed_source_will_change(project: Path) -> None:
    """Also the snapshots, whose inputs do not differ before the load."""
    copy_lines_to("other_name.csv")(project)
    said = crm("run", project, "--dry-run").text
    for name in (
        "staged_order_lines: its input may change",
        "orders: its input may change",
        "customer_rfm 2022-05-01 … ",
    ):
        assert name in said


def test_debug_shows_where(project: Path) -> None:
    plain = crm_process("run", project, "--select", "nothing")
    assert_one_message(plain, USER, "no table or stage 'nothing'")
    shown = crm_process("run", project, "--select", "nothing", "--debug")
    assert shown.code == 1 and "Traceback" in shown.err and "plan.py" in shown.err


def test_debug_shows_where_a_run_failed(project: Path) -> None:
    (project / LINES).write_bytes(b"")
    shown = crm_process("run", project, "--debug")
    assert shown.code == 1 and "Traceback" in shown.err and "open_reader" in shown.err


def test_the_first_run_of_a_mistaken_project_builds_nothing(project: Path) -> None:
    folder = project.with_name("fresh")
    os.rename(project, folder)
    for path in sorted((folder / "warehouse").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    replace_in(folder / "crm.yaml", "      quantity: quantity", "      quantity: quantty")
    ended = crm("run", folder)
    assert_one_message(ended, USER, LINES, "'quantty'", "did you mean 'quantity'?")
    assert ledger_hashes(folder) == {}
