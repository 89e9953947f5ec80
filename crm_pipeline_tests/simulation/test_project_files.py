"""A written shop is a complete project, and its bytes repeat."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import duckdb
import pytest
from ruamel.yaml import YAML

from crm_pipeline.simulation import ShopSettings, crm_yaml, simulate_shop, write_shop
from crm_pipeline.simulation.project_files import FileFormat

SETTINGS = ShopSettings(customers=200, products=100)


def parse(text: str) -> dict[str, Any]:
    return YAML(typ="safe").load(StringIO(text))


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
@pytest.mark.parametrize("dirt", [0.0, 0.05])
def test_same_seed_same_bytes(tmp_path: Path, file_format: FileFormat, dirt: float):
    for folder in ("one", "two"):
        write_shop(simulate_shop(replace(SETTINGS, dirt=dirt), seed=1), tmp_path / folder, file_format)
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.*"))
    assert len(files) == 7 + 1 + 4  # data, crm.yaml, truth
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes(), file


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_mapped_files_and_columns_exist(tmp_path: Path, file_format: FileFormat):
    shop = simulate_shop(SETTINGS, seed=1)
    write_shop(shop, tmp_path, file_format)
    sources = parse((tmp_path / "crm.yaml").read_text())["sources"]
    assert {source["entity"] for source in sources.values()} == {
        "order_lines", "products", "customers", "campaigns", "campaign_contacts", "coupons", "coupon_redemptions",
    }  # fmt: skip
    for source in sources.values():
        expressions = [column["sql"] if isinstance(column, dict) else column for column in source["columns"].values()]
        rows = duckdb.sql(f"select {', '.join(expressions)} from '{tmp_path / source['path']}'").fetchall()
        assert len(rows) == getattr(shop, source["entity"]).num_rows


def test_dirty_files_can_still_be_read_by_the_mapping(tmp_path: Path):
    write_shop(simulate_shop(replace(SETTINGS, dirt=0.2), seed=1), tmp_path, "csv")
    discount = parse((tmp_path / "crm.yaml").read_text())["sources"]["lines"]["columns"]["discount_amount"]["sql"]
    lines = f"read_csv('{tmp_path}/order_lines.csv', all_varchar=true)"
    assert duckdb.sql(f"select count(*) filter (({discount}) is null) from {lines}").fetchall() == [(0,)]


def test_snapshots_are_monthly_up_to_the_end_of_the_data():
    snapshots = parse(crm_yaml(SETTINGS, "csv"))["snapshots"]
    assert snapshots == {"every": "month", "first": date(2023, 2, 1), "last": date(2024, 1, 1)}


def test_snapshots_of_a_short_shop_lie_within_it():
    short = replace(SETTINGS, first_day=date(2024, 1, 1), last_day=date(2024, 4, 30))
    snapshots = parse(crm_yaml(short, "csv"))["snapshots"]
    assert snapshots == {"every": "month", "first": date(2024, 3, 1), "last": date(2024, 5, 1)}


def test_listed_snapshots_are_kept():
    text = crm_yaml(SETTINGS, "parquet", (date(2023, 6, 1), date(2023, 12, 1)))
    assert parse(text)["snapshots"] == {"dates": [date(2023, 6, 1), date(2023, 12, 1)]}


def test_other_formats_are_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="file_format must be csv or parquet, got 'xlsx'"):
        write_shop(simulate_shop(SETTINGS, seed=1), tmp_path, "xlsx")  # type: ignore[arg-type]
