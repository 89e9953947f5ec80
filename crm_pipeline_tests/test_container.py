"""The Containerfile without an engine: linted, and its steps carried out in a plain directory tree.

What only an image has is left out: the base system (this Python stands for it), its packages and its account. All the
rest is what the file says: what is copied where, what is installed from which lock file, and what then answers with
the environment that the image sets.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import site
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from dockerfile_parse import DockerfileParser

from crm_pipeline_tests.acceptance.shops import small_shop, write_project

REPOSITORY = Path(__file__).parents[1]
FILE = REPOSITORY / "deploy" / "Containerfile"
SYSTEM_PROGRAMS = ("apt-get", "useradd", "chown")
"""Noted and not called: they change the machine."""


def test_the_linter_has_nothing_to_say() -> None:
    lint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([str(lint), str(FILE)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@dataclass
class Tree:
    """A directory tree in place of an image."""

    root: Path
    work: Path = field(init=False)
    env: dict[str, str] = field(init=False)
    done: list[str] = field(default_factory=list)
    entry: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """An environment of its own; libraries of this one are visible, so that no pinned one is fetched again."""
        self.work = self.root
        subprocess.run([sys.executable, "-m", "venv", str(self.root / "venv")], check=True)
        (own,) = (self.root / "venv").glob("lib/python*/site-packages")
        (own / "installed.pth").write_text("\n".join(site.getsitepackages()), encoding="utf-8")
        stubs = self.root / "stubs"
        stubs.mkdir()
        for name in SYSTEM_PROGRAMS:
            stub = stubs / name
            stub.write_text(f'#!/bin/sh\necho {name} "$@" >> {shlex.quote(str(self.root / "asked"))}\n')
            stub.chmod(0o755)
        (self.root / "opt").mkdir()
        self.env = {"PATH": f"{stubs}:{self.root / 'venv' / 'bin'}:/usr/bin:/bin", "HOME": str(self.root)}

    def inside(self, text: str) -> str:
        """The same text with absolute paths below the tree."""
        return re.sub(r"(?<![\w./])/(?=[a-z])", f"{self.root}/", text)

    def run(self, instruction: str, value: str) -> None:
        """Carry out one instruction; AssertionError for one that this does not know, or that fails."""
        self.done.append(instruction)
        if instruction == "WORKDIR":
            self.work = Path(self.inside(value))
            self.work.mkdir(parents=True, exist_ok=True)
        elif instruction == "COPY":
            *sources, target = value.split()
            for name in sources:
                self.copy(name, self.work / target)
        elif instruction == "RUN":
            self.call(["sh", "-ec", self.inside(value)])
        elif instruction == "ENV":
            self.env |= dict(item.split("=", 1) for item in shlex.split(self.inside(value)))
        elif instruction in ("ENTRYPOINT", "CMD"):
            self.entry += json.loads(value)
        else:
            assert instruction in ("FROM", "USER", "VOLUME", "COMMENT"), f"{instruction} is not known here"

    def copy(self, name: str, target: Path) -> None:
        """As COPY does: a file into a folder or under a new name, the contents of a folder."""
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)

    def call(self, command: list[str]) -> str:
        """What a command says; it knows the image's environment and nothing of ours."""
        ended = subprocess.run(command, cwd=self.work, env=self.env, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, f"{command}:\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}"
        return ended.stdout


@pytest.mark.full
def test_its_steps_lead_to_a_command_that_answers(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    with FILE.open("rb") as file:
        steps = [(step["instruction"], step["value"]) for step in DockerfileParser(fileobj=file).structure]
    (base,) = [value for name, value in steps if name == "FROM"]
    wanted = re.search(r":(\d+\.\d+)", base)[1]  # type: ignore[index]
    if wanted != "{}.{}".format(*sys.version_info):
        pytest.skip(f"the image has Python {wanted}, this is another: its steps cannot be carried out here")
    for name, value in steps:
        tree.run(name, value)
    asked = (tmp_path / "asked").read_text()
    assert "apt-get install -y --no-install-recommends libgomp1" in asked and "useradd --create-home" in asked
    program, *usual = tree.entry
    assert usual == ["run"] and shutil.which(program, path=tree.env["PATH"]) == str(tmp_path / "venv" / "bin" / program)
    where = tree.call(
        [str(tmp_path / "venv" / "bin" / "python"), "-I", "-c", "import crm_pipeline as c; print(c.__file__)"]
    )
    assert Path(where.strip()).is_relative_to(tmp_path / "venv"), "what was installed answers, not this checkout"
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert version in tree.call([program, "--version"])

    write_project(tmp_path / "project", small_shop(customers=20))
    tree.work = tmp_path / "project"
    assert "order_lines" in tree.call([program, "check"]), "of the project that is mounted"
    assert "parts of" in tree.call([program, *usual, "--dry-run"])
    listed = tree.call(["python", "-c", "from crm_pipeline.definitions import defs; print(len(defs().assets))"])
    assert int(listed) > 60
