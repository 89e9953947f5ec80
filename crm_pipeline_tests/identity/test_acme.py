"""Acme's people with fresh seeds, by the recipes of a run: few are lost, and hardly anybody becomes someone else."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_pipeline_tests.identity.acme import match_acme

LEAST_PRECISION, LEAST_RECALL = 0.995, 0.95


@pytest.mark.full
@pytest.mark.parametrize("seed", [7, 31, 101])
def test_acmes_people_are_found_and_kept_apart(tmp_path: Path, seed: int) -> None:
    found = match_acme(tmp_path, seed)
    assert found.records > 2_000
    assert found.pairs.precision >= LEAST_PRECISION, found
    assert found.pairs.recall >= LEAST_RECALL, found
