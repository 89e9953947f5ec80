"""Named RFM segments: one table of rules over the quantile scores 1..5, and the SQL made from it.

`fm_score` is the mean of f_score and m_score, halves rounded up. The rules tile the 5 x 5 grid of r_score and fm_score:
every customer with scores has exactly one segment.
"""

from typing import NamedTuple


class RfmRule(NamedTuple):
    """A segment and the scores, both ends included, that lead to it."""

    name: str
    r_scores: tuple[int, int]
    fm_scores: tuple[int, int]
    meaning: str
    action: str


RFM_RULES = (
    RfmRule("champions", (4, 5), (4, 5), "Bought lately, often and much.", "Reward; early access; ask for referrals."),
    RfmRule("loyal", (3, 3), (4, 5), "Buy often and much, last time a while ago.", "Loyalty offers; remind soon."),
    RfmRule("potential loyalists", (4, 5), (2, 3), "Bought lately, with medium frequency.", "Membership; cross-sell."),
    RfmRule(
        "new customers", (5, 5), (1, 1), "Bought very lately, little so far.", "Welcome; make the second order easy."
    ),
    RfmRule("promising", (4, 4), (1, 1), "Bought lately, little so far.", "Show the range; small incentive."),
    RfmRule("need attention", (3, 3), (3, 3), "Medium in all, slipping.", "Offer for a limited time on what they buy."),
    RfmRule("about to sleep", (3, 3), (1, 2), "Below average, slipping.", "Remind with popular products."),
    RfmRule("at risk", (1, 2), (3, 4), "Bought often, not for long.", "Personal message; win back with an offer."),
    RfmRule("cannot lose them", (1, 2), (5, 5), "Among the best, not seen for long.", "Call; ask what went wrong."),
    RfmRule("hibernating", (2, 2), (1, 2), "Little and long ago.", "Cheap reminders only."),
    RfmRule("lost", (1, 1), (1, 2), "Little and longest ago.", "Leave, or one last campaign."),
)


def named_rfm_segment(r_score: int, f_score: int, m_score: int) -> str:
    """The segment of one customer. Raises ValueError when a score is not a whole number from 1 to 5."""
    for name, score in (("r_score", r_score), ("f_score", f_score), ("m_score", m_score)):
        if score not in (1, 2, 3, 4, 5):
            raise ValueError(f"{name} must be a whole number from 1 to 5, got {score!r}")
    fm_score = (f_score + m_score + 1) // 2
    return next(
        rule.name
        for rule in RFM_RULES
        if rule.r_scores[0] <= r_score <= rule.r_scores[1] and rule.fm_scores[0] <= fm_score <= rule.fm_scores[1]
    )


def rfm_segment_sql(r_score: str = "r_score", f_score: str = "f_score", m_score: str = "m_score") -> str:
    """The rules as one SQL CASE expression over three column names; null where a score is null.

    fm_score between a and b is written f + m between 2a - 1 and 2b, which needs no rounding in any dialect.
    """
    lines = [
        f"    when {r_score} between {rule.r_scores[0]} and {rule.r_scores[1]}"
        f" and {f_score} + {m_score} between {2 * rule.fm_scores[0] - 1} and {2 * rule.fm_scores[1]}"
        f" then '{rule.name}'"
        for rule in RFM_RULES
    ]
    return "\n".join(["case", *lines, "end"])
