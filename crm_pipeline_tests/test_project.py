"""crm.yaml: what it means, and for each mistake the file, the line and a hint."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import get_args

import pytest

from crm_pipeline.errors import UserError
from crm_pipeline.project import Project, load_project
from crm_pipeline_tests.kit import make_project

GOOD = """\
name: shop
currency: EUR
time_zone: Europe/Berlin
snapshots: {every: month, first: 2024-01-01}
churn: {horizon_days: 60}
sources:
  lines:
    entity: order_lines
    path: lines.csv
    columns:
      order_id: id
      product_id: {sql: "'p' || product"}
      ordered_at: {column: day, format: "%d.%m.%Y"}
      quantity: n
      net_amount: amount
    rules:
      no giants: quantity < 1000
"""


def load(folder: Path, text: str) -> Project:
    (folder / "crm.yaml").write_text(text, encoding="utf-8")
    return load_project(folder)


def test_reads_settings_and_fills_in_defaults(tmp_path: Path) -> None:
    project = load(tmp_path, GOOD)
    assert (project.folder, project.churn.horizon_days, project.clv.horizon_days) == (tmp_path, 60, 90)
    assert (project.week_start, project.language) == ("monday", "en")
    assert project.sources["lines"].columns["order_id"].column == "id"
    assert project.warehouse_folder == tmp_path / "warehouse"


def test_the_file_itself_or_its_folder_may_be_named(tmp_path: Path) -> None:
    assert load(tmp_path, GOOD) == load_project(tmp_path / "crm.yaml")


def test_today_is_the_day_in_the_zone_of_the_project(tmp_path: Path) -> None:
    project = load(tmp_path, GOOD)
    assert project.today(datetime(2024, 1, 1, 23, 30, tzinfo=UTC)) == date(2024, 1, 2)


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        (
            "currency: EUR",
            "currency: euro",
            2,
            "currency: expected three capital letters, for example `currency: EUR`, found",
        ),
        ("name: shop", "name: My Shop", 1, "found 'My Shop'"),
        ("churn:", "chrun:", 5, "chrun: unknown key; did you mean 'churn'?"),
        ("horizon_days", "horizon", 5, "churn.horizon: unknown key; did you mean 'horizon_days'?"),
        ("horizon_days: 60", "horizon_days: 0", 5, "churn.horizon_days: expected 1 or more, found 0"),
        ("horizon_days: 60", "horizon_days: soon", 5, "churn.horizon_days: expected a whole number, found 'soon'"),
        ("Europe/Berlin", "Europe/Berln", 3, "'Europe/Berln' is not a known time zone; did you mean 'Europe/Berlin'?"),
        ("every: month", "every: year", 4, "snapshots.every: expected 'month', 'week' or 'day', found 'year'"),
        ("first: 2024-01-01", "first: 2024-13-01", 4, "month must be in 1..12; dates are written YYYY-MM-DD"),
        (
            "first: 2024-01-01",
            "first: 1 January",
            4,
            "snapshots.first: expected a date such as 2024-06-01, found '1 J",
        ),
        ("first: 2024-01-01", "last: 2024-01-01", 4, "snapshots: expected `every`"),
        ("entity: order_lines", "entity: orderlines", 8, "'orderlines' is not an entity; did you mean 'order_lines'?"),
        ("    path: lines.csv\n", "", 7, "sources.lines: expected exactly one of `path` and `extract`"),
        ("    path:", "    file:", 9, "sources.lines.file: unknown key"),
        ("      quantity: n\n", "", 10, "order_lines needs the column 'quantity'"),
        ("      quantity:", "      quantty:", 14, "has no column 'quantty'; did you mean 'quantity'?"),
        ("{sql: \"'p' || product\"}", '{sql: "product ||"}', 12, "sources.lines.columns.product_id"),
        ("{sql: \"'p' || product\"}", '{sql: "(select 1)"}', 12, "subquery"),
        ("{sql: \"'p' || product\"}", '{sqll: "x"}', 12, "unknown key; did you mean 'sql'?"),
        ("{sql: \"'p' || product\"}", "{sql: x, column: y}", 12, "expected exactly one of `column` and `sql`"),
        ('"%d.%m.%Y"', '"%Q"', 13, "`format: %Q` cannot be used"),
        ("quantity: n", "quantity: {column: n, format: '%d'}", 14, "`format` says how dates and times are written"),
        ("quantity < 1000", "quantty < 1000", 17, "order_lines has no column 'quantty'; did you mean 'quantity'?"),
        ("quantity < 1000", "quantity < 'many'", 17, "`quantity < 'many'` cannot be used: Conversion Error"),
        ("quantity < 1000", "quantity +", 17, "sources.lines.rules.no giants"),
        ("name: shop", "name: shop\nname: again", 2, "not valid YAML"),
        ("currency: EUR", "currency: [EUR", 3, "not valid YAML"),
        ("currency: EUR\n", "", 1, "currency: is missing; for example `currency: EUR`"),
        ("currency: EUR", "currency:", 2, "currency: expected text, for example `currency: EUR`, found nothing"),
        ("{horizon_days: 60}", "60", 5, "churn: expected a section with keys of its own, for example"),
        ("first: 2024-01-01", "first: 20240101", 4, "snapshots.first: expected a date such as 2024-06-01"),
        ("first: 2024-01-01", "first: 0024-01-01", 4, "snapshots: 0024-01-01 lies before 1970-01-01"),
        ("{every: month, first: 2024-01-01}", "{dates: 2024-01-01}", 4, "snapshots.dates: expected a list"),
        ("quantity: n", "quantity:", 14, "sources.lines.columns.quantity.column: expected the name of a column"),
        ("quantity: n", "quantity: ''", 14, "expected the name of a column"),
        ("quantity: n", "quantity: [n, m]", 14, "expected the name of a column"),
        ("name: shop", "name: !!python/object/apply:os.getcwd []", 1, "name: expected text"),
        ("name: shop", "folder: elsewhere\nname: shop", 1, "folder: unknown key"),
        ("rules:", "rules: &same\n      <<: {none below 0: quantity > 0, giants: qty < 9}", 16, "no column 'qty'"),
    ],
)
def test_a_mistake_is_said_with_file_line_and_hint(tmp_path: Path, old: str, new: str, line: int, message: str) -> None:
    assert old in GOOD
    with pytest.raises(UserError) as error:
        load(tmp_path, GOOD.replace(old, new, 1))
    said = [text for text in str(error.value).splitlines() if message in text]
    assert [text.split(": ")[0] for text in said] == [f"{tmp_path / 'crm.yaml'}, line {line}"], str(error.value)
    assert error.value.exit_code == 2


def test_a_key_that_stands_twice_is_told_without_its_values(tmp_path: Path) -> None:
    twice = GOOD + GOOD[GOOD.index("  lines:") :]
    with pytest.raises(UserError) as error:
        load(tmp_path, twice)
    assert str(error.value) == f'{tmp_path / "crm.yaml"}, line 18: not valid YAML: found duplicate key "lines"'


def test_settings_may_be_shared_by_anchors(tmp_path: Path) -> None:
    """YAML's own way to say a thing once: two sources with the same columns."""
    more = "  more:\n    <<: *lines\n    path: more.csv\n"
    project = load(tmp_path, GOOD.replace("  lines:", "  lines: &lines") + more)
    assert project.sources["more"].columns == project.sources["lines"].columns
    assert project.sources["more"].path == "more.csv"


