"""What is said in several files about packaging has to agree."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

ROOT = Path(__file__).parent.parent
PYPROJECT_TEXT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PYPROJECT = tomllib.loads(PYPROJECT_TEXT)
LOCKS = ("requirements.lock", "requirements-dev.lock")


def pins(lock: str) -> dict[str, set[str]]:
    """Versions per package: one, unless they differ between versions of Python."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==([^\s;]+)", (ROOT / lock).read_text(), re.MULTILINE):
        found.setdefault(canonicalize_name(name), set()).add(version)
    return found


def run(*command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def test_the_code_location_has_one_name_everywhere() -> None:
    (entry,) = YAML(typ="safe").load(ROOT / "workspace.yaml")["load_from"]
    module, location = "crm_pipeline.definitions", "crm_pipeline"
    assert entry["python_module"] == {"module_name": module, "location_name": location}
    assert PYPROJECT["tool"]["dagster"] == {"module_name": module, "code_location_name": location}
    dg = PYPROJECT["tool"]["dg"]["project"]
    assert (dg["code_location_target_module"], dg["code_location_name"]) == (module, location)


def test_every_dependency_says_why_it_is_there() -> None:
    lines = PYPROJECT_TEXT.split("dependencies = [")[1].split("\n]")[0].strip().splitlines()
    is_comment = [line.strip().startswith("# ") for line in lines]
    unexplained = [lines[i] for i in range(len(lines)) if not is_comment[i] and not (i and is_comment[i - 1])]
    assert not unexplained


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_a_hash_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    pinned, unpinned = 0, []
    for block in re.split(r"\n(?=\S)", text):
        if block.startswith("#"):
            assert "://" not in block and "/" not in block
        elif re.match(r"[\w.-]+(\[[\w,-]+\])?==\S+", block) and "--hash=sha256:" in block:
            pinned += 1
        else:
            unpinned.append(block)
    assert pinned > 50 and not unpinned
    assert "://" not in text and "index-url" not in text


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_holds_what_pyproject_asks_for(lock: str) -> None:
    wanted = PYPROJECT["project"]["dependencies"] + PYPROJECT["build-system"]["requires"]
    if lock == "requirements-dev.lock":
        wanted += [item for extra in PYPROJECT["project"]["optional-dependencies"].values() for item in extra]
    pinned = pins(lock)
    for requirement in map(Requirement, wanted):
        if requirement.name == PYPROJECT["project"]["name"]:  # an extra that is made of others
            continue
        versions = pinned.get(canonicalize_name(requirement.name), set())
        assert versions, f"{requirement.name} is not in {lock}: run `make lock`"
        assert all(requirement.specifier.contains(version) for version in versions), f"{requirement}: run `make lock`"


def test_every_version_of_python_gets_the_same_packages() -> None:
    assert not {name: versions for name, versions in pins("requirements-dev.lock").items() if len(versions) > 1}


def test_the_development_lock_holds_the_other_one() -> None:
    development = pins("requirements-dev.lock")
    assert {name: development.get(name) for name in pins("requirements.lock")} == pins("requirements.lock")


def test_the_version_has_its_place_in_the_changelog() -> None:
    assert PYPROJECT["project"]["version"] in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_says_what_is_missing_when_no_python_fits(tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    done = run("make", "PYTHON=", f"VENV={environment}", f"{environment}/bin/python")
    assert done.returncode != 0 and not environment.exists()
    assert "No Python 3.11" in done.stderr and "python3-venv" in done.stderr


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_help_lists_every_target_people_use() -> None:
    listed = re.findall(r"^  make (\S+)", run("make", "help").stdout, re.MULTILINE)
    phony = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[0].split()
    assert sorted(listed) == sorted(phony)


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_continuous_integration_runs_the_test_command_of_the_readme() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o100
    assert run("bash", "-n", str(script)).returncode == 0
    assert "\nmake test <" in script.read_text()


@pytest.mark.full
def test_the_wheel_holds_every_module_and_query(tmp_path: Path) -> None:
    source = tmp_path / "source"
    tracked = run("git", "ls-files", "crm_pipeline", "README.md", "LICENSE", "pyproject.toml").stdout.split()
    if not tracked:
        pytest.skip("not a git checkout")
    for name in tracked:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    build = run(
        sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w", str(tmp_path), str(source)
    )
    assert build.returncode == 0, build.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (entry_points,) = (archive.read(name).decode() for name in names if name.endswith("entry_points.txt"))
    assert {name for name in tracked if name.startswith("crm_pipeline/")} <= names
    assert "crm-pipeline = crm_pipeline.cli:main" in entry_points
