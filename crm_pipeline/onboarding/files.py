"""Which files the user means, and which of them are one source: the same columns in several files."""

from __future__ import annotations

import glob
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from crm_pipeline.errors import UserError
from crm_pipeline.ingestion.reading import ReadSettings
from crm_pipeline.ingestion.reading.reader import COMPRESSED, KINDS, kind_of
from crm_pipeline.onboarding.columns import ColumnLook, look_at
from crm_pipeline.onboarding.names import concepts, split_name, spoken
from crm_pipeline.onboarding.sampling import Sample, bytes_per_file, read_sample

ASIAN = ("big5", "gb18030", "gbk", "gb2312", "shift_jis", "cp932", "euc_jp", "euc_kr", "cp949", "cp950")
MOST_TITLE_LINES = 5
LOOKED_AT = 5000
"""So many rows of a sample are looked at, evenly spread over it."""


@dataclass(frozen=True)
class FileGroup:
    """Files with the same columns, read as one source: the first one's sample, and what its columns look like.

    ``read`` says how they are written where the reader does not find it: an encoding, or lines above the names.
    """

    paths: tuple[Path, ...]
    sample: Sample
    looks: tuple[ColumnLook, ...]
    read: Mapping[str, Any] = field(default_factory=dict)

    @property
    def stem(self) -> str:
        """What the files' names have in common, without suffixes and numbers; else the first one's stem."""
        stems = [_stem(path) for path in self.paths]
        common = _common_start(stems).rstrip("0123456789 _-.") if len(stems) > 1 else stems[0]
        return common or stems[0]

    @property
    def label(self) -> str:
        """How messages call the files."""
        more = f" and {len(self.paths) - 1} more" if len(self.paths) > 1 else ""
        return f"{self.paths[0].name}{more}"


def _common_start(texts: Sequence[str]) -> str:
    """The characters that all texts begin with."""
    first, last = min(texts), max(texts)
    length = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:length]


def _stem(path: Path) -> str:
    name = path.name
    while (suffix := Path(name).suffix.lower()) in COMPRESSED or suffix in KINDS:
        name = name[: -len(suffix)]
    return name


def expand(given: Sequence[str]) -> list[Path]:
    """The files that arguments name: files, patterns, and folders with all data files in them."""
    found: list[Path] = []
    for text in given:
        path = Path(text).expanduser()
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file() and kind_of(p) is not None)
            if not inside:
                raise UserError(f"{text}: no data files in this folder; expected CSV, JSON, Parquet or Excel files")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            matched = sorted(Path(p) for p in glob.glob(str(path), recursive=True) if Path(p).is_file())
            if not matched:
                raise UserError(f"{text}: there is no such file, folder or pattern with files")
            found += matched
    return list(dict.fromkeys(path.resolve() for path in found))


def look_at_files(paths: Sequence[Path]) -> tuple[list[FileGroup], list[str]]:
    """Group files by folder, kind and columns, and look at each group; and say what could not be read."""
    budget = bytes_per_file(len(paths))
    groups: dict[tuple[object, ...], tuple[list[Path], Sample, dict[str, Any]]] = {}
    unread: list[str] = []
    for path in paths:
        try:
            sample, read = _best_sheet(path, budget)
        except UserError as error:
            unread.append(str(error))
            continue
        names = frozenset(name.lower() for name in sample.facts.names)
        key = (path.parent, sample.facts.kind, names, _words(path), str(read))
        if key in groups:
            groups[key][0].append(path)
        else:
            groups[key] = ([path], sample, read)
    found = [FileGroup(tuple(files), sample, tuple(_looks(sample)), read) for files, sample, read in groups.values()]
    return _mended_encodings(found, budget), unread


def _best_sheet(path: Path, budget: int) -> tuple[Sample, dict[str, Any]]:
    """The file, of a workbook the sheet of whose names most are known; of the same number the first."""
    best = _with_names(path, {}, budget)
    for sheet in best[0].facts.sheets:
        if sheet == best[0].facts.sheet:
            continue
        try:
            found = _with_names(path, {"sheet": sheet}, budget)
        except UserError:  # an empty sheet, say
            continue
        if _known_names(found[0]) > _known_names(best[0]):
            best = found
    return best


def _with_names(path: Path, read: dict[str, Any], budget: int) -> tuple[Sample, dict[str, Any]]:
    """Skip a title above the names: where hardly a name means anything, the first line in which more do."""
    sample = read_sample(path, ReadSettings.model_validate(read), budget)
    known = _known_names(sample)
    if sample.facts.kind not in ("csv", "excel") or known > 1:
        return sample, read
    for lines in range(1, MOST_TITLE_LINES + 1):
        skipping = {**read, "skip_lines": lines}
        try:
            again = read_sample(path, ReadSettings.model_validate(skipping), budget)
        except UserError:
            break
        if _known_names(again) > known + 1:
            return again, skipping
    return sample, read


def _known_names(sample: Sample) -> int:
    return sum(bool(concepts(name)[0]) for name in sample.facts.names)


def _mended_encodings(groups: Sequence[FileGroup], budget: int) -> list[FileGroup]:
    """Little text of many accents may pass for an Asian encoding; where all other names are Latin, it is none."""
    doubtful = [group for group in groups if group.sample.facts.encoding in ASIAN]
    votes = spoken([look.name for group in groups if group not in doubtful for look in group.looks])
    if not doubtful or not votes:
        return list(groups)
    language = max(sorted(votes), key=lambda name: votes[name])
    if language == "zh":
        return list(groups)
    encoding = "cp1250" if language == "pl" else "cp1252"
    return [_read_again(group, encoding, budget) if group in doubtful else group for group in groups]


def _read_again(group: FileGroup, encoding: str, budget: int) -> FileGroup:
    read = {**group.read, "encoding": encoding}
    sample = read_sample(group.paths[0], ReadSettings.model_validate(read), budget)
    return FileGroup(group.paths, sample, tuple(_looks(sample)), read)


def _words(path: Path) -> tuple[str, ...]:
    """The words of a file's name without its numbers: `orders_2023` and `orders_2024` are alike."""
    return tuple(split_name(_stem(path)))


def _looks(sample: Sample) -> list[ColumnLook]:
    import numpy as np

    rows = sample.rows
    keep = rows.filter(rows.column("__broken").is_null())
    step = max(1, keep.num_rows // LOOKED_AT)
    chosen = keep.take(np.arange(0, keep.num_rows, step))
    return [look_at(name, chosen.column(name).to_pylist()) for name in sample.facts.names]


def pattern_for(paths: Sequence[Path], others: Sequence[Path]) -> str | None:
    """A file-name pattern that matches these files of one folder and none of the others there; None without one."""
    names = [path.name for path in paths]
    if len(names) == 1:
        return names[0]
    prefix = _common_start(names)
    suffix = _common_start([name[len(prefix) :][::-1] for name in names])[::-1]
    pattern = f"{glob.escape(prefix)}*{glob.escape(suffix)}"
    rest = [p.name for p in paths[0].parent.iterdir() if p.is_file() and p.name not in names]
    rest += [p.name for p in others if p.parent == paths[0].parent and p.name not in names]
    return None if any(fnmatch(name, pattern) for name in rest) else pattern