def test_a_column_may_be_called_by_a_number(tmp_path: Path) -> None:
    project = load(tmp_path, GOOD.replace("quantity: n", "quantity: 2024"))
    assert project.sources["lines"].columns["quantity"].column == "2024"


@pytest.mark.parametrize("package", ["no.such.thing", "..relative", "''"])
def test_a_package_that_is_not_there_is_told(tmp_path: Path, package: str) -> None:
    project = load(tmp_path, GOOD.replace("    path:", f"    package: {package}\n    path:"))
    with pytest.raises(UserError, match="is not installed; install it or use a path"):
        project.source_files("lines")


def test_all_mistakes_are_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        load(tmp_path, GOOD.replace("EUR", "euro").replace("every: month", "every: year"))
    assert [text.split(": ")[0].rsplit(" ", 1)[1] for text in str(error.value).splitlines()] == ["2", "4"]


def told(folder: Path, text: str) -> list[str]:
    with pytest.raises(UserError) as error:
        load(folder, text)
    return [line.split(", line ")[1] for line in str(error.value).splitlines()]


def test_mistakes_within_sections_and_between_them_are_said_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("EUR", "euro").replace("Europe/Berlin", "Europe/Berln").replace("quantity: n", "quantty: n")
    text = text.replace("horizon_days: 60", "horizon: 60, active_days: soon").replace("< 1000", "< many")
    text += "  more: {path: a.csv, extract: {}, entity: customer, columns: {customer_id: id}}\n"
    assert [line.split(":")[0] + ":" + line.split(":")[1] for line in told(tmp_path, text)] == [
        "2: currency",
        "5: churn.active_days",
        "5: churn.horizon",
        "18: sources.more.extract",
        "3: time_zone",
        "14: sources.lines.columns.quantty",
        "17: sources.lines.rules.no giants",
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "ordered_at: {column",
            "orderd_at: {column",
            ["sources.lines.columns.orderd_at"],
        ),  # and not that one is missing
        ("entity: order_lines", "entity: order_line", ["sources.lines.entity"]),  # and not that there are no orders
        ("entity: order_lines", "entity: [order_lines]", ["sources.lines.entity"]),
        ("path: lines.csv", "path: 7", ["sources.lines.path"]),
        ("quantity: n", "quantity: [n]", ["sources.lines.columns.quantity.column"]),
        ("snapshots:", "snapshot:", ["snapshots", "snapshot"]),
        ("name: shop", "name: Shop\nfolder: x", ["folder", "name"]),
    ],
)
def test_what_only_follows_from_a_mistake_is_not_said(tmp_path: Path, old: str, new: str, said: list[str]) -> None:
    assert [line.split(": ")[1] for line in told(tmp_path, GOOD.replace(old, new, 1))] == said


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "expected a mapping with keys such as name"), ("just text", "expected a mapping"), ("- a", "a mapping")],
)
def test_a_file_that_is_no_mapping_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        load(tmp_path, text)


