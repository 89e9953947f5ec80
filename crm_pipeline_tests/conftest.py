"""Fixtures that all tests share."""

from collections.abc import Callable

import pytest

from crm_pipeline_tests import kit


@pytest.fixture(scope="session")
def assert_builds() -> Callable[..., None]:
    """Build a table from inline inputs and compare it with the expected rows; see `kit.assert_builds`."""
    return kit.assert_builds
