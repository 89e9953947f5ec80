"""Grades in letters and words."""

from crm_pipeline.recommendations import recommendation_grade
from crm_pipeline_tests.kit import assert_builds, built_rows

JUDGED = """known_date, scope,    population, model,     metric,             value, baseline,   baseline_value, improvement, improvement_lower, improvement_upper, snapshot_count, row_count
            2024-04-01, pooled,   active,     published, recall_at_10,       0.30,  GP-TopFreq, 0.10,           0.20,        0.19,              0.21,              3,              1200
            2024-04-01, pooled,   active,     published, ndcg_at_10,         0.41,  GP-TopFreq, 0.40,           0.01,        -0.01,             0.03,              3,              1200
            2024-04-01, pooled,   active,     published, hit_rate_at_10,     0.90,  GP-TopFreq, 0.40,           0.50,        0.40,              0.60,              3,              1200
            2024-04-01, pooled,   active,     published, repeat_ndcg_at_10,  0.90,  GP-TopFreq, 0.40,           0.50,        0.40,              0.60,              3,              1200
            2024-04-01, pooled,   all,        published, recall_at_10,       0.90,  GP-TopFreq, 0.40,           0.50,        0.40,              0.60,              3,              1200
            2024-04-01, snapshot, active,     published, recall_at_10,       0.90,  GP-TopFreq, 0.40,           0.50,        0.40,              0.60,              1,              400
            2024-04-01, pooled,   active,     P-TopFreq, recall_at_10,       0.90,  GP-TopFreq, 0.40,           0.50,        0.40,              0.60,              3,              1200
            2024-03-01, pooled,   active,     published, recall_at_10,       0.90,  GP-TopFreq, 0.40,           ,            ,                  ,                  1,              1"""  # noqa: E501


def test_the_published_lists_are_graded_on_active_customers():
    assert_builds(
        recommendation_grade,
        snapshot_date="2024-04-01",
        recommendation_evaluation=JUDGED,
        # 0.19 of the room of 0.9 is 21 %, an A; what may be worse than the rule is a D
        expected="""metric,       letter, value, baseline_value, improvement_lower, summary
                    ndcg_at_10,   D,      0.41,  0.40,           -0.01,             "Recommendations, NDCG@10: grade D. On 1,200 lists of active customers in 3 snapshots it is 0.410, the rule GP-TopFreq's 0.400 (better by -0.0100 to 0.0300)."
                    recall_at_10, A,      0.30,  0.10,           0.19,              "Recommendations, Recall@10: grade A. On 1,200 lists of active customers in 3 snapshots it is 0.300, the rule GP-TopFreq's 0.100 (better by 0.1900 to 0.2100)."
                    """,  # noqa: E501
    )


def test_the_lists_of_both_slots_are_graded_by_what_they_are_for():
    judged = """known_date, scope,  population, model, metric,               value, baseline,   baseline_value, improvement, improvement_lower, improvement_upper, snapshot_count, row_count
                2024-04-01, pooled, active,     usual, recall_at_10,         0.30,  GP-TopFreq, 0.10,           0.20,        0.19,              0.21,              3,              1200
                2024-04-01, pooled, active,     new,   explore_recall_at_10, 0.05,  GN-TopFreq, 0.02,           0.03,        0.02,              0.04,              3,              1200
                2024-04-01, pooled, active,     new,   explore_mrr_at_10,    0.05,  GN-TopFreq, 0.02,           0.03,        0.02,              0.04,              3,              1200"""  # noqa: E501
    rows = built_rows(recommendation_grade, snapshot_date="2024-04-01", recommendation_evaluation=judged)
    assert rows["summary"].str.partition(" On ")[0].tolist() == [
        "New products, Recall@10: grade C.",
        "Usual products, Recall@10: grade A.",
    ]


def test_too_little_is_said_to_be():
    rows = built_rows(recommendation_grade, snapshot_date="2024-03-01", recommendation_evaluation=JUDGED)
    assert rows["letter"].tolist() == ["D"]
    assert rows["summary"].tolist() == [
        "Recommendations, Recall@10: grade D. Too few known outcomes to compare it with the rule GP-TopFreq: "
        "1 lists of active customers in 1 snapshot."
    ]


def test_nothing_known_nothing_graded():
    assert built_rows(recommendation_grade, snapshot_date="2024-04-01").empty
