"""A limit that several models may ask for at the same time, each on a thread of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from threadpoolctl import threadpool_limits

_changing_limits = Lock()
_limits: list[threadpool_limits] = []
_holders = 0


@contextmanager
def one_thread() -> Iterator[None]:
    """Linear algebra on one thread each: sums of several threads differ in the last bits from run to run.

    The limit belongs to the process, so it stands until the last of those who asked for it is done; libraries that
    were loaded since the first asked are limited too.
    """
    global _holders
    with _changing_limits:
        _limits.append(threadpool_limits(limits=1))
        _holders += 1
    try:
        yield
    finally:
        with _changing_limits:
            _holders -= 1
            while _limits and not _holders:
                _limits.pop().restore_original_limits()
