"""The files in deploy/: what can be judged without an engine or a service manager at work."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from ruamel.yaml import YAML

from crm_pipeline.runs import DAGSTER_YAML
from crm_pipeline_tests.ingestion.connectors.servers import missing

REPOSITORY = Path(__file__).parents[1]
DEPLOY = REPOSITORY / "deploy"


def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        missing("systemd-analyze (Debian package systemd)")
    names = []
    for unit in sorted((DEPLOY / "systemd").iterdir()):
        text = unit.read_text(encoding="utf-8")
        # the programs and the account are those of a production machine
        text = re.sub(r"^(Exec\w+=-?)/srv\S+", r"\g<1>/bin/true", text, flags=re.MULTILINE)
        text = re.sub(r"^(User|Group)=.*\n", "", text, flags=re.MULTILINE)
        names.append(unit.name.replace("@", "@shop"))
        (tmp_path / names[-1]).write_text(text, encoding="utf-8")
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    done = subprocess.run([analyze, "verify", *names], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, [line for line in done.stderr.splitlines() if "crm-" in line]) == (0, [])


def test_the_units_agree_on_where_things_are() -> None:
    for unit in ("crm-webserver@.service", "crm-daemon@.service", "crm-run@.service"):
        text = (DEPLOY / "systemd" / unit).read_text(encoding="utf-8")
        assert "/srv/crm/projects/%i" in text and "ReadWritePaths=/srv/crm/projects/%i" in text
        if "DAGSTER_HOME" in text:
            assert "DAGSTER_HOME=/srv/crm/projects/%i/warehouse/dagster" in text


def test_the_container_copies_what_there_is() -> None:
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    copied = [name for line in re.findall(r"^COPY (.*)$", text, re.MULTILINE) for name in line.split()[:-1]]
    assert copied and [name for name in copied if not (REPOSITORY / name).exists()] == []


def test_each_instance_runs_one_at_a_time_and_tells_nobody() -> None:
    own = YAML(typ="safe").load(DAGSTER_YAML)
    assert YAML(typ="safe").load(DEPLOY / "dagster.sqlite.yaml") == own
    postgres = YAML(typ="safe").load(DEPLOY / "dagster.postgres.yaml")
    assert postgres.pop("storage")["postgres"]["postgres_db"]["password"] == {"env": "DAGSTER_PG_PASSWORD"}
    assert postgres == own
