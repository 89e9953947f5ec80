"""Judgements of lists by hand."""

from crm_pipeline.recommendations import recommendation_evaluation
from crm_pipeline_tests.kit import built_rows

OUTCOMES = """known_date, snapshot_date, customer_id, model,      published_model, is_active, recall, ndcg, hit_rate, explore_recall
              2024-03-01, 2024-02-01,    ada,         published,  GP-TopFreq,      true,      0.5,    0.6,  1,
              2024-03-01, 2024-02-01,    ada,         GP-TopFreq, GP-TopFreq,      true,      0.5,    0.6,  1,
              2024-03-01, 2024-02-01,    ada,         P-TopFreq,  GP-TopFreq,      true,      0.2,    0.6,  1,
              2024-03-01, 2024-02-01,    ada,         G-TopFreq,  GP-TopFreq,      true,      0.1,    0.6,  1,
              2024-04-01, 2024-03-01,    ada,         published,  mix,             true,      0.9,    0.6,  1,         0.5
              2024-04-01, 2024-03-01,    ada,         GP-TopFreq, mix,             true,      0.5,    0.6,  1,         0
              2024-04-01, 2024-03-01,    ada,         P-TopFreq,  mix,             true,      0.2,    0.6,  1,         0
              2024-04-01, 2024-03-01,    ada,         G-TopFreq,  mix,             true,      0.1,    0.6,  1,         0
              2024-04-01, 2024-03-01,    bob,         published,  mix,             false,     0.7,    0.6,  1,
              2024-04-01, 2024-03-01,    bob,         GP-TopFreq, mix,             false,     0.1,    0.6,  1,
              2024-04-01, 2024-03-01,    bob,         P-TopFreq,  mix,             false,     0.1,    0.6,  1,
              2024-04-01, 2024-03-01,    bob,         G-TopFreq,  mix,             false,     0.1,    0.6,  1,"""  # noqa: E501


def judged(known_date, **row):
    rows = built_rows(recommendation_evaluation, snapshot_date=known_date, recommendation_outcomes=OUTCOMES)
    for name, value in row.items():
        rows = rows[rows[name] == value]
    return rows


def test_a_snapshot_by_hand():
    recall = judged("2024-04-01", scope="snapshot", metric="recall_at_10", population="all").set_index("model")
    assert round(recall.at["published", "value"], 12) == 0.8  # (0.9 + 0.7) / 2
    assert round(recall.at["published", "baseline_value"], 12) == 0.3
    assert round(recall.at["published", "improvement"], 12) == 0.5
    assert round(recall.at["P-TopFreq", "value"], 12) == 0.15
    active = judged("2024-04-01", scope="snapshot", metric="recall_at_10", population="active").set_index("model")
    assert (active.at["published", "value"], active.at["published", "row_count"]) == (0.9, 1)


def test_snapshots_are_pooled():
    pooled = judged("2024-04-01", scope="pooled", metric="recall_at_10", population="all", model="published").iloc[0]
    assert round(pooled["value"], 12) == 0.7  # (0.5 + 0.9 + 0.7) / 3
    assert (pooled["snapshot_count"], pooled["row_count"]) == (2, 3)


def test_the_mix_is_judged_where_it_was_published():
    assert judged("2024-03-01", model="mix", metric="recall_at_10").empty
    pooled = judged("2024-04-01", scope="pooled", metric="recall_at_10", population="all", model="mix").iloc[0]
    assert (round(pooled["value"], 12), pooled["snapshot_count"]) == (0.8, 1)


def test_customers_who_discovered_nothing_say_nothing_of_discoveries():
    row = judged("2024-04-01", scope="pooled", metric="explore_recall_at_10", population="all", model="published")
    assert (row["value"].iloc[0], row["row_count"].iloc[0]) == (0.5, 1)


def test_nothing_due_nothing_said():
    assert judged("2024-05-01").empty
    assert built_rows(recommendation_evaluation, snapshot_date="2024-03-01").empty


def test_new_products_are_judged_by_discoveries_against_popular_new_ones():
    outcomes = """known_date, snapshot_date, customer_id, model,      published_model, is_active, recall, explore_recall
                  2024-04-01, 2024-03-01,    ada,         GP-TopFreq, mix,             true,      0.5,    0
                  2024-04-01, 2024-03-01,    ada,         new,        mix,             true,      0.5,    0.4
                  2024-04-01, 2024-03-01,    ada,         GN-TopFreq, mix,             true,      0.2,    0.1"""
    rows = built_rows(recommendation_evaluation, snapshot_date="2024-04-01", recommendation_outcomes=outcomes)
    new = rows[(rows["model"] == "new") & (rows["scope"] == "pooled") & (rows["population"] == "all")]
    assert set(new["metric"].str.startswith("explore")) == {True}
    recall = new.set_index("metric").loc["explore_recall_at_10"]
    assert recall["baseline"] == "GN-TopFreq"
    assert round(recall["improvement"], 12) == 0.3


def test_sources_and_simpler_rules_are_set_beside_the_published_lists():
    # bob is not in the sample of the sources
    outcomes = """known_date, snapshot_date, customer_id, model,      published_model, is_active, recall, explore_recall
                  2024-04-01, 2024-03-01,    ada,         published,  mix,             true,      0.5,    0
                  2024-04-01, 2024-03-01,    ada,         GP-TopFreq, mix,             true,      0.4,    0
                  2024-04-01, 2024-03-01,    ada,         G-TopFreq,  mix,             true,      0.2,    0
                  2024-04-01, 2024-03-01,    ada,         new,        mix,             true,      0.1,    0.5
                  2024-04-01, 2024-03-01,    ada,         GN-TopFreq, mix,             true,      0.1,    0.1
                  2024-04-01, 2024-03-01,    ada,         similar,    mix,             true,      0.1,    0.2
                  2024-04-01, 2024-03-01,    ada,         own,        mix,             true,      0.3,    0
                  2024-04-01, 2024-03-01,    bob,         published,  mix,             true,      0.1,    0
                  2024-04-01, 2024-03-01,    bob,         GP-TopFreq, mix,             true,      0.2,    0
                  2024-04-01, 2024-03-01,    bob,         G-TopFreq,  mix,             true,      0.0,    0"""
    rows = built_rows(recommendation_evaluation, snapshot_date="2024-04-01", recommendation_outcomes=outcomes)
    pooled = rows[(rows["scope"] == "pooled") & (rows["population"] == "all")].set_index(["model", "metric"])
    found = {
        key: (pooled.at[key, "baseline"], round(pooled.at[key, "improvement"], 12), pooled.at[key, "row_count"])
        for key in [
            ("own", "recall_at_10"),
            ("similar", "recall_at_10"),
            ("similar", "explore_recall_at_10"),
            ("G-TopFreq", "recall_at_10"),
        ]
    }
    assert found == {
        ("own", "recall_at_10"): ("published", -0.2, 1),
        ("similar", "recall_at_10"): ("published", -0.4, 1),
        ("similar", "explore_recall_at_10"): ("new", -0.3, 1),
        ("G-TopFreq", "recall_at_10"): ("published", -0.2, 2),
    }
    assert ("published", "recall_at_10") in pooled.index and pooled.index.is_unique
