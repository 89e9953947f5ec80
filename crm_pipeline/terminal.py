"""The terminal during a run: Dagster captures what steps print, and repeats it by processes of its own."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_STREAMS = (1, 2)
"""File descriptors of standard output and standard error."""


@contextmanager
def kept_streams() -> Iterator[None]:
    """Put standard output and error back at the end, also where a run is left while a step has them.

    Without it, what is said after an interrupt lands in the step's log instead of the terminal.
    """
    kept = {stream: os.dup(stream) for stream in _STREAMS}
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for stream, copy in kept.items():
            os.dup2(copy, stream)
            os.close(copy)


def leave_interrupts_to_main() -> None:
    """In the thread of a run: processes that it starts do not see Ctrl-C, and end with the command.

    The terminal sends it to all of them. Those that repeat what steps print would end with a traceback, before the
    last word.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
