"""Files in object stores: fsspec's own memory store, local files, and a web server with and without versions."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import fsspec
import pytest

from crm_pipeline.errors import CrmError, UserError
from crm_pipeline.ingestion.connectors import objects
from crm_pipeline.project import Project
from crm_pipeline_tests.ingestion.connectors.landing_shop import land
from crm_pipeline_tests.ingestion.loading import HEADER, lines_source, staged_rows
from crm_pipeline_tests.kit import make_project

FIRST, SECOND = f"{HEADER}\na,tea,2024-01-01,1,2\n", f"{HEADER}\nb,tea,2024-01-02,1,2\n"


def objects_project(folder: Path, url: str, **source: Any) -> Project:
    """Order lines at an address."""
    return make_project(folder, sources={"lines": lines_source(url, **source)})


@pytest.fixture
def bucket() -> Iterator[Any]:
    """An empty store in memory."""
    system = fsspec.filesystem("memory")
    system.store.clear()
    yield system
    system.store.clear()


def names(project: Project) -> list[str]:
    return [path.relative_to(project.landed_folder("lines")).as_posix() for path in project.source_files("lines")]


def orders(project: Project) -> list[str]:
    return [row["order_id"] for row in staged_rows(project)]


def test_new_and_changed_files_are_fetched_and_others_are_not(bucket: Any, tmp_path: Path) -> None:
    project = objects_project(tmp_path, "memory://shop/exports/**/*.csv")
    bucket.pipe({"/shop/exports/may/lines.csv": FIRST.encode(), "/shop/exports/notes.txt": b"no"})
    assert (land(project), land(project)) == (1, 0)
    bucket.pipe("/shop/exports/june/lines.csv", SECOND.encode())
    assert land(project) == 1
    assert (names(project), orders(project)) == (["june/lines.csv", "may/lines.csv"], ["b", "a"])
    bucket.pipe("/shop/exports/may/lines.csv", FIRST.replace("a,", "c,").encode())
    assert land(project) == 1
    assert orders(project) == ["b", "c"]


def test_a_file_that_goes_there_stays_here(bucket: Any, tmp_path: Path) -> None:
    project = objects_project(tmp_path, "memory://shop/*.csv")
    bucket.pipe({"/shop/a.csv": FIRST.encode(), "/shop/b.csv": SECOND.encode()})
    land(project)
    bucket.rm("/shop/a.csv")
    land(project)
    assert names(project) == ["a.csv", "b.csv"]


def test_one_file_by_its_address(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    (there / "lines.csv").write_text(FIRST, encoding="utf-8")
    project = objects_project(tmp_path, f"file://{there}/lines.csv")
    assert (land(project), orders(project)) == (1, ["a"])


def test_nothing_matches(bucket: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no file matches '/shop/"):
        land(objects_project(tmp_path, "memory://shop/*.csv"))


def test_a_transfer_that_breaks_is_tried_again_and_leaves_no_part(
    bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.pipe("/shop/a.csv", FIRST.encode())
    project = objects_project(tmp_path, "memory://shop/*.csv")
    failures = [OSError("broken"), OSError("broken again")]
    copy = objects.Fetching._copy

    def unsteady(self: Any, path: str, info: Any, part: Path) -> None:
        part.write_text("half of", encoding="utf-8")
        if failures:
            raise failures.pop()
        copy(self, path, info, part)

    monkeypatch.setattr(objects.Fetching, "_copy", unsteady)
    assert (land(project), orders(project)) == (1, ["a"])
    failures += [OSError("down")] * objects.TRIES
    bucket.pipe("/shop/b.csv", SECOND.encode())
    with pytest.raises(CrmError, match="could not be read"):
        land(project)
    assert names(project) == ["a.csv"]


@pytest.mark.parametrize("has_version", [True, False])
def test_a_web_server_is_asked_for_the_version(has_version: bool, tmp_path: Path) -> None:
    pytest.importorskip("aiohttp")
    content = [FIRST.encode()]
    fetched: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        """One file at any path."""

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

        def do_HEAD(self) -> None:
            self.send_response(200 if self.path.startswith("/lines.csv") else 404)
            self.send_header("Content-Length", str(len(content[0])))
            if has_version:
                self.send_header("ETag", sha256(content[0]).hexdigest())
            self.end_headers()

        def do_GET(self) -> None:
            fetched.append(self.path)
            self.do_HEAD()
            self.wfile.write(content[0])

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        project = objects_project(tmp_path, f"{base}/lines.csv?part=1")
        assert land(project) == 1
        before = len(fetched)
        assert land(project) == 0
        assert (len(fetched) == before) is has_version  # without a version, the bytes have to tell
        content[0] = SECOND.encode()
        assert (land(project), orders(project)) == (1, ["b"])
        with pytest.raises(UserError, match="cannot be read"):
            land(objects_project(tmp_path / "other", f"{base}/nothing.csv"))
        server.shutdown()


@pytest.mark.parametrize(
    ("url", "said"),
    [("gs://shop/a.csv", "pip install gcsfs"), ("az://shop/a.csv", "pip install adlfs")],
)
def test_a_missing_package_is_named(url: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=said):
        land(objects_project(tmp_path, url))
