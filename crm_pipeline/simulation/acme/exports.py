"""The files that Acme's systems deliver: a first delivery of many days, then one of each next day."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

import duckdb

from crm_pipeline.errors import UserError
from crm_pipeline.simulation.acme.truth import write_truth
from crm_pipeline.simulation.acme.workbook import write_workbook
from crm_pipeline.simulation.acme.world import FIRST_DAY, LAST_DAY, open_world, query

BASE_DAYS = 547
"""Days of the first delivery unless another number is asked for: up to 30 June 2024."""

LONGEST_DAYS = (LAST_DAY - FIRST_DAY).days + 1
NOTE = "acme.json"
TRUTH_FOLDER = "truth"
_COPY = {
    "csv": "format csv, header true, delimiter ';'",
    "tsv": "format csv, header true, delimiter '\t'",
    "jsonl": "format json",
    "parquet": "format parquet, compression zstd",
}


@dataclass(frozen=True)
class _Export:
    """What one system delivers: by month until the first delivery ends, in one file, or whole every time."""

    name: str
    folder: str
    suffix: Literal["csv", "tsv", "jsonl", "parquet", "xlsx"]
    delivery: Literal["monthly", "at once", "whole"] = "at once"


_EXPORTS = (
    _Export("webshop_orders", "webshop", "csv", "monthly"),
    _Export("webshop_accounts", "webshop", "csv"),
    _Export("web_views", "webshop", "tsv"),
    _Export("till_receipts", "tills", "parquet", "monthly"),
    _Export("shop_3_receipts", "tills", "xlsx", "monthly"),
    _Export("loyalty_members", "loyalty", "jsonl"),
    _Export("consents", "loyalty", "csv"),
    _Export("catalogue", "catalogue", "csv", "whole"),
    _Export("campaigns", "newsletter", "csv", "whole"),
    _Export("coupons", "newsletter", "csv", "whole"),
    _Export("newsletter_subscribers", "newsletter", "csv"),
    _Export("newsletter_recipients", "newsletter", "csv"),
    _Export("newsletter_events", "newsletter", "jsonl"),
    _Export("coupon_redemptions", "newsletter", "csv"),
    _Export("service_tickets", "service", "csv"),
    _Export("reviews", "service", "jsonl"),
)


@dataclass(frozen=True)
class Exports:
    """How far a folder's files go: first delivery up to ``base``, all of it up to ``through``."""

    seed: int
    base: date
    through: date


def begin(folder: Path, seed: int, days: int) -> tuple[Exports, list[str]]:
    """Write the first delivery of ``days`` days; returns it and the files written.

    The same arguments give the same bytes; what an earlier delivery left in the folder goes.
    UserError when the days are too few or too many, or the folder holds something else.
    """
    if not 1 <= days <= LONGEST_DAYS:
        raise UserError(f"--days {days}: Acme's story lasts {LONGEST_DAYS} days; choose between 1 and that")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / NOTE).is_file():
        raise UserError(f"{folder}: holds other files, and no {NOTE}; choose an empty or a new folder with --out")
    last = FIRST_DAY + timedelta(days=days - 1)
    if folder.is_dir():
        _clear(folder)
    return _deliver(folder, Exports(seed, last, last))


def advance(folder: Path) -> tuple[Exports, list[str]]:
    """Write the delivery of the next day: new files, late rows in them, and the former day's mended file.

    UserError when nothing was delivered before, or the story is at its end.
    """
    try:
        noted = json.loads((folder / NOTE).read_text(encoding="utf-8"))
        before = Exports(int(noted["seed"]), *(date.fromisoformat(noted[key]) for key in ("base", "through")))
    except (OSError, ValueError, KeyError):
        raise UserError(
            f"{folder / NOTE}: not there, or not Acme's; make a first delivery without --next-day"
        ) from None
    if before.through >= LAST_DAY:
        raise UserError(f"{folder}: the story ends on {LAST_DAY}; begin anew without --next-day")
    return _deliver(folder, Exports(before.seed, before.base, before.through + timedelta(days=1)))


def _clear(folder: Path) -> None:
    for name in sorted({export.folder for export in _EXPORTS} | {TRUTH_FOLDER}):
        shutil.rmtree(folder / name, ignore_errors=True)


def _deliver(folder: Path, exports: Exports) -> tuple[Exports, list[str]]:
    """Make every file up to the day aside, and move those that are new or other than before into place."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as name,
        open_world(exports.seed, exports.through) as world,
    ):
        draft = Path(name)
        for export in _EXPORTS:
            _write(world, export, exports, draft)
        write_truth(world, exports.through, draft / TRUTH_FOLDER)
        dates = {"base": exports.base.isoformat(), "through": exports.through.isoformat()}
        (draft / NOTE).write_text(json.dumps({"seed": exports.seed, **dates}) + "\n", encoding="utf-8")
        changed = [path for path in sorted(draft.rglob("*")) if path.is_file() and _is_new(path, folder, draft)]
        for path in changed:
            target = folder / path.relative_to(draft)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
        return exports, [path.relative_to(draft).as_posix() for path in changed]


def _is_new(path: Path, folder: Path, draft: Path) -> bool:
    target = folder / path.relative_to(draft)
    return not target.is_file() or target.read_bytes() != path.read_bytes()


def _write(world: duckdb.DuckDBPyConnection, export: _Export, exports: Exports, draft: Path) -> None:
    """Write the files of one export that hold any rows; the first delivery's even without."""
    (draft / export.folder).mkdir(exist_ok=True)
    world.execute(f"create or replace temporary table delivered as {query(export.name)}")
    for label, first, last in _periods(export, exports):
        where = f"arrives_on between date '{first}' and date '{last}'" if label else "true"
        count = world.execute(f"select count(*) from delivered where {where}").fetchall()[0][0]
        if not count and first > exports.base:
            continue
        path = draft / export.folder / f"{export.name}{label}.{export.suffix}"
        rows = f"select * exclude (arrives_on) from delivered where {where} order by rowid"
        if export.suffix == "xlsx":
            found = world.execute(rows)
            write_workbook(path, f"Shop 3, to {last}", [item[0] for item in found.description], found.fetchall())
        else:
            world.execute(f"copy ({rows}) to '{str(path).replace(chr(39), chr(39) * 2)}' ({_COPY[export.suffix]})")
        if export.name == "webshop_orders" and last == exports.through and count:
            _cut_off(path)


def _periods(export: _Export, exports: Exports) -> list[tuple[str, date, date]]:
    """Label, first and last day of each file: of the first delivery, then of each day."""
    if export.delivery == "whole":
        return [("", FIRST_DAY, exports.through)]
    if export.delivery == "at once":
        found = [("_first", FIRST_DAY, exports.base)]
    else:
        found = []
        start = FIRST_DAY
        while start <= exports.base:
            following = (start.replace(day=28) + timedelta(days=4)).replace(day=1)
            found.append((f"_{start:%Y-%m}", start, min(following - timedelta(days=1), exports.base)))
            start = following
    days = (exports.through - exports.base).days
    daily = (exports.base + timedelta(days=number) for number in range(1, days + 1))
    return found + [(f"_{day}", day, day) for day in daily]


def _cut_off(path: Path) -> None:
    """The newest export of the web shop breaks off in its last line of goods, as a cut transfer does."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    last = max(number for number, line in enumerate(lines) if ";VERSAND;" not in line)
    path.write_text("".join([*lines[:last], ";".join(lines[last].split(";")[:4])]), encoding="utf-8")
