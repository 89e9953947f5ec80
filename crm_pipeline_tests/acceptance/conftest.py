"""One small shop, built once by a run in a process of its own; tests that change something work on a copy."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
from filelock import FileLock

from crm_pipeline.simulation import Shop
from crm_pipeline_tests.acceptance.browsing import browser_path
from crm_pipeline_tests.acceptance.commands import Ended, crm_process
from crm_pipeline_tests.acceptance.shops import small_shop, write_project

MEMORY_DISK = Path("/dev/shm")
ENOUGH_BYTES = 2_000_000_000


@dataclass(frozen=True)
class Built:
    """A project after its first run."""

    folder: Path
    shop: Shop
    first_run: Ended


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A folder in memory where there is one: small runs mostly wait for Dagster's many commits to reach a disk."""
    there = MEMORY_DISK.is_dir() and shutil.disk_usage(MEMORY_DISK).free > ENOUGH_BYTES
    with tempfile.TemporaryDirectory(prefix="crm-", dir=MEMORY_DISK if there else None) as folder:
        yield Path(folder)


@pytest.fixture
def new_folder(scratch: Path) -> Iterator[Callable[[], Path]]:
    """Makes folders that go when the test ends."""
    made: list[Path] = []

    def make() -> Path:
        made.append(Path(tempfile.mkdtemp(dir=scratch)))
        return made[-1] / "shop"

    yield make
    for folder in made:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def built(scratch: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The small shop with dirt, built by `crm-pipeline run`, once for all test processes. Not to be changed."""
    shop, folder = small_shop(), scratch / "built"
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "acceptance"
    shared.mkdir(exist_ok=True)
    with FileLock(shared / "lock"):
        if not (shared / "ended.json").exists():
            write_project(folder, shop)
            ended = crm_process("run", folder)
            shutil.copytree(folder, shared / "built", dirs_exist_ok=True)
            (shared / "ended.json").write_text(json.dumps(asdict(ended)))
    if not folder.exists():
        shutil.copytree(shared / "built", folder)
    return Built(folder, shop, Ended(**json.loads((shared / "ended.json").read_text())))


@pytest.fixture
def project(built: Built, new_folder: Callable[[], Path]) -> Path:
    """A copy of the built project, to be changed."""
    assert built.first_run.code == 0, built.first_run.text
    return Path(shutil.copytree(built.folder, new_folder()))


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """A headless browser."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        # The sandbox needs rights that containers do not give; the pages are our own.
        launched = driver.chromium.launch(executable_path=browser_path(), args=["--no-sandbox"])
        yield launched
        launched.close()
