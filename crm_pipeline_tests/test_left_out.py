"""Rows that the `where` of a source leaves out are told apart, and every sum adds up to what was read."""

from pathlib import Path

import pytest

from crm_pipeline import summary
from crm_pipeline.asset_charts import rejections
from crm_pipeline.pipeline import Pipeline
from crm_pipeline.quality.page import render_page
from crm_pipeline.report.page import render_report
from crm_pipeline.report.queries import ALL
from crm_pipeline.status import mostly_rejected
from crm_pipeline.warehouse.ledger import Ledger
from crm_pipeline_tests.kit import make_project
from crm_pipeline_tests.quality.ledger_rows import add_version, ledger_warehouse
from crm_pipeline_tests.report.reading import wrong_numbers
from crm_pipeline_tests.report.tables import NEWEST, published_file

ROWS = """source, entity, file_name, read_count, clean_count, rejected_count, duplicate_count, left_out_count
          shop,   orders, a.csv,     100,        30,          8,              2,               60
          shop,   orders, b.csv,     10,         10,          0,              0,               0
          desk,   orders, c.csv,     5,          5,           0,              0,               0"""


def test_the_report() -> None:
    with published_file(reconciliation=ROWS) as connection:
        found = connection.execute(ALL["rows"]).fetchdf().iloc[0]
        assert found["read"] == found["clean"] + found["rejected"] + found["duplicate"] + found["left_out"] == 115
        assert found["clean_share"] == pytest.approx(45 / 53)  # what repeats is no dirt
        shop = connection.execute(ALL["sources"]).fetchdf().set_index("source").loc["shop"]
        assert shop["rejected_share"] == pytest.approx(8 / 50) and shop["left_out"] == 60
        for language, words in (("en", "are left out by the"), ("de", "Zeilen lässt das"), ("zh", "不予采用")):
            page = render_report(connection, "shop", "EUR", language, NEWEST)
            assert words in page and 'value="60" data-query="rows"' in page
            assert wrong_numbers(page, connection) == []
    with published_file(reconciliation=ROWS.replace("100,        30,", "40, 30,").replace("60", "0")) as connection:
        assert "are left out by the" not in render_report(connection, "shop", "EUR", "en", NEWEST)


@pytest.mark.parametrize(("language", "words"), [("en", "Left out by where"), ("de", "Durch where ausgelassen")])
def test_the_data_quality_page(language: str, words: str) -> None:
    with ledger_warehouse(reconciliation=ROWS) as connection:
        add_version(connection, "orders", None, 45)
        text = render_page(connection, make_project(language=language))
        assert f">{words}</th>" in text and '<td class="n">2</td><td class="n">60</td>' in text
        connection.execute("update quality.reconciliation set read_count = read_count - left_out_count")
        connection.execute("update quality.reconciliation set left_out_count = 0")
        assert f">{words}</th>" not in render_page(connection, make_project(language=language))


def test_the_end_of_a_run() -> None:
    with ledger_warehouse(reconciliation=ROWS) as connection:
        (said,) = summary._reconciliation(connection)
    assert said == "115 rows read from 2 sources: 45 clean, 8 rejected, 2 duplicate, 60 left out by `where`."


def test_the_chart(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[list[float]] = []
    monkeypatch.setattr("crm_pipeline.charts.bar_chart", lambda _, values, *__: drawn.append(values))
    with ledger_warehouse(reconciliation=ROWS) as connection:
        rejections(connection)
    assert drawn == [[0.0, 20.0]]  # (8 + 2) of the 50 rows that shop does not leave out


def test_a_source_that_is_mostly_rejected_among_what_concerns_it(tmp_path: Path) -> None:
    pipeline = Pipeline(make_project(tmp_path))
    pipeline.warehouse.prepare()
    with pipeline.warehouse.connect("vault") as vault:
        ledger = Ledger(vault)
        ledger.create()
        ledger.append(1, "staged_order_lines", None, "content", {}, "code", 10, "run", 1.0, 1.0)
        vault.execute(
            "create schema if not exists staged; create table staged.staged_order_lines as select 'shop' as source, "
            "case when n < 6 then 'left_out' when n < 9 then 'rejected' else 'clean' end as verdict, "
            "case when n between 6 and 8 then 'order_id is missing' end as rule from range(10) as t (n)"
        )
    (said,) = mostly_rejected(pipeline)
    assert said.startswith("shop: 3 of 4 rows are rejected, 3 of them because order_id is missing")
