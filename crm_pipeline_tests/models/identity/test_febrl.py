"""The published benchmark of record linkage: FEBRL 1 to 4, one code, default settings, no social-security number."""

import duckdb
import pytest

from crm_pipeline.models.identity import bcubed_metrics, cluster, normalise, pair_metrics, score, train
from crm_pipeline_tests.models.identity.people import febrl

LOWEST_F1 = {1: 0.998, 2: 0.995, 3: 0.995, 4: 0.995}


@pytest.mark.parametrize("number", [1, *(pytest.param(each, marks=pytest.mark.full) for each in (2, 3, 4))])
def test_febrl_duplicates_are_found(number: int) -> None:
    connection = duckdb.connect()
    febrl(connection, number)
    normalise(connection, "records", "normalised")
    model = train(connection, "normalised")
    score(connection, "normalised", model, "pairs")
    cluster(connection, "pairs", "normalised", model, "assignments")
    assert pair_metrics(connection, "assignments", "truth").f1 >= LOWEST_F1[number]
    assert bcubed_metrics(connection, "assignments", "truth").f1 >= LOWEST_F1[number]
