"""A chain of three states by hand."""

import pandas as pd
import pytest

from crm_pipeline.models.markov import Chain, forecast_sizes, likeliest_path, moves, reached_by


@pytest.fixture
def chain() -> Chain:
    """Of good customers half stay, of weak ones a quarter recover and half are lost; 10 newcomers a step are weak."""
    rows = [
        ("good", "good", 40, 100),
        ("good", "weak", 40, 60),
        ("weak", "good", 10, 100),
        ("weak", "weak", 10, 60),
        ("weak", "lost", 20, 8),
        (None, "weak", 20, 60),
    ]
    frame = pd.DataFrame(rows, columns=["from_segment", "to_segment", "move_count", "customer_count"])
    return moves(frame.assign(snapshot_count=2))


def test_moves_become_shares(chain: Chain) -> None:
    assert chain.states == ("good", "lost", "weak")
    assert chain.matrix.tolist() == [[0.5, 0.0, 0.5], [0.0, 1.0, 0.0], [0.25, 0.5, 0.25]]  # nobody left `lost`
    assert chain.sizes.tolist() == [100, 8, 60]
    assert chain.arrivals.tolist() == [0, 0, 10]


def test_sizes_to_come(chain: Chain) -> None:
    sizes = forecast_sizes(chain, (1, 2))
    # good 50 + 15, lost 8 + 30, weak 50 + 15 + 10; then good 32.5 + 18.75, lost 38 + 37.5, weak 32.5 + 18.75 + 10
    assert sizes[1].tolist() == [65, 38, 75]
    assert sizes[2].tolist() == [51.25, 75.5, 61.25]


def test_lost_by_then(chain: Chain) -> None:
    reached = reached_by(chain, "lost", (1, 2))
    assert reached[1].tolist() == [0, 1, 0.5]
    assert reached[2].tolist() == [0.25, 1, 0.5 + 0.25 * 0.5]
    assert reached_by(chain, None, (1,))[1].tolist() == [0, 0, 0]


def test_likeliest_path(chain: Chain) -> None:
    assert likeliest_path(chain, "good", "lost") == (("good", "weak", "lost"), pytest.approx(0.25))
    assert likeliest_path(chain, "lost", "good") is None
    assert likeliest_path(chain, "good", None) is None
