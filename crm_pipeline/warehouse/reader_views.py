"""Views of the copy for readers: what people ask for most, joined once, with the contracts' words as comments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crm_pipeline.contract.table import Table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class View:
    """A view in the schema `main`: its query, what it is for, and the meaning of columns that no table declares."""

    name: str
    description: str
    sql: str
    own_columns: Mapping[str, str]

    @property
    def tables(self) -> tuple[tuple[str, str], ...]:
        """Schema and name of the tables that it reads."""
        return tuple(sorted(set(re.findall(r"\b(?:from|join) (\w+)\.(\w+)", self.sql))))

    def meaning(self, column: str, tables: Mapping[str, Table]) -> str:
        """What a column means: its own words, else those of the first table that declares it."""
        if column in self.own_columns:
            return self.own_columns[column]
        for name in (name for _, name in self.tables):
            if name in tables and column in tables[name].column_names:
                return tables[name].column(column).description
        return ""


CURRENT_CUSTOMERS = """
select r.snapshot_date, r.customer_id, f.is_active, s.rfm_segment, s.cluster_label, r.rfm_score,
    r.order_count, r.total_spend, r.days_since_last_order, f.order_count_90d, f.spend_amount_30d, f.spend_amount_90d,
    f.spend_amount_365d, f.discount_share, f.return_count,
    v.clv, v.clv_lower, v.clv_upper, v.expected_purchases, v.expected_spend, v.probability_alive,
    v.horizon_days as clv_horizon_days,
    c.churn_probability, c.risk_band, c.value_at_risk, c.reason_1, c.reason_2, c.reason_3,
    c.horizon_days as churn_horizon_days
from features.customer_rfm as r
inner join features.customer_features as f using (snapshot_date, customer_id)
left join features.customer_clv as v using (snapshot_date, customer_id)
left join segments.customer_segments as s using (snapshot_date, customer_id)
left join churn.churn_predictions as c using (snapshot_date, customer_id)
where r.snapshot_date = (select max(snapshot_date) from features.customer_rfm)
"""

CURRENT_RECOMMENDATIONS = """
select r.snapshot_date, r.customer_id, r.rank, r.product_id, p.name as product_name, p.category, r.slot, r.score,
    r.reason
from recommendations.customer_recommendations as r
left join cleaned.products as p using (product_id)
where r.snapshot_date = (select max(snapshot_date) from recommendations.customer_recommendations)
"""

SNAPSHOT_SUMMARY = """
select f.snapshot_date, count(*) as customer_count, count(*) filter (where f.is_active) as active_customer_count,
    sum(f.spend_amount_30d) as spend_amount_30d, sum(v.clv::decimal(18, 4)) as clv,
    sum(c.value_at_risk::decimal(18, 4)) filter (where f.is_active) as value_at_risk
from features.customer_features as f
left join features.customer_clv as v using (snapshot_date, customer_id)
left join churn.churn_predictions as c using (snapshot_date, customer_id)
group by f.snapshot_date order by f.snapshot_date
"""

VIEWS = (
    View(
        "current_customers",
        "One row per customer at the newest snapshot: behaviour, segment, value and churn side by side.",
        CURRENT_CUSTOMERS.strip(),
        {
            "clv_horizon_days": "Days after the snapshot that the value covers.",
            "churn_horizon_days": "Days after the snapshot that the churn probability covers.",
        },
    ),
    View(
        "current_recommendations",
        "The lists of the newest snapshot with the products' names.",
        CURRENT_RECOMMENDATIONS.strip(),
        {"product_name": "The product's name."},
    ),
    View(
        "snapshot_summary",
        "One row per snapshot: the five numbers that the report begins with.",
        SNAPSHOT_SUMMARY.strip(),
        {
            "customer_count": "Customers who ordered before the snapshot.",
            "active_customer_count": "Those of them who are active.",
            "spend_amount_30d": "Spend of all customers in the 30 days before, net of returns.",
            "clv": "Sum of the expected values, in the project's currency.",
            "value_at_risk": "Sum of the value at risk of active customers.",
        },
    ),
)


def create_views(connection: DuckDBPyConnection, tables: Mapping[str, Table]) -> list[str]:
    """Create the views whose tables are there, with comments; returns their names. ``tables``: contracts by name."""
    there = set(connection.execute("select schema_name, table_name from duckdb_tables()").fetchall())
    made = []
    for view in VIEWS:
        if not set(view.tables) <= there:
            continue
        connection.execute(f"create or replace view main.{view.name} as {view.sql}")
        connection.execute(f"comment on view main.{view.name} is {_quoted(view.description)}")
        for (column,) in connection.execute(
            "select column_name from duckdb_columns() where schema_name = 'main' and table_name = ?", [view.name]
        ).fetchall():
            words = _quoted(view.meaning(column, tables))
            connection.execute(f'comment on column main.{view.name}."{column}" is {words}')
        made.append(view.name)
    return made


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
