"""`python -m crm_pipeline.simulation.acme`: write Acme's exports, or those of its next day."""

from __future__ import annotations

from pathlib import Path

import click

from crm_pipeline.errors import UserError
from crm_pipeline.simulation.acme.exports import BASE_DAYS, advance, begin
from crm_pipeline.simulation.acme.world import SEED


@click.command()
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("data/acme/input"),
              show_default=True, help="Folder of the exports.")  # fmt: skip
@click.option("--days", type=int, help=f"Days of the first delivery.  [default: {BASE_DAYS}, to 30 June 2024]")
@click.option("--seed", type=click.IntRange(min=0), help=f"Another seed is another Acme.  [default: {SEED}]")
@click.option("--next-day", is_flag=True, help="Add the delivery of the day after the last one.")
def main(out: Path, days: int | None, seed: int | None, next_day: bool) -> None:
    """Write the exports of Acme's systems; the same seed and day give the same bytes."""
    try:
        if next_day and (days is not None or seed is not None):
            raise UserError("--next-day goes on with what is there; give it without --days and --seed")
        exports, written = (
            advance(out)
            if next_day
            else begin(out, SEED if seed is None else seed, BASE_DAYS if days is None else days)
        )
    except UserError as error:
        click.echo(f"acme: {error}", err=True)
        raise SystemExit(error.exit_code) from None
    click.echo(f"{out}: {len(written)} files written; Acme's exports go to {exports.through}.")
    if next_day:
        click.echo("\n".join(f"  {name}" for name in written))


if __name__ == "__main__":
    main()
