"""Limits of the whole process, asked for on several threads at once."""

from __future__ import annotations

import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from crm_pipeline.models.quiet import quiet_lifetimes
from crm_pipeline.one_thread import one_thread

PATIENCE = 10


def _threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def test_the_limit_stands_until_the_last_of_those_who_asked_is_done() -> None:
    met = Barrier(2, timeout=PATIENCE)

    def inside() -> set[int]:
        with one_thread():
            met.wait()
        return _threads()

    with threadpool_limits(limits=2, user_api="blas"):
        before = _threads()
        with one_thread(), ThreadPoolExecutor(2) as pool:
            ended = [pool.submit(inside), pool.submit(inside)]
            assert [each.result() for each in ended] == [{1}, {1}]
            assert _threads() == {1}
        assert _threads() == before == {2}


def test_an_error_lifts_the_limit() -> None:
    with threadpool_limits(limits=2, user_api="blas"):
        with pytest.raises(ValueError, match="singular"), one_thread():
            raise ValueError("singular")
        assert _threads() == {2}


def test_standard_output_is_its_own_again_after_fits_on_two_threads(capsys: pytest.CaptureFixture[str]) -> None:
    own = sys.stdout

    def fit(number: int) -> int:
        with quiet_lifetimes():
            print("did not converge")
            warnings.warn("precision loss", stacklevel=1)
            return number

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(fit, range(50))) == list(range(50))
    assert sys.stdout is own
    assert capsys.readouterr().out == ""
