"""What a check finds: by position and rule; values only when asked for."""

from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console

from crm_pipeline.onboarding.check import CheckReport, check_project
from crm_pipeline.onboarding.check_page import print_report
from crm_pipeline.onboarding.findings import Finding
from crm_pipeline_tests.ingestion.loading import HEADER, lines_source, project_with

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
GOOD = [f"o{n},tea,2024-01-{n % 28 + 1:02d},1,{n}" for n in range(1, 41)]


def checked(folder: Path, lines: list[str], show_values: bool = False, **settings: Any) -> CheckReport:
    files = {"lines.csv": "\n".join([HEADER, *lines]) + "\n", **settings.pop("files", {})}
    return check_project(project_with(folder, files, **settings), NOW, show_values=show_values)


def messages(report: CheckReport, level: str) -> list[str]:
    return [item.message for item in report.findings if item.level == level]


def test_a_good_project_has_no_errors_and_counts_every_row(tmp_path: Path) -> None:
    report = checked(tmp_path, GOOD)
    assert report.errors == []
    assert messages(report, "warning") == ["100.0 % of the rows have no customer: they stay out of customer tables"]
    count = report.sources[0]
    assert (count.rows, count.clean, count.rejected, count.is_sample) == (40, 40, 0, False)
    assert "ordered_at runs from 2024-01-01 to 2024-01-28" in messages(report, "note")


def test_rejections_are_told_by_rule_share_and_position_without_values(tmp_path: Path) -> None:
    bad = ["o41,tea,31.12.2023,1,2", "o42,tea,soon,1,2", "o43,tea,2024-01-01,one,2", "o44,tea"]
    report = checked(tmp_path, GOOD + bad)
    found = {item.message: item for item in report.findings}
    dates = found["2 of 44 rows (4.5 %) are rejected: ordered_at is not a date and time"]
    assert dates.level == "note" and dates.examples == ("lines.csv: position 41", "lines.csv: position 42")
    assert "1 of 44 rows (2.3 %) is rejected: quantity is not a number" in found
    assert any("line cannot be read" in message for message in found)
    assert "31.12.2023" not in report.as_json() and "soon" not in report.as_json()


def test_values_are_shown_when_asked_for(tmp_path: Path) -> None:
    report = checked(tmp_path, [*GOOD, "o41,tea,31.12.2023,1,2"], show_values=True)
    rejected = next(item for item in report.findings if "rejected" in item.message)
    assert rejected.examples == ("lines.csv: position 41, '31.12.2023'",)


def test_when_no_order_is_clean_the_project_cannot_run(tmp_path: Path) -> None:
    report = checked(tmp_path, ["a,tea,01/02/2024,1,2", "b,tea,01/03/2024,1,2"])
    assert [item.message for item in report.errors] == [
        "2 of 2 rows (100.0 %) are rejected: ordered_at is not a date and time"
    ]


def test_a_column_or_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    sources = {"lines": lines_source(columns={"net_amount": "amuont"}), "more": lines_source("more.csv")}
    report = checked(tmp_path, GOOD, sources=sources)
    told = " ".join(item.message for item in report.errors)
    assert "'amuont'" in told and "no file matches 'more.csv'" in told
    assert {item.source for item in report.errors} == {"lines", "more"}


def test_repeated_keys_unknown_products_and_unread_files(tmp_path: Path) -> None:
    sources = {
        "lines": lines_source(),
        "goods": {"entity": "products", "path": "goods.csv", "columns": {"product_id": "id"}},
    }
    files = {"goods.csv": "id\njam\njam\n", "old/other.csv": "a\n1\n", "readme.md": "x"}
    report = checked(tmp_path, [*GOOD, GOOD[0]], sources=sources, files=files)
    found = {(item.source, item.level, item.message) for item in report.findings}
    assert ("-", "note", "old/other.csv belongs to no source") in found
    unknown = "100.0 % of the rows name a product_id that goods does not have: are the two written alike?"
    assert ("lines", "warning", unknown) in found
    repeated = [message for source, _, message in found if "more than once" in message]
    assert len(repeated) == 2
    assert any(message.startswith("1 key (the same content) occurs more than once") for message in repeated)