def test_a_file_that_is_not_there_or_not_text_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no project at .*: expected a file crm\.yaml there; choose another folder"):
        load_project(tmp_path)
    with pytest.raises(UserError, match="no project at"):
        load_project(tmp_path / "nowhere")
    (tmp_path / "crm.yaml").write_bytes(b"name: \xff\xfe")
    with pytest.raises(UserError, match="not a readable YAML file"):
        load_project(tmp_path)


def test_without_a_source_of_orders_there_is_nothing_to_compute() -> None:
    products = {"entity": "products", "path": "p.csv", "columns": {"product_id": "id"}}
    with pytest.raises(ValueError, match="no source maps to order_lines"):
        make_project(sources={"products": products})


def test_files_match_by_pattern_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "c.txt"):
        (tmp_path / name).touch()
    source = {**make_project().sources["lines"].model_dump(), "path": "*.csv"}
    project = make_project(tmp_path, sources={"lines": source})
    assert [path.name for path in project.source_files("lines")] == ["a.csv", "b.csv"]


def test_a_package_that_is_not_installed_is_named() -> None:
    source = {**make_project().sources["lines"].model_dump(), "package": "no_such_package"}
    with pytest.raises(UserError, match="the Python package 'no_such_package' is not installed; install it or use"):
        make_project(sources={"lines": source}).source_files("lines")


def test_only_settings_that_tables_depend_on_change_their_hash() -> None:
    hashed = make_project().settings_hash()
    language = get_args(Project.model_fields["language"].annotation)[-1]
    later = {"every": "month", "first": date(2030, 1, 2)}
    assert make_project(name="other", snapshots=later).settings_hash() == hashed
    assert make_project(language=language).settings_hash() != hashed  # reasons are stored as words
    assert make_project(churn={"horizon_days": 31}).settings_hash() != hashed
    assert make_project(currency="USD").settings_hash() != hashed


def test_the_example_project_is_valid() -> None:
    example = Path(__file__).parents[1] / "data" / "complete_journey"
    assert load_project(example).name == "complete_journey"
