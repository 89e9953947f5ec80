"""Functions on threads: results in the order of the calls, errors at once, self-readers one after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from crm_pipeline.warehouse.side_by_side import MOST_THREADS, SideBySide, thread_count

PATIENCE = 10
"""Seconds after which a call that should have been met stops waiting."""


def test_as_many_threads_as_processors_within_reason() -> None:
    assert 1 <= thread_count() <= MOST_THREADS


def test_results_come_in_the_order_of_the_calls() -> None:
    second_is_done = threading.Event()

    def first() -> str:
        assert second_is_done.wait(PATIENCE)
        return "first"

    def second() -> str:
        second_is_done.set()
        return "second"

    found: list[str] = []
    with SideBySide[str](2) as calls:
        for function in (first, second, lambda: "third"):
            found += calls.call(function)
        found += calls.rest()
    assert found == ["first", "second", "third"]


def test_two_calls_run_at_the_same_time() -> None:
    meeting = threading.Barrier(2, timeout=PATIENCE)
    with SideBySide[int](2) as calls:
        found = [*calls.call(meeting.wait), *calls.call(meeting.wait), *calls.rest()]
    assert sorted(found) == [0, 1]


def test_a_call_that_runs_alone_waits_for_those_before() -> None:
    running: list[str] = []
    seen: list[list[str]] = []

    def busy() -> str:
        running.append("busy")
        running.remove("busy")
        return "busy"

    def alone() -> str:
        seen.append(list(running))
        return "alone"

    with SideBySide[str](2) as calls:
        found = [*calls.call(busy), *calls.call(busy), *calls.call(alone, alone=True), *calls.rest()]
    assert found == ["busy", "busy", "alone"]
    assert seen == [[]]


@pytest.mark.parametrize("alone", [False, True])
def test_an_error_is_the_callers_and_drops_what_waits(alone: bool) -> None:
    called: list[str] = []

    def fails() -> None:
        raise ValueError("no such customer")

    def note() -> None:
        called.append("after")

    def attempt(function: Callable[[], None]) -> None:
        with SideBySide[None](1) as calls:
            list(calls.call(function, alone=alone))
            list(calls.call(note))
            list(calls.rest())

    with pytest.raises(ValueError, match="no such customer"):
        attempt(fails)
    assert called == []
