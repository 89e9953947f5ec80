"""What every command shares: its options, and one clear message for a mistake (exit code 2) or a failure (1)."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crm_pipeline.errors import CrmError
from crm_pipeline.terminal import flush

if TYPE_CHECKING:
    from crm_pipeline.pipeline import Pipeline

PROJECT_VARIABLE = "CRM_PIPELINE_PROJECT"


def guarded(function: Callable[..., None]) -> Callable[..., None]:
    """Turn errors into one message and an exit code; `--debug` shows the traceback."""

    @wraps(function)
    def wrapper(*args: Any, debug: bool, **kwargs: Any) -> None:
        try:
            function(*args, **kwargs)
        except CrmError as error:
            if debug:
                raise
            click.echo(f"crm-pipeline: {error}", err=True)
            sys.exit(error.exit_code)
        except KeyboardInterrupt:
            with suppress(OSError):  # who read what was said may be gone by now, as after Ctrl-C with `| tee`
                click.echo("crm-pipeline: interrupted; the last good tables are untouched", err=True)
            flush()
            os._exit(130)  # the run's thread is at work: an orderly exit would tear its connections from under it
        except BrokenPipeError:  # whoever read the output is gone (`| head`)
            os._exit(1)  # as above, and what is left to say would break as well
        except Exception as error:
            if debug:
                raise
            first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            click.echo(
                f"crm-pipeline: failed unexpectedly ({type(error).__name__}: {first}); --debug shows where", err=True
            )
            sys.exit(1)

    return click.option("--debug", is_flag=True, help="Show the traceback of an error.")(wrapper)


def project_option(function: Callable[..., None]) -> Callable[..., None]:
    """`--project FOLDER`, handed on as `folder`."""
    return click.option(
        "--project",
        "folder",
        type=click.Path(path_type=Path),
        envvar=PROJECT_VARIABLE,
        default=None,
        help=f"Folder with the crm.yaml (default: ${PROJECT_VARIABLE}, the current folder, or the example project).",
    )(function)


def day(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """Callback of options: text such as 2017-12-02 as a date (each, of several)."""
    if value is None:
        return None
    if isinstance(value, tuple):
        return tuple(day(context, parameter, item) for item in value)
    try:
        return datetime.strptime(value, "%Y-%m-%d").date()
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a date; expected for example 2017-12-02") from None


def open_pipeline(folder: Path | None) -> Pipeline:
    """The pipeline of the project in the folder, of the one in the current folder, or of the example."""
    from crm_pipeline.pipeline import Pipeline
    from crm_pipeline.project import EXAMPLE, load_project

    if folder is None:
        here = Path.cwd()
        folder = here if (here / "crm.yaml").is_file() else Path(__file__).parent.parent.parent / EXAMPLE
    return Pipeline(load_project(folder))


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="crm-pipeline")
def main() -> None:
    """Customer analytics from raw exports to scored customers."""
