"""One small shop, built once by a run in a process of its own; tests that change something work on a copy."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from crm_pipeline.simulation import Shop
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
def built(scratch: Path) -> Built:
    """The small shop with dirt, built by `crm-pipeline run`. Not to be changed."""
    shop = small_shop()
    folder = write_project(scratch / "built", shop)
    return Built(folder, shop, crm_process("run", folder))


@pytest.fixture
def project(built: Built, new_folder: Callable[[], Path]) -> Path:
    """A copy of the built project, to be changed."""
    assert built.first_run.code == 0, built.first_run.text
    return Path(shutil.copytree(built.folder, new_folder()))
