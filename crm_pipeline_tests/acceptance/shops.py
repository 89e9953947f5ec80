"""Small simulated shops as complete projects."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

from crm_pipeline.simulation import Shop, ShopSettings, simulate_shop, write_shop

SNAPSHOTS = (date(2022, 5, 1), date(2022, 6, 1), date(2022, 7, 1))
SEED = 5


def small_shop(dirt: float = 0.03, customers: int = 150) -> Shop:
    """Half a year of a small shop: some 1,300 order lines."""
    settings = ShopSettings(
        name="small_shop",
        first_day=date(2022, 1, 1),
        last_day=date(2022, 6, 30),
        customers=customers,
        products=80,
        stores=3,
        campaigns=2,
        coupons_per_campaign=5,
        pair_count=3,
        dirt=dirt,
    )
    return simulate_shop(settings, SEED)


def write_project(folder: Path, shop: Shop, snapshots: tuple[date, ...] = SNAPSHOTS) -> Path:
    """The shop as CSV files with a crm.yaml; returns the folder."""
    write_shop(shop, folder, "csv", snapshots)
    return folder


def drop_a_line(folder: Path) -> None:
    """The next export of the orders has one line more, of the day after the newest snapshot."""
    path = folder / "order_lines.csv"
    with path.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.reader(lines))
    row = dict(zip(rows[0], rows[-1], strict=True))
    row |= {"order_line_id": "dropped", "order_id": "dropped", "ordered_at": "2022-07-02 10:00:00"}
    with path.open("a", newline="", encoding="utf-8") as lines:
        csv.writer(lines).writerow(row.values())


def replace_in(path: Path, old: str, new: str) -> None:
    """Replace text that must occur in a file."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{path} does not hold {old!r}"
    path.write_text(text.replace(old, new), encoding="utf-8")
