"""Exports beside folders of others, on a published file filled by hand."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from crm_pipeline.errors import UserError
from crm_pipeline.pipeline import Pipeline
from crm_pipeline.published_parquet import MARKER, export_tables
from crm_pipeline.warehouse.connection import WarehouseError
from crm_pipeline_tests.kit import make_project
from crm_pipeline_tests.report.tables import NEWEST, published_file


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    made = Pipeline(make_project(tmp_path / "project"))
    made.warehouse.prepare()
    with published_file() as memory:
        memory.execute(f"attach '{tmp_path / 'copy.duckdb'}' as copied")
        memory.execute("copy from database memory to copied")
    shutil.move(tmp_path / "copy.duckdb", made.warehouse.published)
    return made


def listed(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_folders_of_others_beside_the_target_stay(pipeline: Pipeline, tmp_path: Path) -> None:
    place = tmp_path / "place"
    for name in ("out.old", "out.new"):
        (place / name).mkdir(parents=True)
        (place / name / "mine.txt").write_text("mine")
    for _ in range(2):
        assert export_tables(pipeline, place / "out", ["customer_clv"], None, "csv") == {"customer_clv": 5}
    assert listed(place) == [
        "out.new/mine.txt",
        "out.old/mine.txt",
        f"out/{MARKER}",
        "out/features/customer_clv/2024-02-01.csv",
        "out/features/customer_clv/2024-03-01.csv",
    ]
    assert sorted(path.name for path in place.iterdir()) == ["out", "out.new", "out.old"]


def test_others_may_read_the_export(pipeline: Pipeline, tmp_path: Path) -> None:
    """The folder has the rights that any new folder has, not those of a temporary one."""
    (tmp_path / "usual").mkdir()
    export_tables(pipeline, tmp_path / "out", ["customer_clv"], NEWEST, "csv")
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_former_export_comes_back_when_the_new_one_cannot_take_its_place(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out"
    export_tables(pipeline, target, ["customer_clv"], NEWEST, "csv")
    before, rename = listed(target), Path.rename

    def refused(self: Path, other: Path) -> Path:
        if self.name == "new":
            raise PermissionError(13, "no")
        return rename(self, other)

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(WarehouseError):
        export_tables(pipeline, target, ["customer_clv"], None, "csv")
    assert listed(target) == before


@pytest.mark.parametrize("place", [".", "/", ".."])
def test_a_target_without_a_name(pipeline: Pipeline, place: str) -> None:
    with pytest.raises(UserError, match="the folder is replaced as a whole; name one of its own"):
        export_tables(pipeline, Path(place), [], None, "csv")


def test_a_snapshot_that_is_not_there(pipeline: Pipeline, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="snapshot 1999-01-01 is not published; the newest are 2024-02-01, 2024-03-01"):
        export_tables(pipeline, tmp_path / "out", [], date(1999, 1, 1), "csv")
    assert not (tmp_path / "out").exists()
