"""Synthetic people from three sources: `python -m benchmarks.identity_scale --records 1000000`.

Each way runs in a process of its own on two threads; wall time, processor time and peak memory are that process's.
`--plain` adds splink as its tutorial uses it (the same columns, its library comparisons, four blocking rules).
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import click
import duckdb

from benchmarks.measure import run_measured
from crm_pipeline.models.identity import IdentitySettings, cluster, normalise, pair_metrics, score, train

RECORDS_PER_PERSON = 1.68
_MACROS = """
create macro draw(name, key) as md5_number_lower(concat(name, '/', key)) / 18446744073709551616.0::double;
create macro syllables(number) as concat_ws('',
    ['ba', 'de', 'fi', 'go', 'hu', 'ja', 'ke', 'li', 'mo', 'nu',
     'pa', 're', 'si', 'to', 'vu', 'wa', 'ze', 'cha', 'ste', 'bro'][1 + number % 20],
    ['ran', 'len', 'min', 'son', 'tur', 'kas', 'ber', 'dik', 'fol', 'gus'][1 + number // 20 % 10],
    ['', 'a', 'er', 'is', 'o', 'ung', 'ek', 'ina', 'holm', 'ski', 'ova'][1 + number // 200 % 11],
    ['', 'sen', 'mann', 'feld', 'berg'][1 + number // 2200 % 5]);
create macro mistyped(value, share, name, place) as case
    when draw('typo ' || name, place) < share
    then left(value, 1 + cast(floor(draw('at ' || name, place) * (length(value) - 2)) as bigint)) || 'x'
        || substr(value, 3 + cast(floor(draw('at ' || name, place) * (length(value) - 2)) as bigint))
    else value end;
"""


def people(connection: duckdb.DuckDBPyConnection, records: int) -> None:
    """Make `records` and `truth` of about so many records."""
    connection.execute(_MACROS)
    text = Path(__file__).with_suffix("").with_name("identity_people.sql").read_text(encoding="utf-8")
    connection.execute(f"create table drawn as {text}", {"people": round(records / RECORDS_PER_PERSON)})
    connection.execute("create view records as select * exclude (entity_id) from drawn")
    connection.execute("create view truth as select record_id, entity_id from drawn")


def ours(connection: duckdb.DuckDBPyConnection) -> None:
    """Match with this project's package, telling the seconds of each step."""
    started = time.perf_counter()

    def told(step: str) -> None:
        click.echo(f"  {step}: {time.perf_counter() - started:.0f} s")

    chosen = IdentitySettings(country="DE")
    normalise(connection, "records", "normalised", chosen)
    told("normalised")
    model = train(connection, "normalised", chosen)
    told("trained")
    report = score(connection, "normalised", model, "pairs")
    told(f"{report.candidate_pairs:,} pairs scored")
    cluster(connection, "pairs", "normalised", model, "assignments")
    told("clustered")


def plain(connection: duckdb.DuckDBPyConnection) -> None:
    """Match with splink alone."""
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on
    from splink.internals import comparison_library as cl

    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_id",
        comparisons=[
            cl.JaroWinklerAtThresholds("first_name", [0.92, 0.8]).configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("last_name", [0.92, 0.8]).configure(term_frequency_adjustments=True),
            cl.DamerauLevenshteinAtThresholds("birth_date", [1, 2]),
            cl.DamerauLevenshteinAtThresholds("email", [1, 2]),
            cl.ExactMatch("phone"),
            cl.JaroWinklerAtThresholds("street", [0.92]),
            cl.ExactMatch("postcode"),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("email"),
            block_on("phone"),
            block_on("first_name", "birth_date"),
            block_on("last_name", "postcode"),
        ],
    )
    database = DuckDBAPI(connection=connection)
    linker = Linker(database.register("drawn"), settings)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e7, seed=1)
    for rule in (block_on("email"), block_on("last_name", "postcode")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    pairs = linker.inference.predict(threshold_match_probability=0.5)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, threshold_match_probability=0.5)
    connection.execute(f"create view assignments as select record_id, cluster_id from {clusters.physical_name}")


@click.command()
@click.option("--records", type=click.IntRange(min=1000), default=100_000, show_default=True)
@click.option("--plain", "also_plain", is_flag=True, help="Splink alone as well.")
@click.option("--inside", type=click.Choice(["ours", "plain"]), hidden=True)
def main(records: int, also_plain: bool, inside: str | None) -> None:
    """Print what matching so many records takes and how right it is."""
    if inside:
        with tempfile.TemporaryDirectory() as folder:
            connection = duckdb.connect(config={"threads": "2", "memory_limit": "4GB", "temp_directory": folder})
            people(connection, records)
            {"ours": ours, "plain": plain}[inside](connection)
            click.echo(f"  {pair_metrics(connection, 'assignments', 'truth')}")
        return
    for way in ("ours", "plain") if also_plain else ("ours",):
        command = [sys.executable, "-m", "benchmarks.identity_scale", "--records", str(records), "--inside", way]
        with tempfile.TemporaryDirectory() as folder:
            measured = run_measured(command, Path(folder) / way)
        click.echo(
            f"{way}: {measured.seconds:.0f} s, {measured.cpu_seconds:.0f} s of processor, "
            f"{measured.peak_memory_mb:,.0f} MB"
        )
        click.echo(measured.stdout if measured.exit_code == 0 else measured.stderr)


if __name__ == "__main__":
    main()
