"""The terminal during a run: Dagster captures what steps print, and repeats it by processes of its own."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_STREAMS = (1, 2)
"""File descriptors of standard output and standard error."""


@contextmanager
def kept_streams() -> Iterator[None]:
    """Put standard output and error back at the end, also where a run is left while a step has them.

    Without it, what is said after an interrupt lands in the step's log instead of the terminal.
    """
    # copies have numbers above those of the streams, one of which may be free
    kept = {item: fcntl.fcntl(item, fcntl.F_DUPFD_CLOEXEC, 3) for item in _STREAMS if _is_open(item)}
    try:
        yield
    finally:
        flush()
        for stream, copy in kept.items():
            os.dup2(copy, stream)
            os.close(copy)


def flush() -> None:
    """Write what is still to be written; nothing where whoever read it is gone."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # gone, closed, none
            stream.flush()


def _is_open(stream: int) -> bool:
    try:
        os.fstat(stream)
    except OSError:
        return False
    return True


@contextmanager
def children_that_end() -> Iterator[None]:
    """Let processes that are started here be told to end, also where this one was started to ignore that.

    What a process ignores, its children ignore, and Dagster waits half a minute or longer for each of its log readers.
    What a process handles, its children do not inherit; so it is handled here, by doing nothing.
    """
    is_main = threading.current_thread() is threading.main_thread()
    ignored = [item for item in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(item) is signal.SIG_IGN]
    try:
        for item in ignored if is_main else []:
            signal.signal(item, lambda *_: None)
        yield
    finally:
        for item in ignored if is_main else []:
            signal.signal(item, signal.SIG_IGN)


def leave_interrupts_to_main() -> None:
    """In the thread of a run: processes that it starts do not see Ctrl-C, and end with the command.

    The terminal sends it to all of them. Those that repeat what steps print would end with a traceback, before the
    last word.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