def test_returns_zeros_and_sales_to_nobody_are_counted(tmp_path: Path) -> None:
    lines = ["a,tea,2024-01-01,-1,-5", "b,tea,2024-01-02,1,0", "c,tea,2024-01-03,1,5", "d,tea,2024-01-04,1,5"]
    report = checked(tmp_path, lines)
    assert "25.0 % of the amounts are negative: they count as returns" in messages(report, "note")
    assert "25.0 % of the amounts are zero" in messages(report, "warning")
    assert "100.0 % of the rows have no customer: they stay out of customer tables" in messages(report, "warning")


def test_findings_are_sorted_with_errors_first(tmp_path: Path) -> None:
    report = checked(tmp_path, ["a,tea,x,1,2"])
    assert isinstance(report.findings[0], Finding) and report.findings[0].level == "error"


def test_snapshots_before_the_first_order_keep_the_project_from_running(tmp_path: Path) -> None:
    lines = [
        line.replace(",tea,", ",ada,tea,") for line in GOOD
    ]  # the first is of 1 January, which is known the day after
    text = "\n".join([HEADER.replace("product_id", "customer_id,product_id"), *lines]) + "\n"
    sources = {"lines": lines_source(columns={"customer_id": "customer_id"})}
    for first, says in (("2023-12-01", ["snapshot 2023-12-01 (and 1 more) lies before"]), ("2024-01-02", [])):
        settings = {"sources": sources, "snapshots": {"every": "month", "first": first}}
        report = check_project(project_with(tmp_path, {"lines.csv": text}, **settings), NOW)
        assert [item.message.split(" the first order")[0] for item in report.errors] == says


def test_words_for_nothing_are_told_until_they_are_named(tmp_path: Path) -> None:
    lines = [*(f"o{n},n/a,2024-01-01,1,2" for n in range(3)), "o4,none,2024-01-01,-,2", "o5,tea,2024-01-01,1,N/A"]
    report = checked(tmp_path, [*GOOD, *lines])
    found = {item.message: item.level for item in report.findings if "if it means" in item.message}
    assert found == {
        "`n/a` in 3 rows of 'product_id' (product_id) count as a value; if it means that nothing is known, say so: "
        'read: {nulls: ["n/a"]}': "warning",
        "`-` in 1 row of 'quantity' (quantity) cannot be read; if it means that nothing is known, say so: "
        'read: {nulls: ["-"]}': "note",
        "`N/A` in 1 row of 'net_amount' (net_amount) cannot be read; if it means that nothing is known, say so: "
        'read: {nulls: ["N/A"]}': "note",
    }
    named = checked(tmp_path, [*GOOD, *lines], sources={"lines": lines_source(read={"nulls": ["n/a", "N/A", "-"]})})
    assert not any("if it means" in item.message for item in named.findings)


def test_a_file_that_cannot_be_read_is_no_sample(tmp_path: Path) -> None:
    report = checked(tmp_path, GOOD, sources={"lines": lines_source(), "more": lines_source("more.csv")})
    lines, more = report.sources
    assert (lines.is_sample, lines.is_unread, more.is_sample, more.is_unread) == (False, False, False, True)
    console = Console(width=200, record=True, file=StringIO())
    print_report(report, console)
    text = console.export_text()
    assert "sample" not in text and "more.csv" in text


def test_files_with_nothing_but_names_of_columns_are_told(tmp_path: Path) -> None:
    assert "there is not one row in its files: only names of columns" in messages(checked(tmp_path, []), "warning")


def test_an_optional_column_may_be_absent_from_a_file(tmp_path: Path) -> None:
    with_it = "\n".join([HEADER + ",discount", *(f"{line},-" for line in GOOD)]) + "\n"
    without = "\n".join([HEADER, "o9,tea,2024-01-05,1,2"]) + "\n"
    source = lines_source(columns={"discount_amount": {"column": "discount", "optional": True}})
    project = project_with(
        tmp_path, {"lines_1.csv": with_it, "lines_2.csv": without}, sources={"lines": source | {"path": "lines_*.csv"}}
    )
    messages = [item.message for item in check_project(project, NOW).findings]
    assert any(text.startswith(f"`-` in {len(GOOD)} rows of 'discount'") for text in messages)
