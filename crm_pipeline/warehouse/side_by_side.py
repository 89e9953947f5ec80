"""Calls of pure functions on several threads, whose results come in the order of the calls."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from types import TracebackType
from typing import Generic, TypeVar

from crm_pipeline.one_thread import one_thread

Result = TypeVar("Result")

MOST_THREADS = 4


def thread_count() -> int:
    """The processors this process may use, at most `MOST_THREADS`: each call holds its frames in memory."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(MOST_THREADS, allowed)


class SideBySide(Generic[Result]):
    """Calls that run while the next ones are prepared, as many at a time as there are threads.

    Linear algebra inside them stays on its caller's thread, so that results do not depend on what runs beside. A
    context manager; when its block is left by an error, calls that wait are dropped, and those that run end
    unheard.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._pool = ThreadPoolExecutor(threads)
        self._limits = ExitStack()
        self._calls: deque[Future[Result]] = deque()

    def __enter__(self) -> SideBySide[Result]:
        self._limits.enter_context(one_thread())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=error is None, cancel_futures=True)
        self._limits.close()

    def call(self, function: Callable[[], Result], *, alone: bool = False) -> Iterator[Result]:
        """Start a call; yields results that had to be waited for first. With ``alone`` nothing runs beside it."""
        if alone:
            yield from self.rest()
            yield function()
            return
        while len(self._calls) >= self.threads:
            yield self._calls.popleft().result()
        self._calls.append(self._pool.submit(function))

    def rest(self) -> Iterator[Result]:
        """The results that are left."""
        while self._calls:
            yield self._calls.popleft().result()
