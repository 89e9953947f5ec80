"""What a run does to the terminal and to the processes that it starts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

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


LEFT = """
import os, sys
from crm_pipeline.terminal import kept_streams
try:
    with kept_streams():
        for stream in (1, 2):
            os.dup2(os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT), stream)
        print("of the step")
        raise KeyboardInterrupt
except KeyboardInterrupt:
    print("the last word", file=sys.stderr)
    os._exit(len(os.listdir("/proc/self/fd")))
"""


@pytest.mark.parametrize("output", ["read", "gone", "closed"])
def test_the_last_word_is_said_where_the_first_was(tmp_path: Path, output: str) -> None:
    """Also when nobody reads the output any more, or there is none."""
    reading, writing = os.pipe()
    if output == "gone":
        os.close(reading)
    done = subprocess.run(
        [sys.executable, "-c", LEFT, str(tmp_path / "log")],
        stdout=writing,
        stderr=subprocess.PIPE,
        preexec_fn=(lambda: os.close(1)) if output == "closed" else None,
        env={name: text for name, text in os.environ.items() if name != "PYTHONUNBUFFERED"},
        timeout=60,
        check=False,
    )
    os.close(writing)
    assert done.stderr == b"the last word\n"
    if output == "read":
        os.close(reading)
    assert done.returncode <= 7, "copies of descriptors are closed again"
