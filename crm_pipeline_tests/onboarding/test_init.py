"""From files to a project: three shops that nobody has seen, and what `init` does besides."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from crm_pipeline.cli import main
from crm_pipeline.errors import UserError
from crm_pipeline.onboarding.check import check_project
from crm_pipeline.onboarding.init import Initialized, initialize
from crm_pipeline.pipeline import Pipeline
from crm_pipeline.plan import selected
from crm_pipeline.project import Project, load_project
from crm_pipeline.warehouse.materialize import materialize
from crm_pipeline_tests.ingestion.reading.test_look import write_sheets
from crm_pipeline_tests.onboarding.shapes import Shape, french, german, polish

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
SHAPES: dict[str, Callable[[Path], Shape]] = {"german": german, "french": french, "polish": polish}
SMALL = "Order,Customer,Product,Date,Qty,Total\n" + "".join(
    f"{n},c{n % 9},p{n % 5},2024-0{1 + n % 6}-{1 + n % 27:02d},1,{n}.50\n" for n in range(1, 61)
)


def made(tmp_path: Path, shape: str) -> tuple[Shape, Initialized]:
    exports = tmp_path / "exports"
    exports.mkdir()
    written = SHAPES[shape](exports)
    return written, initialize(tmp_path / "shop", [str(exports)], NOW)


def _build(project: Project, *names: str) -> None:
    """The named tables and all before them, by their recipes, without a Dagster run."""
    pipeline = Pipeline(project, lambda: NOW)
    pipeline.warehouse.prepare()
    wanted = selected(pipeline, [f"+{name}" for name in names])
    for name, recipe in pipeline.recipes.items():
        if name in wanted:
            outcome = materialize(pipeline.warehouse, recipe, [None], run_id="test")
            assert outcome.blocked == []


@pytest.mark.parametrize("name", SHAPES)
def test_an_unseen_shop_needs_no_editing_and_gives_the_right_totals(tmp_path: Path, name: str) -> None:
    shape, found = made(tmp_path, name)
    assert found.project is not None, found.problem
    assert {source.entity for source in found.proposal.sources} >= {"order_lines", "products"}
    assert found.proposal.unknown == [] and found.proposal.unread == []
    report = check_project(found.project, NOW)
    assert report.errors == []
    _build(found.project, "order_lines", "customers")
    with duckdb.connect(str(found.project.warehouse_folder / "crm.duckdb"), read_only=True) as connection:
        totals = connection.execute(
            "select count(*), sum(quantity), sum(net_amount), count(distinct customer_id) from cleaned.order_lines"
        ).fetchone()
    with duckdb.connect(str(found.project.warehouse_folder / "vault.duckdb"), read_only=True) as connection:
        rejected = connection.execute(
            "select count(*) from staged.staged_order_lines where verdict = 'rejected'"
        ).fetchone()
    assert totals == (shape.lines, Decimal(shape.quantity), shape.amount, len(shape.customers))
    assert rejected == (shape.rejected,)


def test_the_shape_of_each_shop_is_seen(tmp_path: Path) -> None:
    for name, said in (
        ("german", ['read: {decimal: ",", thousands: "."}', "Bestellungen_202*.csv", "last_name:"]),
        ("french", ["join: commandes", "currency: EUR", "unit_price:", "first_seen_at:"]),
        (
            "polish",
            [
                "encoding: cp1250",
                "name: Nazwa",
                'format: "%d-%m-%Y %H:%M"',
                "Godzina",
                "taken for it because 100 % of its values are keys",
            ],
        ),
    ):
        (tmp_path / name).mkdir()
        _, found = made(tmp_path / name, name)
        text = found.path.read_text()
        assert [part for part in said if part not in text] == []


def small(tmp_path: Path, text: str = SMALL) -> Path:
    path = tmp_path / "orders.csv"
    path.write_text(text)
    return path


def test_an_existing_file_is_replaced_only_when_told(tmp_path: Path) -> None:
    path = small(tmp_path)
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "crm.yaml").write_text("name: mine\n")
    with pytest.raises(UserError, match="--force"):
        initialize(tmp_path / "shop", [str(path)], NOW)
    assert (tmp_path / "shop" / "crm.yaml").read_text() == "name: mine\n"
    assert initialize(tmp_path / "shop", [str(path)], NOW, force=True).project is not None


def test_files_are_copied_when_told_and_never_overwritten(tmp_path: Path) -> None:
    path = small(tmp_path)
    found = initialize(tmp_path / "shop", [str(path)], NOW, copy=True)
    assert (tmp_path / "shop" / "input" / "orders.csv").read_text() == SMALL
    assert found.proposal.sources[0].path == "input/orders.csv"
    (tmp_path / "shop" / "input" / "orders.csv").write_text("other\n1\n")
    with pytest.raises(UserError, match="other content"):
        initialize(tmp_path / "shop", [str(path)], NOW, copy=True, force=True)


def test_without_files_the_folder_itself_is_looked_at(tmp_path: Path) -> None:
    small(tmp_path)
    found = initialize(tmp_path, [], NOW)
    assert [source.path for source in found.proposal.sources] == ["orders.csv"]


def test_options_settle_what_the_files_do_not_say(tmp_path: Path) -> None:
    found = initialize(tmp_path / "shop", [str(small(tmp_path))], NOW, currency="GBP", time_zone="Europe/London")
    assert found.project is not None
    assert (found.project.currency, found.project.time_zone) == ("GBP", "Europe/London")
    assert not any(doubt.startswith(("currency", "time_zone")) for doubt in found.proposal.doubts)
    with pytest.raises(UserError, match="three capital letters"):
        initialize(tmp_path / "other", [str(small(tmp_path))], NOW, currency="pounds")
    with pytest.raises(UserError, match="--time-zone Berlin: there is no such zone; did you mean 'Europe/Berlin'"):
        initialize(tmp_path / "other", [str(small(tmp_path))], NOW, time_zone="Berlin")


def test_an_ambiguous_date_is_said_to_be_a_guess(tmp_path: Path) -> None:
    lines = "".join(f"{n},c{n % 5},p{n % 3},0{1 + n * 5 % 9}/0{1 + n % 7}/2024,1,5\n" for n in range(1, 50))
    found = initialize(
        tmp_path / "shop", [str(small(tmp_path, "Order,Customer,Product,Date,Qty,Total\n" + lines))], NOW
    )
    assert any("orders.ordered_at: the day is taken to come first" in doubt for doubt in found.proposal.doubts)


def test_files_that_hold_no_orders_give_a_file_to_edit(tmp_path: Path) -> None:
    path = small(tmp_path, "Customer ID,Email\n" + "".join(f"{n},a{n}@b.de\n" for n in range(20)))
    found = initialize(tmp_path / "shop", [str(path)], NOW)
    assert found.project is None and "order_lines" in found.problem
    assert "entity: customers" in found.path.read_text()


def test_a_file_that_fits_nothing_is_listed_with_its_columns(tmp_path: Path) -> None:
    (tmp_path / "notes.csv").write_text("foo,bar\nx,y\n")
    found = initialize(tmp_path / "shop", [str(small(tmp_path)), str(tmp_path / "notes.csv")], NOW)
    assert found.proposal.unknown == [("notes.csv", ["foo", "bar"])]
    assert "notes.csv fits no entity; its columns: foo, bar" in found.path.read_text()


@pytest.mark.parametrize("given", ["absent.csv", "absent/*.csv", "empty"])
def test_what_is_not_there_is_one_clear_error(tmp_path: Path, given: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=given.replace("*", r"\*")):
        initialize(tmp_path / "shop", [str(tmp_path / given)], NOW)
    assert not (tmp_path / "shop").exists()


def test_the_commands_say_what_they_did_and_exit_with_their_codes(tmp_path: Path) -> None:
    run = CliRunner().invoke
    path = small(tmp_path)
    shop = str(tmp_path / "my shop")
    first = run(main, ["init", shop, str(path), "--currency", "EUR"])
    assert first.exit_code == 0 and "order_lines" in first.output and "crm-pipeline check" in first.output
    assert run(main, ["init", shop, str(path)]).exit_code == 2
    checked = run(main, ["check", "--project", shop])
    assert checked.exit_code == 0 and "Enough data?" in checked.output
    assert "Churn horizon" in checked.output and "as proposed: four in five pauses" in checked.output
    text = (tmp_path / "my shop" / "crm.yaml").read_text()
    (tmp_path / "my shop" / "crm.yaml").write_text(text.replace("net_amount: Total", "net_amount: Totel"))
    wrong = run(main, ["check", "--project", shop, "--json"])
    assert wrong.exit_code == 2 and "Totel" in wrong.output and "keeps the project from running" in wrong.output


def test_the_same_files_give_the_same_text(tmp_path: Path) -> None:
    path = small(tmp_path)
    texts = {initialize(tmp_path / "shop", [str(path)], NOW, force=True).path.read_text() for _ in range(2)}
    assert len(texts) == 1


def proposed(tmp_path: Path, **files: str) -> str:
    """The text of crm.yaml proposed for these CSV files beside a good one of orders."""
    for name, text in files.items():
        (tmp_path / f"{name}.csv").write_text(text)
    paths = [str(tmp_path / f"{name}.csv") for name in files]
    return initialize(tmp_path / "shop", [*paths, str(small(tmp_path))], NOW).path.read_text()


def test_a_title_above_the_names_is_skipped(tmp_path: Path) -> None:
    rows = "".join(f"c{n},Ann {n},a{n}@b.de\n" for n in range(9))
    text = proposed(tmp_path, customers=f"Export of the shop\nCustomer ID,Name,Email\n{rows}")
    assert "read: {skip_lines: 1}" in text and "email: Email" in text


def test_seconds_since_1970_are_times_where_the_name_says_so(tmp_path: Path) -> None:
    rows = "".join(f"c{n % 9},{1_700_000_000 + n * 999},click\n" for n in range(40))
    text = proposed(tmp_path, web_events=f"customer,timestamp,event\n{rows}")
    assert 'occurred_at: {sql: "to_timestamp(\\"timestamp\\"::bigint)"}' in text


def test_keys_of_several_files_together_explain_a_column(tmp_path: Path) -> None:
    people = {f"customers_{s}": "Customer ID,Email\n" + "".join(f"{s}{n},x{n}@b.de\n" for n in range(30)) for s in "ab"}
    rows = "".join(f"g{n % 4},{'ab'[n % 2]}{n},2024-01-{n + 1:02d}\n" for n in range(25))
    text = proposed(tmp_path, **people, coupon_redemptions=f"coupon,zzz,date\n{rows}")
    assert "customer_id: zzz    # ? taken for it because 100 % of its values are keys of" in text


def test_what_is_incomplete_is_left_out_so_that_the_rest_can_run(tmp_path: Path) -> None:
    text = proposed(tmp_path, coupon_redemptions="coupon,date\ng1,2024-01-01\ng2,2024-01-02\n")
    assert "  # coupon_redemptions:\n  #   entity: coupon_redemptions\n" in text
    assert "customer_id: needed, and nothing found for it" in text
    assert load_project(tmp_path / "shop").sources.keys() == {"orders"}


def test_without_a_list_of_products_the_lines_describe_them(tmp_path: Path) -> None:
    lines = re.sub(r",p(\d)", r",p\1,Tea \1", SMALL.replace("Product,", "Product ID,Product Name,"))
    (tmp_path / "orders.csv").write_text(lines)
    found = initialize(tmp_path / "shop", [str(tmp_path / "orders.csv")], NOW)
    assert found.project is not None
    assert {name: source.entity for name, source in found.project.sources.items()} == {
        "orders": "order_lines",
        "orders_products": "products",
    }


def test_shared_order_numbers_of_two_sources_are_told(tmp_path: Path) -> None:
    text = proposed(tmp_path, till_sales=SMALL.replace("Order,Customer", "Receipt,Card"))
    assert "100 % of its order numbers occur in" in text


def test_dates_that_no_name_explains_are_taken_and_said_to_be_a_guess(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(SMALL.replace("Date", "Xyz"))
    found = initialize(tmp_path / "shop", [str(tmp_path / "orders.csv")], NOW)
    assert found.project is not None
    assert "ordered_at: Xyz    # ? taken for it because it is the first column with dates" in found.path.read_text()


@pytest.mark.full
def test_a_newcomer_runs_everything_on_what_init_proposes(tmp_path: Path) -> None:
    exports, shop = tmp_path / "exports", tmp_path / "shop"
    exports.mkdir()
    german(exports, customers=60)
    run = CliRunner().invoke
    for command in (
        ["init", str(shop), str(exports)],
        ["check", "--project", str(shop)],
        ["run", "--project", str(shop)],
    ):
        result = run(main, command)
        assert result.exit_code == 0, result.output
    pipeline = Pipeline(load_project(shop))
    with duckdb.connect(str(pipeline.warehouse.published), read_only=True) as connection:
        built = {row[0] for row in connection.execute("select table_name from quality.table_versions").fetchall()}
        scored = connection.execute("select count(distinct customer_id) from churn.churn_predictions").fetchone()
    assert built >= {name for name, table in pipeline.tables.items() if not table.is_in_vault}
    assert scored == (60,)


def test_a_workbook_gives_the_sheet_with_the_orders(tmp_path: Path) -> None:
    """Neither the first sheet nor one with a title above its names keeps them from being found."""
    names = ["Order ID", "Customer ID", "SKU", "Order Date", "Quantity", "Amount"]
    lines = [[f"o{n}", f"c{n % 9}", f"p{n % 5}", f"2024-0{1 + n % 6}-1{n % 9}", "1", "2.50"] for n in range(60)]
    sheets = {"Notes": [["internal, do not share"]], "Empty": [], "Sales": [["Sales of the year"], names, *lines]}
    write_sheets(tmp_path / "book.xlsx", sheets)
    found = initialize(tmp_path / "shop", [str(tmp_path / "book.xlsx")], NOW)
    (source,) = found.project.sources.values()
    assert (source.entity, source.read.sheet, source.read.skip_lines) == ("order_lines", "Sales", 1)
