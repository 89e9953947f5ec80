"""`crm-pipeline alert`: tell the receivers what stands, or send each a test."""

from __future__ import annotations

import click

from crm_pipeline.alerts.alerting import tell_standing
from crm_pipeline.alerts.delivery import deliver
from crm_pipeline.alerts.findings import Finding, standing
from crm_pipeline.errors import CrmError, UserError
from crm_pipeline.pipeline import Pipeline


def alert_command(pipeline: Pipeline, *, test: bool) -> None:
    """Print what stands and tell it; with ``test`` test every receiver. CrmError when one does not take it."""
    receivers = pipeline.project.alerts
    if not receivers:
        raise UserError(
            f"{pipeline.project.folder / 'crm.yaml'} names no receivers of `alerts`; docs/operations.md shows how"
        )
    failures = 0
    if test:
        for name, receiver in sorted(receivers.items()):
            finding = Finding("failed_run", "critical", "a test", "This is a test of crm-pipeline; nothing is wrong.")
            try:
                deliver(pipeline.project, name, receiver, [finding], pipeline.now())
                click.echo(f"{name}: told")
            except CrmError as error:
                failures += 1
                click.echo(str(error), err=True)
    else:
        found = standing(pipeline)
        for item in found:
            click.echo(f"{item.severity}: {item.title}: {item.text}")
        click.echo(f"{len(found)} of these stand." if found else "Nothing to tell.")
        for name, receiver in sorted(receivers.items()) if found else ():
            wanted = sum(receiver.wants(item.subject, item.severity) for item in found)
            click.echo(f"{name} takes {wanted} of them, and is told what it was not told before")
        failures = tell_standing(pipeline, lambda text: click.echo(text, err=True))
    if failures:
        raise CrmError(f"{failures} of {len(receivers)} receivers did not take the alert")
