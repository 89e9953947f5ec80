"""A snapshot that looks back to the one before is stale when another one came to stand there."""

from datetime import date

from crm_pipeline.pipeline import Pipeline
from crm_pipeline_tests.kit import make_project

FIRST = {"dates": [date(2024, 2, 1), date(2024, 4, 1)]}
BETWEEN = {"dates": [date(2024, 2, 1), date(2024, 3, 1), date(2024, 4, 1)]}


def test_labels_depend_on_which_snapshot_came_before() -> None:
    before = Pipeline(make_project(snapshots=FIRST)).recipes["churn_labels"]
    after = Pipeline(make_project(snapshots=BETWEEN)).recipes["churn_labels"]
    assert before.code_hash == after.code_hash
    assert before.part_inputs(date(2024, 2, 1)) == after.part_inputs(date(2024, 2, 1))
    assert before.part_inputs(date(2024, 4, 1)) != after.part_inputs(date(2024, 4, 1))


def test_features_do_not() -> None:
    recipe = Pipeline(make_project(snapshots=FIRST)).recipes["customer_rfm"]
    assert recipe.part_inputs(date(2024, 4, 1)) == {}


def test_the_order_of_tables_is_the_same_in_every_process() -> None:
    names = list(Pipeline(make_project()).recipes)
    recipes = Pipeline(make_project()).recipes
    assert all(names.index(upstream) < names.index(name) for name in names for upstream in recipes[name].dependencies)
    assert names[0] == "source_files"
    assert names[1:4] == ["schema_changes", "staged_campaign_contacts", "staged_campaigns"]
