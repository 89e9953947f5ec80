"""How a check looks on the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from crm_pipeline.counting import counted
from crm_pipeline.onboarding.check import CheckReport
from crm_pipeline.onboarding.sufficiency import Sufficiency

_STYLES = {"error": "bold red", "warning": "yellow", "note": "dim", "enough": "green", "thin": "yellow"}
MOST_SNAPSHOTS = 6


def print_report(report: CheckReport, console: Console) -> None:
    """Sources, findings and verdicts as tables."""
    console.print(f"[bold]{report.project}[/bold]: {report.file}", highlight=False)
    console.print(_sources(report))
    if report.findings:
        console.print(_findings(report))
    console.print(_verdicts(report.sufficiency))
    if report.sufficiency.proposed.ended_within:
        console.print(_horizons(report.sufficiency))
    for line in _figures(report.sufficiency):
        console.print(line, highlight=False)
    sampled = " (from samples of the larger files)" if any(source.is_sample for source in report.sources) else ""
    console.print(f"Checked in {report.seconds:.1f} s{sampled}; nothing was built.", highlight=False)


def _table(title: str, *names: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", show_edge=False, pad_edge=False)
    for name in names:
        table.add_column(name, overflow="fold")
    return table


def _sources(report: CheckReport) -> Table:
    table = _table("Sources", "source", "entity", "files", "rows", "clean", "rejected", "read as")
    for source in report.sources:
        mark = " (sample)" if source.is_sample else ""
        rows, clean, rejected = (f"{number:,}" for number in (source.rows, source.clean, source.rejected))
        if source.is_unread:
            rows, clean, rejected = "-", "-", "-"
        table.add_row(
            source.source,
            source.entity,
            f"{source.files}",
            f"{rows}{mark}",
            clean,
            rejected,
            source.read_as,
        )
    return table


def _findings(report: CheckReport) -> Table:
    table = _table("Findings", "", "source", "what", "where")
    for finding in report.findings:
        word = f"[{_STYLES[finding.level]}]{finding.level}[/]"
        table.add_row(word, finding.source, _plain(finding.message), _plain("\n".join(finding.examples)))
    return table


def _plain(text: str) -> str:
    """Text in which brackets are no markup."""
    return text.replace("[", r"\[")


def _verdicts(found: Sufficiency) -> Table:
    table = _table("Enough data?", "model", "verdict", "why", "missing", "what to do")
    for item in found.verdicts:
        style = _STYLES.get(item.verdict, "red")
        table.add_row(item.model, f"[{style}]{item.verdict}[/]", item.why, item.missing, item.what_to_do)
    return table


def _horizons(found: Sufficiency) -> Table:
    """For each usual horizon, how many pauses between orders ended within it; the project's and the proposed one."""
    names: dict[int, list[str]] = {days: [] for days, _ in found.proposed.ended_within}
    names.get(found.horizon_days, []).append("crm.yaml")
    names.get(found.proposed.days, []).append("proposed")
    table = _table("Churn horizon", "days", *(f"{days}" for days in names))
    table.add_row("pauses between orders that ended by then", *(f"{x:.0%}" for _, x in found.proposed.ended_within))
    table.add_row("", *(", ".join(marks) for marks in names.values()))
    return table


def _figures(found: Sufficiency) -> list[str]:
    history = found.history
    lines = []
    if history.customers:
        prefix = history.about.capitalize()
        lines.append(
            f"{prefix}{counted(history.customers, 'customer')}, {counted(history.orders, 'order')} "
            f"from {history.first_day} to {history.last_day}; complete to {history.data_through}."
        )
    if history.customers:
        chosen, proposed = found.horizon_days, found.proposed
        also = "as proposed" if chosen == proposed.days else f"{proposed.days} would be proposed"
        lines.append(f"churn.horizon_days is {chosen}, {also}: {proposed.why}.")
    if found.snapshots_due:
        due = found.snapshots_due
        lines.append(f"{counted(len(due), 'snapshot')} due, {due[0]} to {due[-1]}.")
    if found.balances:
        shown = found.balances[-MOST_SNAPSHOTS:]
        shares = ", ".join(f"{item.snapshot} {100 * item.share:.0f} %" for item in shown)
        lines.append(f"Active customers with no order in the horizon: {shares}.")
    elif found.first_judged_on is not None:
        lines.append(f"The first judged snapshot comes on {found.first_judged_on}.")
    return lines
