"""How busy the same days were a year ago, beside the year around them: what the season says of the horizon.

`season_log` is the log of the daily spend in the window [D - 365, D - 365 + horizon), over that of the year before D.
The window lies before the middle of that year, so a growing shop would seem to have a quiet season: the growth from
the year before, over days of the same season, is taken out. `clv_model` decides by outcomes how far it is believed.
"""

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Table

TABLE = Table(
    name="clv_season",
    description="One row per snapshot: spend in the same window of last year, beside the whole year and its growth.",
    grain=("snapshot_date",),
    columns=(
        columns.SNAPSHOT_DATE,
        columns.HORIZON_DAYS,
        Column("history_days", "integer", "Days from the first order to the snapshot."),
        Column("year_amount", "decimal(18,4)", "Spend of known customers in the 365 days before the snapshot."),
        Column("window_amount", "decimal(18,4)", "Spend in the first horizon_days of these 365."),
        Column("recent_amount", "decimal(18,4)", "Spend in those of the 365 days that were seen a year earlier too."),
        Column("earlier_amount", "decimal(18,4)", "Spend in the same days a year earlier."),
        Column(
            "season_log",
            "double",
            "Log of the window's daily spend over the year's, growth taken out; null before 393 days of history, and "
            "for a horizon of a year or more.",
            nullable=True,
        ),
    ),
    rules=("history_days >= 0", "season_log is null or isfinite(season_log)"),
)
