"""Exports are complete or absent, and the history says who was in which audience when."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from crm_pipeline.audiences import export as export_module
from crm_pipeline.audiences.export import audiences_due, export_audience, export_scheduled
from crm_pipeline.audiences.history import copy_into, exports_of
from crm_pipeline.errors import CrmError, UserError
from crm_pipeline.pipeline import Pipeline
from crm_pipeline.project import Project
from crm_pipeline_tests.acceptance.commands import crm
from crm_pipeline_tests.audiences.published import FEBRUARY, JANUARY, audience_project, many, publish

NOW = datetime(2024, 2, 1, 6, tzinfo=UTC)
HALF = {"segment": "at risk", "control_share": 0.5}


def export(project: Project, name: str = "them", **given: Any) -> export_module.Exported:
    return export_audience(Pipeline(project), name, given.pop("snapshot", FEBRUARY), "run 1", NOW, **given)


def history(project: Project) -> list[tuple[Any, ...]]:
    """What readers see of the history after the next publication."""
    with duckdb.connect(":memory:") as connection:
        connection.execute("attach ':memory:' as copy")
        copy_into(connection, "copy", project.warehouse_folder / "audiences")
        return connection.execute(
            "select audience, snapshot_date, export_number, customer_id, audience_group "
            "from copy.audiences.audience_members order by all"
        ).fetchall()


@pytest.mark.parametrize(("kind", "read"), [("csv", "read_csv"), ("parquet", "read_parquet")])
def test_the_treated_are_handed_over_and_everyone_is_remembered(tmp_path: Path, kind: str, read: str) -> None:
    project = audience_project(tmp_path, them={**HALF, "format": kind, "path": "out/{audience}_{snapshot}." + kind})
    publish(project, **many(20))
    done = export(project)
    path = tmp_path / "out" / f"them_2024-02-01.{kind}"
    assert done.target == str(path)
    handed = duckdb.sql(f"select audience, snapshot_date::varchar, customer_id from {read}('{path}')").fetchall()
    said = history(project)
    assert handed == [("them", "2024-02-01", row[3]) for row in said if row[4] == "treated"]
    assert len(said) == 20 and 0 < done.control == sum(row[4] == "control" for row in said) < 20
    (entry,) = exports_of(project.warehouse_folder / "audiences", "them")
    assert (entry.run_id, entry.exported_at, entry.treated, entry.control) == ("run 1", NOW, len(handed), done.control)


def test_the_history_only_grows_and_says_a_thing_once(tmp_path: Path) -> None:
    project = audience_project(tmp_path, them={"segment": "at risk"})
    assert [export(project).is_new, export(project).is_new] == [True, False]
    first = history(project)
    files = {path: path.read_bytes() for path in (tmp_path / "warehouse/audiences/history").rglob("*.parquet")}
    publish(project, **many(3))
    assert export(project).is_new
    assert export(project, snapshot=JANUARY).is_new, "nobody: an export as well"
    assert history(project)[: len(first)] == first
    assert {row[2:4] for row in history(project)[len(first) :]} == {(2, f"c{n:05d}") for n in range(3)}
    assert [entry.treated for entry in exports_of(tmp_path / "warehouse/audiences", "them")] == [2, 3, 0]
    assert {path: path.read_bytes() for path in files} == files


class Died(BaseException):
    """As a kill would, nothing handles it."""


@pytest.mark.parametrize("where", ["write_table", "remember"])
def test_an_export_that_dies_leaves_nothing_half_and_is_made_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    project = audience_project(tmp_path, them=HALF)
    publish(project, **many(20))

    def die(*given: object) -> None:
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr(export_module, where, die)
        with pytest.raises(Died):
            export(project)
    assert exports_of(tmp_path / "warehouse/audiences", "them") == []
    assert audiences_due(Pipeline(project)) == ["them"]
    assert export(project).is_new and audiences_due(Pipeline(project)) == []
    assert not list((tmp_path / "warehouse").rglob("*.draft"))


def test_a_file_is_whole_or_not_there_when_the_disk_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow.csv

    project = audience_project(tmp_path, them={"segment": "at risk", "path": "them.csv"})
    export(project)
    before = (tmp_path / "them.csv").read_bytes()
    publish(project, **many(9))

    def half(rows: Any, path: Path) -> None:
        path.write_text("half of")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(pyarrow.csv, "write_csv", lambda rows, at: half(rows, at) if isinstance(at, Path) else None)
        with pytest.raises(CrmError, match="disk is full"):
            export(project)
    assert (tmp_path / "them.csv").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["them.csv"]
    assert len(exports_of(tmp_path / "warehouse/audiences", "them")) == 1


def test_by_itself_what_changed_is_exported_and_one_failure_keeps_no_other(tmp_path: Path) -> None:
    project = audience_project(
        tmp_path,
        broken={"segment": "no such"},
        by_hand={"segment": "at risk", "on_schedule": False},
        them={"segment": "at risk", "path": "them.csv"},
    )
    for _ in range(2):
        with pytest.raises(UserError, match=r"audiences\.broken\.segment"):
            export_scheduled(Pipeline(project), "run", NOW)
    good = project.model_copy(update={"audiences": {k: v for k, v in project.audiences.items() if k != "broken"}})
    assert export_scheduled(Pipeline(good), "run", NOW) == [], "handed over beside the failure, once"
    (tmp_path / "them.csv").unlink()
    assert [done.is_new for done in export_scheduled(Pipeline(good), "run", NOW)] == [False]
    publish(good, **many(3))
    assert [done.treated for done in export_scheduled(Pipeline(good), "run", NOW)] == [3]


def test_before_the_first_snapshot_nothing_is_due(tmp_path: Path) -> None:
    project = audience_project(tmp_path, them={"segment": "at risk"})
    publish(project, without="segments")
    assert audiences_due(Pipeline(project)) == [] and export_scheduled(Pipeline(project), "run", NOW) == []
    with pytest.raises(UserError, match="holds no snapshot yet"):
        export_module.snapshot_to_export(Pipeline(project), None)
    Pipeline(project).warehouse.published.unlink()
    assert audiences_due(Pipeline(project)) == [] and export_scheduled(Pipeline(project), "run", NOW) == []


def test_a_query_over_what_is_not_built_says_so(tmp_path: Path) -> None:
    project = audience_project(tmp_path, them={"query": "select distinct customer_id from churn_predictions"})
    publish(project, without="churn")
    with pytest.raises(UserError, match=r"audiences\.them: a table that it needs is not in the copy for readers yet"):
        export(project)


def test_an_error_in_the_code_keeps_no_other_audience(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = audience_project(tmp_path, a={"segment": "champions"}, b={"segment": "at risk"})
    real = export_module.write_table

    def fail(rows: Any, path: Path, kind: str) -> None:
        if path.parent.name == "a":
            raise ValueError("of a customer")
        real(rows, path, kind)

    monkeypatch.setattr(export_module, "write_table", fail)
    with pytest.raises(CrmError, match=r"^audiences\.a: not handed over, by an error in the code \(ValueError\)$"):
        export_scheduled(Pipeline(project), "run", NOW)
    assert [entry.treated for entry in exports_of(tmp_path / "warehouse/audiences", "b")] == [2]


def test_what_went_elsewhere_does_not_hand_it_over_again(tmp_path: Path) -> None:
    project = audience_project(
        tmp_path, them={"segment": "champions"}, one_file={"segment": "champions", "path": "one.csv"}
    )
    export_scheduled(Pipeline(project), "run", NOW)
    assert export(project, snapshot=JANUARY).is_new
    assert [export(project, output=tmp_path / "x.csv").is_new for _ in range(2)] == [True, False]
    assert audiences_due(Pipeline(project)) == [] and not export(project).is_new
    export(project, "one_file", snapshot=JANUARY)
    assert audiences_due(Pipeline(project)) == ["one_file"], "its only file holds the older snapshot"


CRM = """name: shop
currency: EUR
snapshots: {every: month, first: 2024-01-01}
sources: {lines: {entity: order_lines, path: order_lines.csv, columns: {order_id: a, product_id: b, ordered_at: c,
  quantity: d, net_amount: e}}}
