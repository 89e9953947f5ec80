"""Write a simulated shop as a complete project: data files and the crm.yaml that maps them."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from typing import Literal, Protocol

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet

from crm_pipeline.simulation.settings import ShopSettings
from crm_pipeline.simulation.shops import Shop

FileFormat = Literal["csv", "parquet"]
TRUTH_FOLDER = "truth"
CHURN_DAYS, CLV_DAYS, RECOMMENDATION_DAYS = 30, 90, 30
SNAPSHOT_MONTHS = 12

_CRM_YAML = """\
name: {name}
currency: EUR
time_zone: Europe/Berlin
week_start: monday
language: en
snapshots: {snapshots}
churn: {{horizon_days: {churn_days}}}
clv: {{horizon_days: {clv_days}, discount_rate: 0.1, margin: 1.0}}
recommendations: {{horizon_days: {recommendation_days}}}
sources:
  lines:
    entity: order_lines
    path: order_lines.{suffix}
    data_through: {last_day}
    columns:
      order_line_id: order_line_id
      order_id: order_id
      customer_id: customer_id
      product_id: product_id
      store_id: store_id
      ordered_at: ordered_at
      quantity: quantity
      unit_price: unit_price
      net_amount: net_amount
      discount_amount: {{sql: "list_amount::decimal(18,2) - net_amount::decimal(18,2)"}}
  catalogue:
    entity: products
    path: products.{suffix}
    static: true
    columns: {{product_id: product_id, name: name, category: category, subcategory: subcategory, brand: brand}}
  people:
    entity: customers
    path: customers.{suffix}
    columns: {{customer_id: customer_id, first_seen_at: registered_at, region: region, age_band: age_band}}
  campaigns:
    entity: campaigns
    path: campaigns.{suffix}
    columns:
      campaign_id: campaign_id
      name: name
      campaign_type: campaign_type
      started_at: started_at
      ended_at: ended_at
  contacts:
    entity: campaign_contacts
    path: campaign_contacts.{suffix}
    data_through: {last_day}
    columns: {{campaign_id: campaign_id, customer_id: customer_id, contacted_at: contacted_at, channel: channel}}
  coupons:
    entity: coupons
    path: coupons.{suffix}
    columns: {{coupon_id: coupon_id, product_id: product_id, campaign_id: campaign_id}}
  redemptions:
    entity: coupon_redemptions
    path: coupon_redemptions.{suffix}
    data_through: {last_day}
    columns: {{coupon_id: coupon_id, customer_id: customer_id, redeemed_at: redeemed_at, campaign_id: campaign_id}}
"""


def write_shop(
    shop: Shop, folder: Path, file_format: FileFormat = "csv", snapshot_dates: tuple[date, ...] = ()
) -> None:
    """Write the shop's files, its crm.yaml and, below `truth/`, what only the simulation knows (always Parquet).

    Written chunk by chunk, so memory does not grow with the customers. The same shop gives the same bytes.
    Snapshots are monthly over the last year unless `snapshot_dates` lists them.
    Raises ValueError for a format other than csv and parquet.
    """
    if file_format not in ("csv", "parquet"):
        raise ValueError(f"file_format must be csv or parquet, got {file_format!r}")
    truth = folder / TRUTH_FOLDER
    truth.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        writers: dict[Path, _Writer] = {}

        def write(path: Path, table: pa.Table) -> None:
            if path not in writers:
                writers[path] = stack.enter_context(_open_writer(path, table.schema))
            writers[path].write_table(table)

        for name in ("products", "campaigns", "coupons"):
            write(folder / f"{name}.{file_format}", getattr(shop, name))
        write(truth / "product_pairs.parquet", shop.product_pairs)
        for chunk in shop.chunks():
            for name in ("customers", "campaign_contacts", "coupon_redemptions", "order_lines"):
                write(folder / f"{name}.{file_format}", getattr(chunk, name))
            write(truth / "customers.parquet", chunk.true_customers)
            write(truth / "spoiled_lines.parquet", chunk.spoiled_lines)
            write(truth / "fraudulent_orders.parquet", chunk.fraudulent_orders)
    (folder / "crm.yaml").write_text(crm_yaml(shop.settings, file_format, snapshot_dates), encoding="utf-8")


def crm_yaml(settings: ShopSettings, file_format: FileFormat, snapshot_dates: tuple[date, ...] = ()) -> str:
    """The text of the crm.yaml that maps the files of `write_shop`."""
    return _CRM_YAML.format(
        name=settings.name,
        snapshots=_snapshots(settings, snapshot_dates),
        churn_days=CHURN_DAYS,
        clv_days=CLV_DAYS,
        recommendation_days=RECOMMENDATION_DAYS,
        suffix=file_format,
        last_day=settings.last_day,
    )


def _snapshots(settings: ShopSettings, snapshot_dates: tuple[date, ...]) -> str:
    if snapshot_dates:
        return f"{{dates: [{', '.join(day.isoformat() for day in snapshot_dates)}]}}"
    last = (settings.last_day + timedelta(days=1)).replace(day=1)
    months = min(SNAPSHOT_MONTHS - 1, settings.days // 31 - 1)
    number = last.year * 12 + last.month - 1 - max(months, 0)
    return f"{{every: month, first: {date(number // 12, number % 12 + 1, 1)}, last: {last}}}"


class _Writer(Protocol):
    def write_table(self, table: pa.Table) -> None: ...


def _open_writer(path: Path, schema: pa.Schema) -> pa_parquet.ParquetWriter | pa_csv.CSVWriter:
    if path.suffix == ".parquet":
        return pa_parquet.ParquetWriter(path, schema, compression="zstd")
    return pa_csv.CSVWriter(path, schema)
