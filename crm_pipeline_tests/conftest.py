"""Fixtures that all tests share."""

from collections.abc import Callable

import pytest

LONGEST = (
    "test_killed.py",
    "test_point_in_time.py",
    "test_clock.py",
    "test_incremental.py",
    "test_poor_data.py",
    "test_replay.py",
    "test_init.py",
    "test_acme.py",
    "test_broken_files.py",
    "test_readers_while_writing.py",
)
"""Files of the longer tests by the time that they take, so that none of them begins when all others are done."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files of the longer tests; the quick ones stay in their order."""
    rank = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)) if item.get_closest_marker("full") else len(rank))


@pytest.fixture(scope="session")
def assert_builds() -> Callable[..., None]:
    """Build a table from inline inputs and compare it with the expected rows; see `kit.assert_builds`."""
    # imported late: tests of models need neither tables nor a warehouse
    from crm_pipeline_tests import kit

    return kit.assert_builds
