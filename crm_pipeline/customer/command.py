"""`crm-pipeline customer`: all that is known of one customer, in the terminal or as a page."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crm_pipeline.pipeline import Pipeline
from crm_pipeline.report.published_file import open_published

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from crm_pipeline.customer.chapters import Personal
    from crm_pipeline.report.blocks import Desk


def customer_command(
    pipeline: Pipeline,
    wanted: str,
    snapshot: date | None,
    language: str | None,
    html: Path | None,
    *,
    with_personal_data: bool,
) -> None:
    """Print the customer, or write the page to ``html``; direct identifiers only ``with_personal_data``.

    UserError for a customer or snapshot that is not there.
    """
    from rich.console import Console

    from crm_pipeline.customer.chapters import write_chapters
    from crm_pipeline.customer.find import find_customer
    from crm_pipeline.customer.personal import keys_of, personal_data
    from crm_pipeline.customer.text import print_chapters
    from crm_pipeline.report.page import chosen_snapshot, render_page, write_atomically

    with open_published(pipeline.warehouse) as connection:
        day = chosen_snapshot(connection, snapshot)
        customer = find_customer(connection, wanted)
        desk = desk_of(pipeline, connection, customer, day, language)
        personal: Personal | None = None
        if with_personal_data:
            personal = personal_data(pipeline.warehouse, keys_of(connection, customer))
        chapters = write_chapters(desk, personal)
    heading = f"{desk.words('customer_title')} {customer}"
    intro = [desk.words("subtitle").format(project=pipeline.project.name, day=day)]
    if html is None:
        print_chapters(Console(highlight=False), heading, intro, chapters)
    else:
        click.echo(str(write_atomically(render_page(desk, heading, intro, chapters), html)))


def desk_of(pipeline: Pipeline, connection: DuckDBPyConnection, customer: str, day: date, language: str | None) -> Desk:
    """What the chapters are written with."""
    from crm_pipeline.customer.changes import changes_query
    from crm_pipeline.customer.queries import ALL
    from crm_pipeline.report.blocks import Desk
    from crm_pipeline.report.cells import Reader
    from crm_pipeline.report.wording import Wording

    queries = ALL | {"changes": changes_query(pipeline.tables["customer_features"])}
    read = Reader(connection, queries, {"customer_id": customer, "snapshot_date": day})
    return Desk(read, Wording(language or pipeline.project.language, pipeline.project.currency))