"""


def test_the_command_says_what_it_did_or_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "crm.yaml").write_text(CRM)
    assert "names no audiences" in crm("export", tmp_path, "--audience", "them").text
    (tmp_path / "crm.yaml").write_text(CRM + "audiences: {them: {segment: at risk}, sql: {where: 'clv > 1'}}\n")
    early = crm("export", tmp_path, "--audience", "them")
    assert (early.code, "start with: crm-pipeline run" in early.text) == (2, True)
    publish(audience_project(tmp_path))
    assert (
        "2 customers would be exported, 0 held out" in crm("export", tmp_path, "--audience", "them", "--dry-run").text
    )
    assert not (tmp_path / "warehouse/audiences").exists()
    done = crm("export", tmp_path, "--audience", "them", "--output", str(tmp_path / "x.csv"))
    assert (done.code, "2 customers exported" in done.text, (tmp_path / "x.csv").exists()) == (0, True, True)
    listed = crm("export", tmp_path, "--list").text
    assert "them: segment at risk, as csv, after each run exported 1 time," in listed and "not exported yet" in listed
    for given, says in (
        (("--audience", "thm"), "did you mean 'them'"),
        ((), "say which audience"),
        (("--audience", "them", "--snapshot", "2024-03-01"), "to 2024-02-01; build it with: crm-pipeline run"),
        (("--audience", "them", "--snapshot", "2024-01-11"), "2024-01-01 to 2024-02-01; the nearest is 2024-01-01"),
        (("--audience", "them", "--output", str(tmp_path)), "is a folder"),
    ):
        ended = crm("export", tmp_path, *given)
        assert ended.code == 2 and says in ended.text and "Traceback" not in ended.text, ended.text
