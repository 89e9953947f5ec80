"""Dagster's own programs at work on a project, with the environment that the units of `deploy/` give them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import dagster as dg

from crm_pipeline.project import load_project
from crm_pipeline_tests.acceptance.browsing import free_port, wait_until_it_answers
from crm_pipeline_tests.acceptance.commands import REPOSITORY

PROGRAMS = Path(sys.executable).parent
END_SECONDS = 60


@dataclass(frozen=True)
class Production:
    """A project's folder, the environment of its programs, and where they log."""

    folder: Path
    env: Mapping[str, str]
    logs: Path

    @contextmanager
    def program(self, *command: str) -> Iterator[subprocess.Popen[bytes]]:
        """One of Dagster's programs; it and its children are asked to end (SIGTERM) as systemd does, then killed."""
        log = self.log(command[0])
        with (
            log.open("wb") as output,
            subprocess.Popen(
                [str(PROGRAMS / command[0]), *command[1:], "-w", str(REPOSITORY / "workspace.yaml")],
                env=self.env,
                cwd=REPOSITORY,
                stdout=output,
                stderr=output,
                start_new_session=True,
                # tests may have been started in the background, where interrupts are ignored
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            ) as running,
        ):
            try:
                yield running
            finally:
                with suppress(ProcessLookupError):  # it has ended by itself
                    os.killpg(running.pid, signal.SIGTERM)
                with suppress(subprocess.TimeoutExpired):
                    running.wait(timeout=END_SECONDS)
                with suppress(ProcessLookupError):  # nobody is left
                    os.killpg(running.pid, signal.SIGKILL)

    @contextmanager
    def web_server(self) -> Iterator[str]:
        """The address of `dagster-webserver`."""
        port = str(free_port())
        with self.program("dagster-webserver", "-h", "127.0.0.1", "-p", port) as running:
            wait_until_it_answers(f"http://127.0.0.1:{port}", running, self.log("dagster-webserver"))
            yield f"http://127.0.0.1:{port}"

    def daemon(self) -> Any:
        """`dagster-daemon run`."""
        return self.program("dagster-daemon", "run")

    def log(self, program: str) -> Path:
        """What a program said."""
        return self.logs / f"{program}.log"

    def look(self) -> dg.DagsterInstance:
        """The project's instance, wherever its history is."""
        return dg.DagsterInstance.from_config(str(load_project(self.folder).dagster_home))

    def wait_for(self, daemon: subprocess.Popen[bytes], done: Callable[[dg.DagsterInstance], bool], limit: int) -> None:
        """Return when ``done`` says so; AssertionError with the daemon's log when it ended or takes too long."""
        ends = time.monotonic() + limit
        with self.look() as instance:
            while time.monotonic() < ends and daemon.poll() is None:
                if done(instance):
                    return
                time.sleep(1)
        raise AssertionError(f"the daemon got no further:\n{self.log('dagster-daemon').read_text()[-4000:]}")


def asked(address: str, query: str) -> Any:
    """What the web server answers to a query of GraphQL."""
    body = json.dumps({"query": query}).encode()
    try:
        with urlopen(Request(f"{address}/graphql", body, {"Content-Type": "application/json"}), timeout=60) as answer:
            return json.loads(answer.read())["data"]
    except HTTPError as error:
        raise AssertionError(error.read().decode()) from error


def start_sensor(address: str, name: str) -> None:
    """Switch a sensor on, as its switch in the web UI does."""
    where = f'repositoryName: "__repository__", repositoryLocationName: "crm_pipeline", sensorName: "{name}"'
    said = "__typename ... on PythonError { message stack }"
    answer = asked(address, f"mutation {{ startSensor(sensorSelector: {{{where}}}) {{ {said} }} }}")
    assert answer == {"startSensor": {"__typename": "Sensor"}}, answer


def sensor_ticks(instance: dg.DagsterInstance, name: str) -> Sequence[Any]:
    """The looks of a sensor that have ended, newest first."""
    found = [state for state in instance.all_instigator_state() if state.instigator_name == name]
    if not found:
        return []
    ticks = instance.get_ticks(found[0].instigator_origin_id, found[0].selector_id)
    return [tick for tick in ticks if tick.timestamp and tick.status.value != "STARTED"]
