"""A run whose process is gone is told from one under way, also when its number is another process's by now."""

from __future__ import annotations

import os
import subprocess
import sys

from crm_pipeline.processes import has_ended, this_process


def test_this_process_has_not_ended() -> None:
    assert not has_ended(this_process())
    assert not has_ended(str(os.getpid()))


def test_a_process_that_is_gone_has_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert has_ended(str(process.pid))
    _, started, machine, _ = this_process().split(" ")
    assert has_ended(f"{process.pid} {started} {machine}")


def test_a_number_that_was_given_again_is_another_process() -> None:
    number, started, machine, _ = this_process().split(" ")
    assert started, "this system tells when a process began"
    assert has_ended(f"{number} 1@before {machine}")


def test_of_another_machine_nothing_is_known() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert not has_ended(f"{process.pid} 1@before elsewhere.example")
    _, started, machine, numbering = this_process().split(" ")
    assert has_ended(f"{process.pid} {started} {machine} {numbering}")
    assert not has_ended(f"{process.pid} {started} {machine} pid:[1]"), "of a container that shares the host's name"
    assert not has_ended("")
