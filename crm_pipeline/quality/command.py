"""`crm-pipeline quality`: the data-quality page on request, and its scores in the terminal."""

from __future__ import annotations

from pathlib import Path

import click

from crm_pipeline.errors import UserError
from crm_pipeline.pipeline import Pipeline


def renew_page(pipeline: Pipeline) -> Path:
    """Write the page from what stands now; the warehouse is only read. UserError when there is none yet."""
    from crm_pipeline.quality.page import write_page
    from crm_pipeline.warehouse.ledger import Ledger

    warehouse = pipeline.warehouse
    missing = UserError(f"{warehouse.live}: nothing is built yet; start with: crm-pipeline run")
    if not warehouse.exists:
        raise missing
    with warehouse.connect(read_only=True) as connection:
        if not Ledger(connection).is_there():
            raise missing
        return write_page(connection, pipeline.project, warehouse.data_docs)


def quality_command(pipeline: Pipeline) -> None:
    """Write the page; print its path and the score of each dimension."""
    from crm_pipeline.quality.page import data_quality_summary
    from crm_pipeline.quality.page_words import DIMENSION_NAMES, WORDS, percent

    page = renew_page(pipeline)
    language = pipeline.project.language
    words, names = WORDS[language], DIMENSION_NAMES[language]
    with pipeline.warehouse.connect(read_only=True) as connection:
        scores = data_quality_summary(connection)
    for item in scores:
        text = words["worst"] if item.below_one else words["all_good"]
        said = text.format(count=item.below_one, subjects=item.subjects)
        click.echo(f"{names[item.dimension]:<18}{percent(item.score, language):>9}  {said}")
    click.echo(str(page))
