"""Acme's people, matched by the recipes of a run, beside the truth that no run reads."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb

from crm_pipeline.identity.assignments import ASSIGNMENTS, AssignmentsRecipe
from crm_pipeline.ingestion.entities import ENTITIES
from crm_pipeline.ingestion.load import SourceFilesRecipe
from crm_pipeline.ingestion.staged import StagedRecipe
from crm_pipeline.models.identity import Metrics, bcubed_metrics, pair_metrics
from crm_pipeline.project import Project, load_project
from crm_pipeline.simulation.acme import BASE_DAYS, begin
from crm_pipeline.warehouse.candidate import candidate_name
from crm_pipeline_tests.ingestion.loading import NOW
from crm_pipeline_tests.kit import memory_warehouse

SETTINGS = Path(__file__).parents[2] / "data" / "acme" / "crm.yaml"
_SHOWN = ("full_name", "first_name", "last_name", "email", "phone", "birth_date", "street", "postcode", "city")

_FALSE_MERGES = """
with members as (
    select truth.entity_id, a.record_id, a.cluster_id, r.* exclude (record_id, known_at)
    from acme_assignments as a
    inner join acme_truth as truth on a.record_id = truth.record_id
    inner join identity_all_records_values as r on a.record_id = r.record_id
)

select distinct l.record_id, l.told, r.record_id, r.told
from (select *, concat_ws(', ', $shown) as told from members) as l
inner join (select *, concat_ws(', ', $shown) as told from members) as r
    on l.cluster_id = r.cluster_id and l.entity_id < r.entity_id
order by all
"""


@dataclass(frozen=True)
class Matched:
    """How right the matching of one Acme is; `false_merges` are pairs of records of two people, with what they say."""

    seed: int
    records: int
    pairs: Metrics
    bcubed: Metrics
    false_merges: Sequence[str]

    def __str__(self) -> str:
        lines = [
            f"seed {self.seed}, {self.records} records: precision {self.pairs.precision:.4f}, "
            f"recall {self.pairs.recall:.4f}, B-cubed F1 {self.bcubed.f1:.4f}, "
            f"{len(self.false_merges)} pairs of two people"
        ]
        return "\n  ".join([*lines, *self.false_merges])


def match_acme(folder: Path, seed: int) -> Matched:
    """An Acme generated in ``folder``, loaded and matched by the recipes of a run, beside the truth."""
    begin(folder / "input", seed, BASE_DAYS)
    (folder / "crm.yaml").write_text(SETTINGS.read_text(encoding="utf-8"), encoding="utf-8")
    project, raw = load_project(folder), folder / "raw"
    raw.mkdir()
    with closing(memory_warehouse()) as connection:
        _match(connection, project, raw)
        _know_the_truth(connection, folder)
        return _compared(connection, seed)


def _match(connection: duckdb.DuckDBPyConnection, project: Project, raw: Path) -> None:
    recipes = (
        SourceFilesRecipe(project, raw, lambda: NOW),
        StagedRecipe(ENTITIES["customers"], project, raw),
        AssignmentsRecipe(project),
    )
    for recipe in recipes:
        recipe.build(connection, [None], lambda text: None)
        name = recipe.table.qualified_name
        connection.execute(f"create or replace table {name} as select * from {candidate_name(recipe.table)}")


def _know_the_truth(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Make `acme_truth` (record_id, entity_id) and `acme_assignments` (record_id, cluster_id)."""
    truth = folder / "input" / "truth" / "identities.parquet"
    connection.execute(
        "create table acme_truth as select source || '/' || customer_id as record_id, person as entity_id "
        f"from read_parquet('{truth}')"
    )
    connection.execute(
        "create table acme_assignments as select source || '/' || source_customer_id as record_id, "
        f"customer_id as cluster_id from {ASSIGNMENTS.qualified_name}"
    )


def _compared(connection: duckdb.DuckDBPyConnection, seed: int) -> Matched:
    found = connection.execute(_FALSE_MERGES.replace("$shown", ", ".join(_SHOWN))).fetchall()
    count = connection.execute("select count(*) from acme_assignments").fetchone()
    metrics = [judge(connection, "acme_assignments", "acme_truth") for judge in (pair_metrics, bcubed_metrics)]
    merged = [f"{left} ({told})  =  {right} ({other})" for left, told, right, other in found]
    return Matched(seed, count[0] if count else 0, metrics[0], metrics[1], merged)
