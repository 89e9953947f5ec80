"""What lists were worth, by hand."""

import pytest

from crm_pipeline.recommendations import recommendation_outcomes
from crm_pipeline_tests.kit import assert_builds, built_rows

LINES = """order_id, customer_id, product_id, ordered_at, quantity, known_at
           o1,       ada,         tea,        2024-02-01, 1,        2024-02-01
           o2,       ada,         tea,        2024-02-02, 1,        2024-02-02
           o3,       ada,         cake,       2024-02-03, 1,        2024-02-03
           o4,       bob,         rum,        2024-02-03, 1,        2024-02-03
           o5,       ada,         rum,        2024-02-20, 1,        2024-03-05  -- known late: not yet own at the snapshot
           o6,       ada,         tea,        2024-03-01, 1,        2024-03-01  -- first day of the horizon
           o7,       ada,         jam,        2024-03-30, 1,        2024-03-30  -- last day of it
           o8,       ada,         cake,       2024-03-31, 1,        2024-03-31  -- after it
           o9,       bob,         tea,        2024-03-10, 1,        2024-03-10
           p1,       bob,         rum,        2024-03-11, -1,       2024-03-11  -- a return
           p2,       cyd,         tea,        2024-03-12, 1,        2024-03-12  -- no customer yet at the snapshot
           p3,       eve,         tea,        2024-04-02, 1,        2024-04-02"""  # noqa: E501
POPULARITY = """snapshot_date, product_id, order_count
                2024-03-01,    tea,        2
                2024-03-01,    cake,       1
                2024-03-01,    rum,        1
                2024-04-01,    tea,        9"""
LISTS = """snapshot_date, customer_id, rank, product_id, slot,  slot_rank, model
           2024-03-01,    ada,         1,    jam,        new,   1,         mix
           2024-03-01,    ada,         2,    cake,       usual, 1,         mix
           2024-03-01,    ada,         3,    tea,        usual, 2,         mix   -- beyond the mix of two
           2024-03-01,    bob,         1,    rum,        usual, 1,         mix
           2024-03-01,    bob,         2,    tea,        new,   1,         mix
           2024-03-01,    eve,         1,    tea,        new,   1,         mix   -- bought nothing in the horizon
           2024-04-01,    eve,         1,    tea,        new,   1,         mix   -- due a month later"""
FEATURES = """snapshot_date, customer_id, is_active
              2024-03-01,    ada,         true
              2024-03-01,    bob,         false"""
GIVEN = {
    "order_lines": LINES,
    "product_popularity": POPULARITY,
    "customer_recommendations": LISTS,
    "customer_features": FEATURES,
}
SHORT = {"recommendations": {"horizon_days": 30, "count": 2}}


def test_lists_by_hand():
    # ada bought tea (a repeat, own place 1) and jam (new); bob tea, which his own products do not hold
    assert_builds(
        recommendation_outcomes,
        snapshot_date="2024-04-01",
        project=SHORT,
        **GIVEN,
        # the most popular products are tea, cake and rum: to ada only rum is new, to bob tea and cake are
        expected="""snapshot_date, customer_id, model,      published_model, is_active, purchase_count, recall, hit_rate, mrr, precision, repeat_recall, explore_recall
                    2024-03-01,    ada,         published,  mix,             true,      2,              0.5,    1,        1,   0.5,       0,             1
                    2024-03-01,    ada,         usual,      mix,             true,      2,              0.5,    1,        0.5, 0.5,       1,             0
                    2024-03-01,    ada,         new,        mix,             true,      2,              0.5,    1,        1,   0.5,       0,             1
                    2024-03-01,    ada,         GP-TopFreq, mix,             true,      2,              0.5,    1,        1,   0.5,       1,             0
                    2024-03-01,    ada,         P-TopFreq,  mix,             true,      2,              0.5,    1,        1,   0.5,       1,             0
                    2024-03-01,    ada,         G-TopFreq,  mix,             true,      2,              0.5,    1,        1,   0.5,       1,             0
                    2024-03-01,    ada,         GN-TopFreq, mix,             true,      2,              0.0,    0,        0,   0,         0,             0
                    2024-03-01,    bob,         published,  mix,             false,     1,              1.0,    1,        0.5, 0.5,       ,              1
                    2024-03-01,    bob,         usual,      mix,             false,     1,              0.0,    0,        0,   0,         ,              0
                    2024-03-01,    bob,         new,        mix,             false,     1,              1.0,    1,        1,   0.5,       ,              1
                    2024-03-01,    bob,         GP-TopFreq, mix,             false,     1,              1.0,    1,        0.5, 0.5,       ,              1
                    2024-03-01,    bob,         P-TopFreq,  mix,             false,     1,              0.0,    0,        0,   0,         ,              0
                    2024-03-01,    bob,         G-TopFreq,  mix,             false,     1,              1.0,    1,        1,   0.5,       ,              1
                    2024-03-01,    bob,         GN-TopFreq, mix,             false,     1,              1.0,    1,        1,   0.5,       ,              1""",  # noqa: E501
    )


