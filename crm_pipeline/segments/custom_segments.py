"""Segments that the project defines: SQL predicates of `segments.custom` in crm.yaml, over a customer's own row."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Table
from crm_pipeline.errors import UserError
from crm_pipeline.project import Project

if TYPE_CHECKING:
    import pandas as pd
    from duckdb import DuckDBPyConnection

STREAMS = True

TABLE = Table(
    name="custom_segments",
    description=(
        "One row per snapshot, custom segment and customer in it; segments may overlap. Empty where crm.yaml "
        "defines none."
    ),
    grain=("snapshot_date", "segment", "customer_id"),
    columns=(
        columns.SNAPSHOT_DATE,
        Column("segment", "varchar", "Its name in `segments.custom` of crm.yaml."),
        columns.CUSTOMER_ID,
    ),
    rules=("length(segment) > 0",),
)

BESIDE_FEATURES: Mapping[str, tuple[str, ...]] = {
    "customer_rfm": ("r_score", "f_score", "m_score", "rfm_score"),
    "customer_clv": ("clv", "clv_lower", "clv_upper", "expected_spend", "purchase_probability", "probability_alive"),
    "customer_segments": ("rfm_segment", "cluster_id", "cluster_label"),
    "churn_predictions": ("churn_probability", "risk_band", "value_at_risk"),
}
"""What a predicate may name besides the columns of customer_features."""


@cache
def predicate_columns() -> Mapping[str, str]:
    """Every column that a predicate may name, and its DuckDB type."""
    from crm_pipeline.contract.catalog import declared_transforms

    declared = declared_transforms()
    found = {column.name: column.type for column in declared["customer_features"].table.columns}
    for table, names in BESIDE_FEATURES.items():
        types = {column.name: column.type for column in declared[table].table.columns}
        found |= {name: types[name] for name in names}
    return found


def check_custom_segment(predicate: str) -> None:
    """ValueError, in words, where a predicate is no scalar expression over a customer's row that is true or false."""
    import duckdb

    from crm_pipeline.contract.expressions import check_predicate

    checked = check_predicate(predicate)
    typed = ", ".join(f'cast(null as {kind}) as "{name}"' for name, kind in predicate_columns().items())
    with duckdb.connect(":memory:") as connection:
        try:
            row = connection.execute(f"select typeof({checked}) from (select {typed}) as customer").fetchone()
        except duckdb.Error as error:
            raise ValueError(
                f"{predicate!r}: {str(error).splitlines()[0]}; columns are those of customer_features, and "
                f"{', '.join(name for names in BESIDE_FEATURES.values() for name in names)}"
            ) from None
    if row is None or row[0] not in ("BOOLEAN", '"NULL"'):
        raise ValueError(f"{predicate!r} is {row[0].lower() if row else 'nothing'}, not true or false")


def build(rows: pd.DataFrame, project: Project) -> pd.DataFrame:
    """The members of each segment; a predicate that is null of a customer leaves them out.

    Args:
        rows: snapshot_date and every column of `predicate_columns`, one row per customer.
        project: gives the predicates.

    Raises:
        UserError: where a predicate fails on a customer's values.
    """
    import duckdb
    import pandas as pd

    from crm_pipeline.contract.expressions import check_predicate

    predicates = project.segments.custom
    if rows.empty or not predicates:
        return pd.DataFrame(columns=list(TABLE.column_names))
    typed = ", ".join(f'cast("{name}" as {kind}) as "{name}"' for name, kind in predicate_columns().items())
    with duckdb.connect(":memory:") as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.register("given_customers", rows)
        connection.execute(f"create table customers as select {typed} from given_customers")
        parts = [_members(connection, name, check_predicate(text)) for name, text in sorted(predicates.items())]
    return pd.concat(parts, ignore_index=True)


def _members(connection: DuckDBPyConnection, name: str, predicate: str) -> pd.DataFrame:
    import duckdb

    sql = f"select snapshot_date, $name as segment, customer_id from customers where {predicate} order by customer_id"
    try:
        return connection.execute(sql, {"name": name}).df()
    except duckdb.Error as error:  # its message may quote a customer's value
        what = "a value that cannot be converted" if isinstance(error, duckdb.ConversionException) else "an error"
        raise UserError(
            f"segments.custom.{name}: {predicate} ends in {what} for some customer; guard it, for example by try_cast, "
            "or by case when spend_amount_90d > 0 then ... end"
        ) from None
