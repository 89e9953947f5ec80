"""Write the shop of a benchmark: `python -m benchmarks.shop FOLDER --customers N --lines M`."""

from __future__ import annotations

import argparse
import shutil
from datetime import date, timedelta
from pathlib import Path

from crm_pipeline.simulation import ShopSettings, scale_to_lines, simulate_shop, write_shop

CATEGORIES = 40


def snapshot_dates(last_day: date, count: int) -> tuple[date, ...]:
    """The day after the data ends and the first days of the months before it, `count` dates in order."""
    end = last_day + timedelta(days=1)
    months = [end.year * 12 + end.month - 1 - back for back in range(count)]
    return tuple(date(month // 12, month % 12 + 1, 1) for month in reversed(months))


def main() -> None:
    """Simulate the shop into FOLDER, which appears only when complete."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--customers", type=int, required=True)
    parser.add_argument("--lines", type=int, required=True)
    parser.add_argument("--products", type=int, default=10_000)
    parser.add_argument("--snapshots", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--format", choices=("csv", "parquet"), default="parquet")
    parser.add_argument("--dirt", type=float, default=0.0)
    args = parser.parse_args()
    settings = ShopSettings(
        name="bench_shop",
        customers=args.customers,
        products=args.products,
        category_names=tuple(f"category {number:02d}" for number in range(1, CATEGORIES + 1)),
        dirt=args.dirt,
    )
    settings = scale_to_lines(settings, args.lines)
    partial = args.folder.with_name(args.folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    dates = snapshot_dates(settings.last_day, args.snapshots)
    write_shop(simulate_shop(settings, args.seed), partial, args.format, dates)
    partial.rename(args.folder)


if __name__ == "__main__":
    main()
