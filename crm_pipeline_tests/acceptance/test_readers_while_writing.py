"""While a run writes: readers of the copy never fail or see half a state, and the web UI's pages answer."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from urllib.request import Request, urlopen

import duckdb
import pytest

from crm_pipeline_tests.acceptance.browsing import web_ui
from crm_pipeline_tests.acceptance.commands import crm_process

pytestmark = pytest.mark.full

WHOLE = """
    select (select max(version) from quality.table_versions),
        (select count(*) from features.customer_rfm),
        (select count(*) from features.customer_clv),
        (select count(*) from churn.churn_predictions),
        (select count(*) from segments.customer_segments),
        (select sum(customer_count) from snapshot_summary),
        (select sum(row_count) from (
            select row_count from quality.table_versions where table_name = 'customer_rfm'
            qualify row_number() over (partition by snapshot_date order by version desc) = 1
        ))
"""
PAGES = ("/server_info", "/asset-groups", "/assets/customer_rfm", "/runs")
QUERY = b'{"query": "{ assetNodes { assetKey { path } } runsOrError(limit: 3) { __typename } }"}'


class Hammer(threading.Thread):
    """Does one thing again and again until it is told to stop; keeps what went wrong, and how slow it was."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.wrong: list[str] = []
        self.times: list[float] = []
        self.ended = threading.Event()

    def once(self) -> None:
        """What is done."""
        raise NotImplementedError

    def run(self) -> None:
        """Until `ended` is set."""
        while not self.ended.is_set():
            begun = time.monotonic()
            try:
                self.once()
            except Exception as error:
                self.wrong.append(f"{type(error).__name__}: {error}")
            self.times.append(time.monotonic() - begun)
            time.sleep(0.05)


class Reader(Hammer):
    """Opens the copy anew each time, as BI tools do."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.versions: list[int] = []

    def once(self) -> None:
        """The counts of all tables by customer and snapshot belong to one state."""
        with duckdb.connect(str(self.path), read_only=True) as connection:
            version, *counts = connection.execute(WHOLE).fetchall()[0]
        assert len(set(map(int, counts))) == 1, f"half a state at version {version}: {counts}"
        self.versions.append(int(version))


class Visitor(Hammer):
    """Asks for the pages of the web UI, and for what they show."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address

    def once(self) -> None:
        """Every page and the graph of assets."""
        for page in PAGES:
            with urlopen(self.address + page, timeout=60) as answer:
                assert answer.status == 200, page
        asked = Request(f"{self.address}/graphql", QUERY, {"Content-Type": "application/json"})
        with urlopen(asked, timeout=60) as answer:
            text = answer.read().decode()
        assert '"customer_rfm"' in text and "PythonError" not in text, text[:500]


def test_readers_and_the_web_ui_during_a_run(project: Path, tmp_path: Path) -> None:
    with web_ui(project, tmp_path / "ui.log") as address:
        hammers = [Reader(project / "warehouse/published.duckdb"), Visitor(address)]
        for hammer in hammers:
            hammer.start()
        ended = crm_process("run", project, "--force")
        for hammer in hammers:
            hammer.ended.set()
            hammer.join(timeout=120)
    assert ended.code == 0, ended.text
    reader = hammers[0]
    assert isinstance(reader, Reader)
    assert [hammer.wrong[:3] for hammer in hammers] == [[], []]
    assert len(reader.versions) > 50 and len(hammers[1].times) > 10
    assert len(set(reader.versions)) == 2 and reader.versions == sorted(reader.versions)
