"""One server of each kind for all tests of the session."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest

from crm_pipeline_tests.ingestion.connectors.servers import Server, mariadb_server, mongo_server, postgres_server


def _running(make: Callable[[], Server]) -> Iterator[Server]:
    server = make()
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """PostgreSQL."""
    yield from _running(postgres_server)


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Server]:
    """MariaDB."""
    yield from _running(mariadb_server)


@pytest.fixture(scope="session")
def mongo() -> Iterator[Server]:
    """A server of MongoDB's protocol."""
    yield from _running(mongo_server)