def test_hits_count_less_further_down():
    rows = built_rows(recommendation_outcomes, snapshot_date="2024-04-01", project=SHORT, **GIVEN)
    ndcg = rows.set_index(["customer_id", "model"])["ndcg"]
    assert ndcg["bob", "published"] == pytest.approx(0.6309, abs=1e-4)  # 1 / log2(3): place 2
    assert ndcg["bob", "G-TopFreq"] == 1
    assert ndcg["ada", "published"] == pytest.approx(1 / 1.6309, abs=1e-4)  # place 1 of two bought


def test_a_list_is_judged_once_and_only_when_its_horizon_has_ended():
    for day in ("2024-03-30", "2024-05-01"):
        dates = {"snapshots": {"dates": ["2024-03-01", "2024-03-30", "2024-04-01", "2024-05-01"]}}
        rows = built_rows(recommendation_outcomes, snapshot_date=day, project=SHORT | dates, **GIVEN)
        assert set(rows["snapshot_date"].dt.date.astype(str)) == ({"2024-04-01"} if day == "2024-05-01" else set())


def test_nothing_to_judge():
    assert built_rows(recommendation_outcomes, snapshot_date="2024-04-01").empty


def test_sources_of_candidates_are_judged_for_the_sampled_customers():
    # ada bought tea (own) and jam; her sources hold both, but the third place is beyond a list of two
    lists = """snapshot_date, customer_id, source,  rank, product_id
               2024-03-01,    ada,         own,     1,    cake
               2024-03-01,    ada,         own,     2,    tea
               2024-03-01,    ada,         similar, 1,    jam
               2024-03-01,    ada,         popular, 1,    rum
               2024-03-01,    ada,         popular, 3,    jam"""
    assert_builds(
        recommendation_outcomes,
        snapshot_date="2024-04-01",
        project=SHORT,
        **GIVEN,
        candidate_lists=lists,
        expected="\n".join(
            ["snapshot_date, customer_id, model, recall, mrr, explore_recall"]
            + [f"2024-03-01, {values}" for values in LISTS_OF_RULES]
            + ["2024-03-01, ada, own, 0.5, 0.5, 0", "2024-03-01, ada, similar, 0.5, 1, 1"]
            + ["2024-03-01, ada, popular, 0, 0, 0"]
        ),
    )


LISTS_OF_RULES = (
    *("ada, published, 0.5, 1, 1", "ada, usual, 0.5, 0.5, 0", "ada, new, 0.5, 1, 1"),
    *(
        "ada, GP-TopFreq, 0.5, 1, 0",
        "ada, P-TopFreq, 0.5, 1, 0",
        "ada, G-TopFreq, 0.5, 1, 0",
        "ada, GN-TopFreq, 0, 0, 0",
    ),
    *("bob, published, 1, 0.5, 1", "bob, usual, 0, 0, 0", "bob, new, 1, 1, 1"),
    *("bob, GP-TopFreq, 1, 0.5, 1", "bob, P-TopFreq, 0, 0, 0", "bob, G-TopFreq, 1, 1, 1", "bob, GN-TopFreq, 1, 1, 1"),
)
