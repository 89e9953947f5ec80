"""Calls of pure functions in several processes, whose results come in the order of the calls.

Processes and not threads: the models' many short array operations keep waiting for the interpreter's lock, so that two
threads take longer than one.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from multiprocessing.connection import wait
from types import TracebackType
from typing import Generic, TypeVar

from crm_pipeline.one_thread import one_thread

Result = TypeVar("Result")

MOST_WORKERS = 4
_THREAD_SETTINGS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def worker_count() -> int:
    """The processors this process may use, at most `MOST_WORKERS`: each call holds its frames in memory.

    None but itself where it may not start others (a daemonic process of multiprocessing).
    """
    if multiprocessing.current_process().daemon:
        return 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(MOST_WORKERS, allowed)


@dataclass(frozen=True)
class _Call(Generic[Result]):
    """A call that runs elsewhere, or has run here already; its function is kept in case the worker dies."""

    function: Callable[[], Result]
    future: Future[Result] | None


class SideBySide(Generic[Result]):
    """Calls that run while the next ones are prepared, as many at a time as there are workers.

    Functions, what they are given and their results are pickled. Linear algebra stays on one thread, so that results
    do not depend on where they were computed. A worker that dies (memory may run out) is replaced, and its call made
    once more, in this process. A context manager; when its block is left by an error, calls that wait are dropped, and
    those that run end unheard.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._calls: deque[_Call[Result]] = deque()

    def __enter__(self) -> SideBySide[Result]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for call in self._calls:
            if call.future is not None:
                call.future.cancel()

    def call(self, function: Callable[[], Result], *, alone: bool = False) -> Iterator[Result]:
        """Start a call; yields results that had to be waited for first. With ``alone`` it runs here and now."""
        if alone or self.workers < 2:
            yield from self.rest()
            yield _run(function)
            return
        while len(self._calls) >= self.workers:
            yield self._next()
        self._calls.append(_Call(function, _submitted(function)))

    def rest(self) -> Iterator[Result]:
        """The results that are left."""
        while self._calls:
            yield self._next()

    def _next(self) -> Result:
        call = self._calls.popleft()
        if call.future is not None:
            try:
                return call.future.result()
            except BrokenProcessPool:
                _pool.cache_clear()
        return _run(call.function)


def _submitted(function: Callable[[], Result]) -> Future[Result] | None:
    """The call on its way to a worker; None when workers died of one before it."""
    try:
        return _pool().submit(_run, function)
    except BrokenProcessPool:
        _pool.cache_clear()
        return None


def _run(function: Callable[[], Result]) -> Result:
    with one_thread():
        return function()


@cache
def _pool() -> ProcessPoolExecutor:
    """Workers that are started afresh (a copy of a process with an engine's threads would stand still), once."""
    return ProcessPoolExecutor(worker_count(), multiprocessing.get_context("spawn"), initializer=_prepare_worker)


def _prepare_worker() -> None:
    """One thread for libraries to come; the terminal's interrupt is the parent's affair, whose end is the worker's."""
    os.environ.update(dict.fromkeys(_THREAD_SETTINGS, "1"))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    """A killed parent cannot say good-bye."""
    wait([sentinel])
    os._exit(1)
