"""What holds for every declared table, on a small shop: four laws and its own contract."""

import pytest

from crm_pipeline.contract.catalog import declared_transforms
from crm_pipeline.pipeline import all_tables
from crm_pipeline_tests import sample
from crm_pipeline_tests.sample import SNAPSHOTS, Rebuild, sample_content

TABLES = list(declared_transforms())
LAST = SNAPSHOTS[-1]
IN_PART = [name for name, item in declared_transforms().items() if item.table.delta_key]
CUT = [name for name, item in declared_transforms().items() if item.table.is_partitioned or item.table.is_event_table]


def content(name: str, change: sample.Input, where: str = "true") -> tuple[int, str]:
    """Rows and content hash of a table for the last snapshot, its inputs changed."""
    with Rebuild(name, (LAST,), change) as built:
        return built.content(where)


@pytest.mark.parametrize("name", TABLES)
def test_it_satisfies_its_own_contract(name: str) -> None:
    assert sample.broken_rules(name) == ()


@pytest.mark.parametrize("name", TABLES)
def test_empty_inputs_make_a_table(name: str) -> None:
    with Rebuild(name, (LAST,), sample.empty) as built:
        assert built.broken_rules() == ()


@pytest.mark.parametrize("name", TABLES)
def test_one_snapshot_again_is_equal_to_all_snapshots_in_one_run(name: str) -> None:
    assert content(name, sample.whole) == sample_content(name, LAST)


@pytest.mark.parametrize("name", TABLES)
def test_the_order_of_input_rows_does_not_matter(name: str) -> None:
    assert content(name, sample.shuffled) == sample_content(name, LAST)


@pytest.mark.parametrize("name", CUT)
def test_sources_cut_at_a_day_give_what_was_known_at_it(name: str) -> None:
    known = f"known_at < timestamp '{LAST}'" if not declared_transforms()[name].table.is_partitioned else "true"
    assert content(name, sample.cut_at(LAST), known) == sample_content(name, LAST, known)


@pytest.mark.parametrize("name", IN_PART)
def test_computed_for_some_keys_it_has_just_the_rows_of_these_keys(name: str) -> None:
    table = declared_transforms()[name].table
    chosen = sample.a_third(table.delta_key)
    assert content(name, sample.of_keys(table)) == sample_content(name, LAST, chosen)
    assert (
        0 < sample_content(name, LAST, chosen)[0] < sample_content(name, LAST)[0] or sample_content(name, LAST)[0] < 9
    )


@pytest.mark.parametrize("name", IN_PART)
def test_a_table_that_can_be_computed_in_part_reads_its_key(name: str) -> None:
    transform = declared_transforms()[name]
    assert transform.function is None and not transform.table.is_partitioned
    assert any(set(transform.table.delta_key) <= set(all_tables()[read].column_names) for read in transform.upstream)
