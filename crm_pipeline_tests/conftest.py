"""Fixtures that all tests share."""

from collections.abc import Callable

import pytest


@pytest.fixture(scope="session")
def assert_builds() -> Callable[..., None]:
    """Build a table from inline inputs and compare it with the expected rows; see `kit.assert_builds`."""
    # imported late: tests of models need neither tables nor a warehouse
    from crm_pipeline_tests import kit

    return kit.assert_builds
