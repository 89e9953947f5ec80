"""Reads one sheet of an Excel or OpenDocument workbook (python-calamine: quick, and needs no other package)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from crm_pipeline.errors import UserError
from crm_pipeline.ingestion.reading.dialect import looks_like_data
from crm_pipeline.ingestion.reading.reader import Facts, text_table, unique_names, unreadable
from crm_pipeline.ingestion.reading.records import TOO_MANY
from crm_pipeline.ingestion.reading.settings import ReadSettings

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 50_000
_WHOLE = 1e15
"""Floats below this size that are whole numbers are written without a point: Excel knows no integers."""


class ExcelReader:
    """A record per row that is not empty; a row with values beyond the header's columns is rejected."""

    lines = None

    def __init__(self, path: Path, settings: ReadSettings) -> None:
        from python_calamine import CalamineError, load_workbook

        self._path, self._settings = path, settings
        try:
            self._workbook = load_workbook(str(path))
        except (CalamineError, ValueError) as error:
            raise unreadable(path, error) from None
        self._sheet = self._find_sheet()
        self._names, self._first, self._notes = self._look()

    @property
    def facts(self) -> Facts:
        """Sheet and names, and which sheets there are."""
        return Facts(
            "excel", tuple(self._names), sheet=self._sheet, notes=tuple(self._notes), sheets=tuple(self.sheets)
        )

    @property
    def sheets(self) -> list[str]:
        """The names of all sheets."""
        return list(self._workbook.sheet_names)

    def _find_sheet(self) -> str:
        wanted = self._settings.sheet
        if wanted is None:
            filled = (name for name in self.sheets if next(self._rows(name), None))
            return next(filled, self.sheets[0] if self.sheets else "")
        if isinstance(wanted, int):
            if not 1 <= wanted <= len(self.sheets):
                raise UserError(f"{self._path}: there is no sheet {wanted}; it has {', '.join(self.sheets)}")
            return self.sheets[wanted - 1]
        if wanted not in self.sheets:
            raise UserError(f"{self._path}: there is no sheet {wanted!r}; it has {', '.join(self.sheets)}")
        return wanted

    def _rows(self, sheet: str) -> Iterator[tuple[int, list[str | None]]]:
        """Number (from 1, as Excel shows it) and texts of each row that is not empty."""
        from python_calamine import CalamineError

        try:
            found = self._workbook.get_sheet_by_name(sheet)
        except CalamineError as error:
            raise unreadable(self._path, error) from None
        if found.start is None:
            return
        for number, row in enumerate(found.iter_rows(), start=1):
            texts = [cell_text(cell) for cell in row]
            if any(text is not None for text in texts):
                yield number, texts

    def _look(self) -> tuple[list[str], int, list[str]]:
        """Names, number of the first row that may be a record, and doubts."""
        rows = (item for item in self._rows(self._sheet) if item[0] > self._settings.skip_lines)
        number, first = next(rows, (0, []))
        if not first:
            raise UserError(
                f"{self._path}: sheet {self._sheet!r} is empty; expected a row with the names of the columns"
            )
        notes = [f"it has several sheets: {', '.join(self.sheets)}"] if len(self.sheets) > 1 else []
        header = self._settings.header
        if header is not True:
            names = header or [f"column{index}" for index in range(len(first))]
            return unique_names(names), number, notes
        texts = [text or "" for text in first]
        while texts and not texts[-1]:
            texts.pop()
        if looks_like_data(texts):
            notes.append("the first row looks like values, not names")
        return unique_names(texts), number + 1, notes

    def batches(self) -> Iterator[pa.Table]:
        """Tables in the order of the sheet; see `Reader.batches`."""
        width, records = len(self._names), 0
        rows = (item for item in self._rows(self._sheet) if item[0] >= self._first)
        while batch := list(islice(rows, BATCH_ROWS)):
            positions, broken, values = [], [], []
            for number, texts in batch:
                is_broken = any(text is not None for text in texts[width:])
                records += not is_broken
                positions.append(-number if is_broken else records)
                broken.append(TOO_MANY if is_broken else None)
                values.append([None] * width if is_broken else [*texts, *[None] * width][:width])
            yield text_table(self._names, positions, broken, list(zip(*values, strict=True)))


def cell_text(cell: object) -> str | None:
    """A cell's value as text; None when it is empty."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < _WHOLE else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell.total_seconds())
    return str(cell).replace("\0", "")
