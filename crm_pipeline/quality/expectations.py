"""Great Expectations on profile frames: suites generated from the contract, run on a frame with one row per part."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crm_pipeline.contract.table import Expectation, Table
from crm_pipeline.warehouse.audit import CHECK_OF, CheckResult
from crm_pipeline.warehouse.candidate import Part

if TYPE_CHECKING:
    import pandas as pd

VOLUME = Expectation(
    "row_count_change", minimum=-0.5, maximum=3.0, why="a table that halves or quadruples deserves a look"
)


def suite_of(table: Table) -> tuple[Expectation, ...]:
    """The table's own expectations and, for all, a watch on the number of rows."""
    return (*table.expectations, VOLUME)


@cache
def _context() -> Any:
    """One ephemeral context per process; the import takes seconds, so it waits until it is needed."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context.data_sources.add_pandas("profiles")


@cache
def _profiles() -> Any:
    """What frames are handed to: one for all tables, for the context is written anew with each that it is given."""
    return _context().add_dataframe_asset("profile").add_batch_definition_whole_dataframe("parts")


@cache
def _page_view() -> Any:
    """One view per process: it compiles its templates when they are first used, which takes half of a table's time."""
    from great_expectations.render.view import DefaultJinjaPageView

    return DefaultJinjaPageView()


def _column(expectation: Expectation) -> str:
    return f"{expectation.column}.{expectation.statistic}" if expectation.column else expectation.statistic


def _outcome(expectation: Expectation, result: Any, frame: pd.DataFrame, parts: Sequence[Part]) -> list[CheckResult]:
    """One result per part; what crashed is an error, apart from data that failed."""
    check = CHECK_OF[expectation.severity]
    expected = "..".join("" if bound is None else str(bound) for bound in (expectation.minimum, expectation.maximum))
    raised = _exception_text(result.exception_info)
    found = []
    failing = set((result.result or {}).get("unexpected_index_list") or [])
    for index, part in enumerate(parts):
        value = frame[_column(expectation)].iloc[index]
        status: Any = "error" if raised else "failed" if index in failing else "passed"
        observed = raised or ("" if value != value else f"{value:.6g}")
        found.append(CheckResult(check, expectation.name, expectation.severity, status, part, observed, expected))
    return found


def _exception_text(info: Any) -> str:
    if not info:
        return ""
    entries = [info] if "raised_exception" in info else list(info.values())
    return "; ".join(str(entry.get("exception_message")) for entry in entries if entry.get("raised_exception"))


def judge_profile(
    table: Table, frame: pd.DataFrame, parts: Sequence[Part], data_docs: Path | None
) -> list[CheckResult]:
    """Run the table's suite on its profile frame (`wide_frame`); Data Docs of the result go to ``data_docs``."""
    import great_expectations as gx
    from great_expectations.expectations.metadata_types import FailureSeverity

    suite = suite_of(table)
    for expectation in suite:
        if _column(expectation) not in frame:
            frame[_column(expectation)] = float("nan")
    expectations = [
        gx.expectations.ExpectColumnValuesToBeBetween(
            column=_column(item),
            min_value=item.minimum,
            max_value=item.maximum,
            severity=FailureSeverity("warning" if item.severity == "warning" else "critical"),
            meta={"number": number, "why": item.why},
        )
        for number, item in enumerate(suite)
    ]
    batch = _profiles().get_batch(batch_parameters={"dataframe": frame})
    validation = batch.validate(
        gx.ExpectationSuite(name=table.name, expectations=expectations), result_format={"result_format": "COMPLETE"}
    )
    if data_docs is not None:
        write_data_docs(validation, table.name, data_docs)
    by_number = {result.expectation_config.meta["number"]: result for result in validation.results}
    results: list[CheckResult] = []
    for number, expectation in enumerate(suite):
        results += _outcome(expectation, by_number[number], frame, parts)
    return results


def write_data_docs(validation: Any, name: str, folder: Path) -> None:
    """Render one validation result as a Great Expectations page, replacing the former one at once."""
    from great_expectations.render.renderer import ValidationResultsPageRenderer

    validation.meta.setdefault("run_id", {"run_name": name, "run_time": ""})
    page = _page_view().render(ValidationResultsPageRenderer().render(validation))
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name}.html"
    draft = target.with_suffix(".html.new")
    draft.write_text(page, encoding="utf-8")
    draft.replace(target)
