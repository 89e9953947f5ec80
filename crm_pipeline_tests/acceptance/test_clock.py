"""Two weeks of simulated days at Acme, with everything that goes wrong in two weeks, end like one clean rebuild.

The nights are runs of the command line's own function at the time of the simulated morning; those on which nothing goes
wrong with the run itself do without Dagster, whose events cost more than this shop's tables. A small Acme with short
horizons: models have too few outcomes to be fitted at length, but every table is built. Who is who is not matched here,
for ids given earlier last by design, and a warehouse built anew gives ids from the records as they are then.
"""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from ruamel.yaml import YAML

from crm_pipeline import commands
from crm_pipeline.assets import PUBLISHED as PUBLISHED_COPY
from crm_pipeline.assets import finish
from crm_pipeline.audiences.asset import AUDIENCES
from crm_pipeline.audiences.export import export_scheduled
from crm_pipeline.commands import RunError, run_command
from crm_pipeline.errors import UserError
from crm_pipeline.pipeline import Pipeline
from crm_pipeline.plan import lost_parts, stale_in_published
from crm_pipeline.project import load_project
from crm_pipeline.runner import Runner
from crm_pipeline.simulation.acme import advance, begin, world
from crm_pipeline.warehouse.materialize import materialize
from crm_pipeline.warehouse.published import publish_copy
from crm_pipeline_tests.acceptance.commands import REPOSITORY
from crm_pipeline_tests.acceptance.contents import Hashes, candidates, ledger_hashes, query, row_hashes
from crm_pipeline_tests.acceptance.test_killed import stopped_run

CUSTOMERS, SEED = 400, 20
BASE = date(2023, 10, 22)
"""A week before the night in which Berlin's clocks go back; deliveries go on for two weeks."""

DAYS, BY_DAGSTER = 14, (4, 10, 12)
PUBLISHED = "published.duckdb"
LATE = BASE + timedelta(days=5)
SETTINGS = {
    "snapshots": {"every": "week", "first": date(2023, 10, 23), "last": date(2023, 11, 6)},
    **{model: {"horizon_days": 7} for model in ("churn", "clv", "recommendations")},
    "identity": {"off": True},
    "audiences": {"at_risk": {"segment": "at risk", "control_share": 0.2}},
}
SOURCES = ("webshop", "tills", "shop_3", "members", "accounts", "catalogue", "consents", "service")
"""The newsletter, the web shop's visits and the reviews would add files, and nothing that can go wrong otherwise."""

BUILT_TWICE = """
    select table_name, snapshot_date from (
        select *, lag(input_hashes || code_hash)
            over (partition by table_name, snapshot_date order by version) as former
        from quality.table_versions
    ) where input_hashes || code_hash = former
"""
LOADED = """
    select source, file_name, sha256, copy_name, read_as, byte_count, row_count
    from ingestion.source_files where is_current order by all
"""
RESTATED = """
    select count(*) >= 2 from quality.table_versions
    where table_name = 'customer_rfm' and snapshot_date = '2023-10-30'
"""
HALF = """
    select snapshot_date from (
        select snapshot_date, count(*) as customers from features.customer_rfm group by all
        union all select snapshot_date, count(*) from segments.customer_segments group by all
        union all select snapshot_date, count(*) from churn.churn_predictions group by all
        union all select snapshot_date, count(*) from features.customer_clv group by all
    ) group by all having count(*) <> 4 or min(customers) <> max(customers)
"""


@dataclass
class Acme:
    """The shop on a simulated day."""

    folder: Path

    def pipeline(self, day: date) -> Pipeline:
        """As it is at six in the morning after ``day``."""
        project = load_project(self.folder)
        morning = datetime.combine(day + timedelta(days=1), time(6), tzinfo=project.zone)
        return Pipeline(project, now=lambda: morning)

    def run(self, day: date) -> None:
        """The nightly run."""
        run_command(self.pipeline(day), [], [], dry_run=False, force=False)

    def assert_sound(self) -> None:
        """Rows are those that the ledger states, nothing is half done, and nothing was built twice from the same."""
        assert row_hashes(self.folder) == ledger_hashes(self.folder)
        assert not candidates(self.folder, "crm.duckdb") + candidates(self.folder, "vault.duckdb")
        assert query(self.folder, BUILT_TWICE) == [] == query(self.folder, BUILT_TWICE, "vault.duckdb")
        assert not self.snapshots() or query(self.folder, HALF, PUBLISHED) == []

    def snapshots(self) -> list[date]:
        """What readers see."""
        if not query(self.folder, "select 1 from duckdb_tables() where table_name = 'customer_rfm'", PUBLISHED):
            return []
        found = query(self.folder, "select distinct snapshot_date from features.customer_rfm order by 1", PUBLISHED)
        return [day for (day,) in found]


