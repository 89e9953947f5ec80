"""The queries behind the report: every number on the page is a cell of one of them, and the page shows them all.

They run on `published.duckdb` as they stand; `$snapshot_date` is the day D that the page is about. Sums are over
decimals, so that the same tables give the same bytes. What is said of customers, scores and models reads nothing later
than D. What is said of data quality (`quality.py`) has no D: it is the published state as it stands, whatever the
page's snapshot. So are the names of products.
"""

from crm_pipeline.report.queries import business, churn, models, quality, recommendations, segments, value

ALL: dict[str, str] = {
    name.lower(): text.strip()
    for chapter in (business, quality, value, segments, churn, recommendations, models)
    for name, text in vars(chapter).items()
    if name.isupper()
}
"""The queries by name."""
