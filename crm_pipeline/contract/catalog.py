"""Finds every declared table: stage = package, table = module = ``.sql``."""

from __future__ import annotations

import ast
import inspect
import pkgutil
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import cache
from graphlib import TopologicalSorter
from hashlib import sha256
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Any

from crm_pipeline.contract.sql import parameters, upstream_tables
from crm_pipeline.contract.table import Table

STAGES = ("ingestion", "staged", "identity", "quality", "cleaned", "features", "segments", "churn", "recommendations")
INGESTION_STAGE = "ingestion"
CONTEXT_PARAMETERS = ("rows", "project", "snapshot_date", "fitted")
SAMPLE_SIZE = 20_000


@dataclass(frozen=True)
class Transform:
    """How a table is computed: its SQL, the pure function after it, and what both read.

    ``streams``: the function treats rows independently, so it is given frames of a bounded size, one after the other.
    ``stream_by``: such frames never split the rows of one value of this column, by which the query is ordered.
    ``fit``: the module's `fit_sample`, which learns once per part from all rows of ``sample_size`` values of
    ``stream_by``; what it returns is given with each frame as ``fitted``.
    ``follows_choices``: the function reads which model a person wants published (`Project.model_choices`).
    ``follows_tuning``: the function reads settings that a search found (`Project.tuned_settings`).
    ``follows_clustering``: the function reads which clustering the project wants (`segments.clustering`).
    ``current_frames``: tables of which the function is given the snapshot date's part only, not all earlier ones.
    ``query_of``: the table of the stage whose `.sql` file is the query, where that is not its own (`QUERY_OF`).
    ``customers``: how many customers the query sees, a sample of those with orders; None: everyone (`CUSTOMERS`).
    """

    table: Table
    sql: str
    function: Callable[..., Any] | None
    upstream: tuple[str, ...]
    frames: tuple[str, ...]
    sql_parameters: tuple[str, ...]
    streams: bool
    code_hash: str
    stream_by: str | None = None
    current_frames: tuple[str, ...] = ()
    follows_choices: bool = False
    follows_tuning: bool = False
    follows_clustering: bool = False
    fit: Callable[..., Any] | None = None
    sample_size: int = 0
    query_of: str | None = None
    customers: int | None = None


def _digest(*parts: str) -> str:
    return sha256("\0".join(parts).encode()).hexdigest()[:16]


def _source_of(module: ModuleType) -> str:
    """The text whose change makes a function's table stale: its module, and what it imports of models and its stage.

    Read from the files, for models are imported inside functions and must not load with the definitions.
    """
    homes = ("crm_pipeline.models", module.__name__.rpartition(".")[0])
    texts: dict[str, str] = {}
    waiting = [module.__name__]
    while waiting:
        name = waiting.pop()
        if name in texts:
            continue
        path = _file_of(name)
        if path is None:
            continue
        texts[name] = path.read_text(encoding="utf-8")
        waiting += [found for found in _imports(texts[name]) if found.startswith(homes)]
    return "\n".join(texts[name] for name in sorted(texts))


@cache
def _imports(text: str) -> tuple[str, ...]:
    found: list[str] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
    return tuple(name for name in found if name.startswith("crm_pipeline.") and _file_of(name))


def _file_of(module_name: str) -> Path | None:
    """Where a module's text is; found by its name, for asking the import system would import the packages around it."""
    path = Path(__file__).parents[2].joinpath(*module_name.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


def transform_of(module: ModuleType, table: Table) -> Transform:
    """The transform declared by a table's module."""
    function = getattr(module, "build", None)
    frames = tuple(p for p in inspect.signature(function).parameters if p not in CONTEXT_PARAMETERS) if function else ()
    upstream = tuple(dict.fromkeys((*upstream_tables(table.sql), *frames)))
    stream_by: str | None = getattr(module, "STREAM_BY", None)
    current_frames: tuple[str, ...] = getattr(module, "CURRENT_FRAMES", ())
    if unknown := set(current_frames) - set(frames):
        raise ValueError(f"{module.__name__}: CURRENT_FRAMES names {sorted(unknown)}, which build does not take")
    fit = getattr(module, "fit_sample", None) if function else None
    if fit is not None and stream_by is None:
        raise ValueError(f"{module.__name__}: fit_sample draws values of STREAM_BY, which is not set")
    contract = repr((table.columns, table.grain, table.rules, table.expectations, table.kind, table.order_by))
    return Transform(
        table=table,
        sql=table.sql,
        function=function,
        upstream=upstream,
        frames=frames,
        sql_parameters=parameters(table.sql),
        streams=bool(getattr(module, "STREAMS", False)) or stream_by is not None,
        code_hash=_digest(table.sql, contract, _source_of(module) if function else ""),
        stream_by=stream_by,
        current_frames=current_frames,
        follows_choices=bool(getattr(module, "FOLLOWS_CHOICES", False)),
        follows_tuning=bool(getattr(module, "FOLLOWS_TUNING", False)),
        follows_clustering=bool(getattr(module, "FOLLOWS_CLUSTERING", False)),
        fit=fit,
        sample_size=getattr(module, "SAMPLE_SIZE", SAMPLE_SIZE),
        query_of=getattr(module, "QUERY_OF", None),
        customers=getattr(module, "CUSTOMERS", None),
    )


def _modules(stage: str) -> list[ModuleType]:
    package = import_module(f"crm_pipeline.{stage}")
    names = sorted(info.name for info in pkgutil.iter_modules(package.__path__))
    return [import_module(f"crm_pipeline.{stage}.{name}") for name in names]


@cache
def declared_transforms() -> Mapping[str, Transform]:
    """Every table computed by a ``.sql`` file (and function), by name, in an order in which they can be built."""
    found: dict[str, Transform] = {}
    for stage in STAGES:
        if stage == "staged":
            continue
        for module in _modules(stage):
            table = getattr(module, "TABLE", None)
            if table is None:
                continue
            stem = module.__name__.rsplit(".", 1)[1]
            if table.name != stem:
                raise ValueError(f"{module.__name__} declares the table {table.name}; both must have one name")
            sql = files(f"crm_pipeline.{stage}").joinpath(f"{getattr(module, 'QUERY_OF', stem)}.sql")
            if not sql.is_file():
                continue
            found[table.name] = transform_of(module, replace(table, stage=stage, sql=sql.read_text()))
    graph = {name: (set(item.upstream) & found.keys()) - {name} for name, item in found.items()}
    return {name: found[name] for name in build_order(graph)}


def build_order(graph: Mapping[str, Collection[str]]) -> list[str]:
    """Names with what they depend on first, and otherwise in alphabetical order: the same in every process."""
    sorter = TopologicalSorter(graph)
    sorter.prepare()
    found: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        found += ready
        sorter.done(*ready)
    return found
