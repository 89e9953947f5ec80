"""The churn horizon that the pauses between orders speak for, and the figures behind it.

Who is silent for longer than most pauses last has probably left; a horizon in which many customers would order
anyway, late, calls them churned. Pauses that have not ended yet are not counted, so in short data the longest lack.
"""

from __future__ import annotations

from dataclasses import dataclass

from crm_pipeline.counting import counted
from crm_pipeline.onboarding.history import HORIZONS, History

USUAL = 30


@dataclass(frozen=True)
class HorizonProposal:
    """Days, why in words, and for each usual horizon the share of pauses that ended within it (0..1; may be empty)."""

    days: int
    why: str
    ended_within: tuple[tuple[int, float], ...] = ()


def propose_horizon(history: History) -> HorizonProposal:
    """The round number of days in which most pauses end, at most a quarter of the span."""
    days, why = _choice(history)
    return HorizonProposal(days, why, history.ended_within)


def _choice(history: History) -> tuple[int, str]:
    longest = max(history.days // 4, HORIZONS[0])
    fitting = [days for days in HORIZONS if days <= longest] or [HORIZONS[0]]
    gap = history.usual_gap_days
    if not history.is_whole:
        chosen = max(days for days in fitting if days <= max(USUAL, HORIZONS[0]))
        return chosen, "the usual month: the files are too large to measure the pauses between orders"
    if gap is None:
        chosen = max(days for days in fitting if days <= max(USUAL, HORIZONS[0]))
        return chosen, "no customer ordered twice: check that customer_id names the same person in every order"
    wanted = next((days for days in HORIZONS if days >= gap), HORIZONS[-1])
    why = f"four in five pauses between orders end within {counted(gap, 'day')}"
    shown = [f"{days} days: {share:.0%}" for days, share in history.ended_within if days in _around(wanted)]
    why += f" ({', '.join(shown)})" if shown else ""
    if wanted > fitting[-1]:
        return fitting[-1], f"{why}, but the data are short"
    return wanted, why


def _around(days: int) -> tuple[int, ...]:
    """The usual horizon and its neighbours."""
    position = HORIZONS.index(days)
    return HORIZONS[max(0, position - 1) : position + 2]
