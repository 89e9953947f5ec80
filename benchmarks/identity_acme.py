"""Acme's people, matched as a run matches them, against the truth: `python -m benchmarks.identity_acme 7 31`.

Every seed is another Acme: 1,200 people with names of nine cultures, typing errors, moves, married names, households
and twins. What is printed of each are precision and recall by pairs, B-cubed F1, and every false merge with what the
two records say.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import click

from crm_pipeline_tests.identity.acme import match_acme


@click.command()
@click.argument("seeds", nargs=-1, required=True, type=click.IntRange(min=0))
def main(seeds: tuple[int, ...]) -> None:
    """Print how right the matching of each Acme is."""
    for seed in seeds:
        started, cpu = time.perf_counter(), time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            found = match_acme(Path(folder), seed)
        click.echo(f"{found}\n  {time.perf_counter() - started:.0f} s, {time.process_time() - cpu:.0f} s of processor")


if __name__ == "__main__":
    main()
