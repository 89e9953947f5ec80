"""The example project Online Retail: its decisions line by line, and on the real file where that is at hand."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from crm_pipeline.project import load_project
from crm_pipeline_tests.acceptance.commands import REPOSITORY, crm
from crm_pipeline_tests.acceptance.contents import query
from crm_pipeline_tests.ingestion.loading import staged_rows

PROJECT = REPOSITORY / "data" / "online_retail"
HEADER = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country"


@pytest.fixture(scope="session")
def real_file() -> Path:
    """The first year of the UCI file, as a developer may keep it beside the checkout; it is not in the repository."""
    path = REPOSITORY / ".." / "shared" / "data" / "online_retail_2009_2010.parquet"
    if not path.is_file():
        pytest.skip(f"{path} is not there: data/online_retail/README.md says where the file comes from")
    return path


def project_at(folder: Path) -> Path:
    """A copy of the project without its file."""
    (folder / "input").mkdir(parents=True)
    shutil.copyfile(PROJECT / "crm.yaml", folder / "crm.yaml")
    return folder


def test_what_becomes_of_each_line(tmp_path: Path) -> None:
    lines = {
        "489434,85048,BALL,12,2009-12-01 07:45:00,6.95,13085.0,United Kingdom": ("85048", "13085", None, "clean"),
        "489434,85048,BALL,12,2009-12-01 07:45:00,6.95,13085,United Kingdom": ("85048", "13085", None, "duplicate"),
        "C489449,22087,BUNTING,-12,2009-12-01 10:33:00,2.95,16321,Australia": ("22087", "16321", None, "clean"),
        "489436,79323p,LIGHTS,1,2009-12-01 09:06:00,6.75,,United Kingdom": ("79323P", None, None, "clean"),
        "489464,21733,85123a mixed,-96,2009-12-01 10:52:00,0,,United Kingdom": ("21733", None, "stock", "clean"),
        "489825,22076,RIBBONS,12,2009-12-02 13:34:00,0,16126,United Kingdom": ("22076", "16126", "sample", "clean"),
        "489439,POST,POSTAGE,3,2009-12-01 09:28:00,18,12682,France": ("POST", "12682", "shipping", "clean"),
        "489597,DOT,DOTCOM POSTAGE,1,2009-12-01 14:28:00,647,,United Kingdom": ("DOT", None, "shipping", "clean"),
        "489526,C2,CARRIAGE,1,2009-12-01 11:50:00,50,12533,Germany": ("C2", "12533", "shipping", "clean"),
        "489609,m,Manual,1,2009-12-01 14:50:00,4,,United Kingdom": ("M", None, "adjustment", "clean"),
        "495733,ADJUST,Adjustment,1,2010-01-26 16:21:00,68.34,14911,EIRE": ("ADJUST", "14911", "adjustment", "clean"),
        "A506401,B,Adjust bad debt,1,2010-04-29 13:36:00,-53594.36,,United Kingdom": ("B", None, "adjustment", "clean"),
        "C489535,D,Discount,-1,2009-12-01 12:11:00,9,15299,United Kingdom": ("D", "15299", "discount", "clean"),
        "C496647,S,SAMPLES,-1,2010-02-03 10:00:00,50,,United Kingdom": ("S", None, "sample", "clean"),
        "C490943,BANK CHARGES,Charges,-1,2009-12-08 14:08:00,15,16703,UK": ("BANK CHARGES", "16703", "fee", "clean"),
        "490074,gift_0001_20,Gift Voucher,1,2009-12-03 14:39:00,17.39,,UK": ("GIFT_0001_20", None, "voucher", "clean"),
        "494914,TEST001,a test product.,5,2010-01-19 17:05:00,4.5,12346,UK": ("TEST001", "12346", None, "rejected"),
    }  # fmt: skip
    folder = project_at(tmp_path / "shop")
    (folder / "input" / "online_retail.csv").write_text("\n".join([HEADER, *lines]) + "\n")
    staged = [row for row in staged_rows(load_project(folder)) if row["source"] == "invoices"]
    found = [(row["product_id"], row["customer_id"], row["line_type"], row["verdict"]) for row in staged]
    assert found == list(lines.values())
    assert [row["rule"] for row in staged if row["rule"]] == ["test entry of the shop's staff"]
    assert staged[0]["net_amount"] == Decimal("83.4")


@pytest.mark.full
def test_the_real_file_gives_the_numbers_of_the_readme(real_file: Path, new_folder: Callable[[], Path]) -> None:
    folder = project_at(new_folder())
    (folder / "input" / real_file.name).symlink_to(real_file.resolve())
    loaded = crm("run", folder, "--select", "+reconciliation", "--select", "+returned_lines", "--select", "orders")
    assert loaded.code == 0, loaded.text
    counts = "read_count, clean_count, rejected_count, duplicate_count"
    assert query(folder, f"select source, {counts} from quality.reconciliation order by source") == [
        ("accounts", 525461, 23489, 107927, 394045),
        ("catalogue", 525461, 4113, 3704, 517644),
        ("invoices", 525461, 518579, 17, 6865),
    ]
    kinds = query(
        folder, "select line_type, count(*), count(customer_id) from cleaned.order_lines group by 1 order by 1"
    )
    assert kinds == [
        ("adjustment", 921, 708),
        ("discount", 100, 97),
        ("fee", 74, 26),
        ("product", 511989, 408941),
        ("sample", 69, 28),
        ("shipping", 1730, 947),
        ("stock", 3649, 0),
        ("voucher", 47, 0),
    ]
    returns = "select count(*) from cleaned.order_lines where is_return and quantity < 0 and customer_id is not null"
    assert query(folder, returns) == [(9373,)]
    assert query(folder, "select count(*), median(days_to_return) from cleaned.returned_lines") == [(7815, 10.0)]
    people = "select count(distinct customer_id) from cleaned.orders where part_type = 'order'"
    assert query(folder, people) == [(4285,)]
