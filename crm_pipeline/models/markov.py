"""A Markov chain of order one over named states: sizes to come, first passage, likeliest path."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crm_pipeline.models.calibration import FloatArray


@dataclass(frozen=True)
class Chain:
    """States in alphabetical order; matrix: (states, states), rows sum to 1; sizes and arrivals per step: (states,)."""

    states: tuple[str, ...]
    matrix: FloatArray
    sizes: FloatArray
    arrivals: FloatArray


def moves(rows: pd.DataFrame) -> Chain:
    """The chain of counted moves.

    Args:
        rows: from_segment (null: an arrival), to_segment, move_count, snapshot_count (steps that the moves were counted
            over) and customer_count (present size of to_segment). A state that nobody was seen to leave keeps its
            customers.
    """
    is_arrival = rows["from_segment"].isna()
    states = tuple(sorted({*rows["to_segment"], *rows.loc[~is_arrival, "from_segment"]}))
    position = {state: number for number, state in enumerate(states)}
    counts, arrivals, sizes = np.zeros((len(states), len(states))), np.zeros(len(states)), np.zeros(len(states))
    target = rows["to_segment"].map(position).to_numpy()
    move_count = rows["move_count"].to_numpy(np.float64)
    np.add.at(
        counts, (rows.loc[~is_arrival, "from_segment"].map(position), target[~is_arrival]), move_count[~is_arrival]
    )
    steps = rows["snapshot_count"].to_numpy(np.float64)
    np.add.at(arrivals, target[is_arrival], (move_count / steps)[is_arrival])
    sizes[target] = rows["customer_count"].to_numpy(np.float64)
    left = counts.sum(axis=1, keepdims=True)
    return Chain(states, np.where(left > 0, counts / np.maximum(left, 1), np.eye(len(states))), sizes, arrivals)


def forecast_sizes(chain: Chain, steps: Sequence[int]) -> dict[int, FloatArray]:
    """Expected sizes after so many steps, (states,) each; arrivals come at every step and move from the next on."""
    found, sizes = {}, chain.sizes
    for step in range(1, max(steps) + 1):
        sizes = sizes @ chain.matrix + chain.arrivals
        if step in steps:
            found[step] = sizes
    return found


def reached_by(chain: Chain, target: str | None, steps: Sequence[int]) -> dict[int, FloatArray]:
    """Probability, from each state, to have been in `target` after so many steps at the latest; 0 without a target."""
    if target is None:
        return {step: np.zeros(len(chain.states)) for step in steps}
    end = chain.states.index(target)
    absorbing = chain.matrix.copy()
    absorbing[end] = np.eye(len(chain.states))[end]
    found, reached = {}, np.eye(len(chain.states))[end]
    for step in range(1, max(steps) + 1):
        reached = absorbing @ reached
        if step in steps:
            found[step] = np.minimum(reached, 1.0)
    return found


def likeliest_path(chain: Chain, start: str, target: str | None) -> tuple[tuple[str, ...], float] | None:
    """The states from `start` to `target` whose moves, stays left out, multiply to the most; and that product.

    Dijkstra's algorithm on -log(probability); ties go to the earlier state. None without a target or a way.
    """
    if target is None:
        return None
    cost = {state: math.inf for state in chain.states} | {start: 0.0}
    before: dict[str, str] = {}
    open_states = set(chain.states)
    while open_states:
        state = min(sorted(open_states), key=lambda name: cost[name])
        open_states.remove(state)
        if state == target or cost[state] == math.inf:
            break
        for other, share in zip(chain.states, chain.matrix[chain.states.index(state)], strict=True):
            if share > 0 and other in open_states and cost[state] - math.log(share) < cost[other]:
                cost[other], before[other] = cost[state] - math.log(share), state
    if cost[target] == math.inf:
        return None
    path = [target]
    while path[-1] != start:
        path.append(before[path[-1]])
    return tuple(reversed(path)), math.exp(-cost[target])
