"""Run a command in a fresh process and measure that process alone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Measurement:
    """Wall and processor seconds (user + system), peak resident memory in MB, exit code, and the command's output.

    Memory is that of the largest process among the command and the children it waited for, not their sum.
    """

    seconds: float
    cpu_seconds: float
    peak_memory_mb: float
    exit_code: int
    stdout: str
    stderr: str


def run_measured(command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> Measurement:
    """Run `command` to its end, its output kept beside `log` as `.out` and `.err`.

    `os.wait4` returns the usage of exactly this child, where `RUSAGE_CHILDREN` mixes all that ran before.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    out_path, err_path = log.with_suffix(".out"), log.with_suffix(".err")
    with out_path.open("wb") as out, err_path.open("wb") as err:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=err, stdin=subprocess.DEVNULL, env=environment)
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            raise
        seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    bytes_per_unit = 1 if sys.platform == "darwin" else 1024
    return Measurement(
        seconds=round(seconds, 3),
        cpu_seconds=round(usage.ru_utime + usage.ru_stime, 3),
        peak_memory_mb=round(usage.ru_maxrss * bytes_per_unit / 2**20, 1),
        exit_code=process.returncode,
        stdout=out_path.read_text(errors="replace"),
        stderr=err_path.read_text(errors="replace"),
    )