class Quick(Runner):
    """Builds, publishes and exports as a run does, without Dagster's graph, checks in the UI and history."""

    def run(self, assets: Sequence[str], dates: Sequence[object], *, force: bool) -> None:
        """The planned tables, upstream first, then what stands at the end of a run."""
        pipeline, run_id = self.pipeline, str(uuid4())
        days = sorted(day for day in dates if isinstance(day, date))
        with pipeline.warehouse.locked():
            for name, recipe in pipeline.recipes.items():
                if name in assets:
                    parts = days if recipe.table.is_partitioned else [None]
                    outcome = materialize(pipeline.warehouse, recipe, parts, run_id=run_id, force=force)
                    assert not outcome.blocked, (name, outcome.blocked)
            if PUBLISHED_COPY in assets:
                finish(pipeline, run_id)
                assert not stale_in_published(pipeline) and not lost_parts(pipeline)
                publish_copy(pipeline.warehouse, run_id, pipeline.tables)
            if AUDIENCES in assets:
                export_scheduled(pipeline, run_id, pipeline.now())


@pytest.fixture
def small_world(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An Acme with few customers, for this test alone."""
    world._shop.cache_clear()
    monkeypatch.setattr(world, "SETTINGS", replace(world.SETTINGS, customers=CUSTOMERS))
    yield
    world._shop.cache_clear()


def new_acme(folder: Path) -> Acme:
    """The first delivery."""
    folder.mkdir(parents=True)
    yaml = YAML()
    settings = yaml.load((REPOSITORY / "data" / "acme" / "crm.yaml").read_text(encoding="utf-8")) | SETTINGS
    settings["sources"] = {name: settings["sources"][name] for name in SOURCES}
    with (folder / "crm.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(settings, file)
    begin(folder / "input", SEED, (BASE - world.FIRST_DAY).days + 1)
    return Acme(folder)


@pytest.mark.full
def test_two_weeks_of_days_end_like_one_clean_rebuild(
    small_world: None, new_folder: Callable[[], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "_runner", Quick)
    acme = new_acme(new_folder())
    acme.run(BASE)
    for number in range(1, DAYS + 1):
        day = BASE + timedelta(days=number)
        exports, _ = advance(acme.folder / "input")
        assert exports.through == day
        monkeypatch.setattr(commands, "_runner", Runner if number in BY_DAGSTER else Quick)
        a_day(acme, number, day, tmp_path)
        if number != 6:
            acme.assert_sound()
    assert len(acme.snapshots()) >= 2
    assert query(acme.folder, RESTATED) == [(True,)], "built without the late file, and again with it"
    history = sorted((acme.folder / "warehouse" / "audiences" / "history" / "at_risk").iterdir())
    assert {path.name[7:17] for path in history} == {str(day) for day in acme.snapshots()}

    clean = Acme(Path(shutil.copytree(acme.folder, new_folder(), ignore=shutil.ignore_patterns("warehouse"))))
    clean.run(BASE + timedelta(days=DAYS))
    assert query(clean.folder, LOADED) == query(acme.folder, LOADED) != []
    assert contents(clean.folder) == contents(acme.folder), "registries by what they say now"


def contents(folder: Path) -> Hashes:
    """The hashes of all tables, but of the load manifest: it tells the past, files delivered half included."""
    return {key: content for key, content in ledger_hashes(folder).items() if key[0] != "source_files"}


def a_day(acme: Acme, number: int, day: date, away: Path) -> None:
    """What happens on each of the days."""
    late = acme.folder / "input" / "tills" / f"till_receipts_{LATE}.parquet"
    if number in (5, 6, 7, 8):  # a file of the tills comes four days late, when a snapshot was made without it
        late.unlink()
    if number == 6:  # a missed night
        return
    if number == 4:  # two runs at once: one of them says so and changes nothing
        before = ledger_hashes(acme.folder)
        with acme.pipeline(day).warehouse.locked(), pytest.raises(RunError, match="another run is writing"):
            acme.run(day)
        assert ledger_hashes(acme.folder) == before
    if number == 10:  # a failing source
        catalogue = acme.folder / "input" / "catalogue" / "catalogue.csv"
        shutil.move(catalogue, away)
        before = ledger_hashes(acme.folder)
        with pytest.raises(UserError, match=r"sources\.catalogue: no file matches"):
            acme.run(day)
        assert ledger_hashes(acme.folder) == before
        shutil.move(away / catalogue.name, catalogue)
    if number == 12:  # a run that is killed
        stopped_run(acme.folder, 3, 0.0, signal.SIGKILL)
        assert row_hashes(acme.folder) == ledger_hashes(acme.folder)
    acme.run(day)
    if number == 13:  # the same run again
        before = query(acme.folder, "select max(version) from quality.table_versions")
        acme.run(day)
        assert query(acme.folder, "select max(version) from quality.table_versions") == before
