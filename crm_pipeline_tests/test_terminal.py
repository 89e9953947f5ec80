"""What a run does to the terminal and to the processes that it starts."""

from __future__ import annotations

import signal
import subprocess
import sys

PROGRAM = """
import signal, subprocess, sys
from crm_pipeline.terminal import children_that_end
with children_that_end():
    child = subprocess.Popen([sys.executable, "-c", "import time; print(1, flush=True); time.sleep(60)"], stdout=-1)
    child.stdout.readline()
    child.terminate()
    print(child.wait(timeout=20))
print([signal.getsignal(item).name for item in (signal.SIGINT, signal.SIGTERM)])
"""


def ignore() -> None:
    """As a script does whose commands are not to be interrupted."""
    for item in (signal.SIGINT, signal.SIGTERM):
        signal.signal(item, signal.SIG_IGN)


def test_processes_of_a_run_end_when_told_though_it_ignores_being_told() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], preexec_fn=ignore, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.splitlines() == [f"{-signal.SIGTERM}", "['SIG_IGN', 'SIG_IGN']"], done.stderr
