"""The web UI of a built project in a headless browser: the graph, an asset with its checks, schedules."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_pipeline.pipeline import all_tables
from crm_pipeline_tests.acceptance.browsing import browser_path, web_ui
from crm_pipeline_tests.acceptance.conftest import Built

pytestmark = pytest.mark.browser

PAGE_MILLISECONDS = 60_000


@pytest.fixture(scope="module")
def address(built: Built, scratch: Path) -> Iterator[str]:
    """`crm-pipeline ui` on a copy of the built project."""
    browser_path()
    folder = Path(shutil.copytree(built.folder, scratch / "ui"))
    with web_ui(folder, scratch / "ui.log") as found:
        yield found


@pytest.fixture
def page(browser, address: str, tmp_path: Path) -> Iterator[object]:  # type: ignore[no-untyped-def]
    """A page on the UI; where it ends is kept as a picture beside the test's other files."""
    opened = browser.new_page(base_url=address, viewport={"width": 1600, "height": 1000})
    opened.set_default_timeout(PAGE_MILLISECONDS)
    yield opened
    opened.screenshot(path=tmp_path / "page.png")
    opened.close()


def assert_shows(page, *texts: str | re.Pattern[str]) -> None:  # type: ignore[no-untyped-def]
    """Wait until the page shows every text."""
    for text in texts:
        page.get_by_text(text).filter(visible=True).first.wait_for()
    assert not page.get_by_text("PythonError").count()


@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (390, "dark")])
def test_the_data_quality_page_opens_from_the_disk(browser, built: Built, width: int, scheme: str) -> None:  # type: ignore[no-untyped-def]
    """Offline, on a wide screen and on a phone: nothing is fetched, nothing is wider than the window."""
    opened = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto((built.folder / "warehouse/data_docs/data_quality.html").as_uri())
    assert [url.partition(":")[0] for url in asked] == ["file"]
    for text in ("Data quality: small_shop", "quantity is not a number", "customer_rfm", "order_lines.csv"):
        opened.get_by_text(text).filter(visible=True).first.wait_for(timeout=PAGE_MILLISECONDS)
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    background = opened.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == {"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"}[scheme]
    assert opened.locator("svg.spark polyline").count() > 10
    opened.get_by_text("Query").first.click()
    opened.get_by_text("quality.data_quality").filter(visible=True).first.wait_for()
    opened.close()


@pytest.mark.parametrize("stage", sorted({table.stage for table in all_tables().values()}))
def test_the_tables_of_a_stage(page, stage: str) -> None:  # type: ignore[no-untyped-def]
    """As a graph (which draws what is in the window, and shortens long names) and as a list."""
    names = [name for name, table in all_tables().items() if table.stage == stage]
    page.goto(f"/locations/crm_pipeline/asset-groups/{stage}/lineage")
    assert_shows(page, re.compile(f"^({'|'.join(names)})$"))
    page.goto(f"/locations/crm_pipeline/asset-groups/{stage}/list")
    assert_shows(page, *names)


def test_the_whole_graph(page) -> None:  # type: ignore[no-untyped-def]
    page.goto("/asset-groups")
    assert_shows(page, "cleaned", "features", "published")


def test_an_asset_shows_description_schema_and_rows(page) -> None:  # type: ignore[no-untyped-def]
    page.goto("/assets/customer_rfm?view=overview")
    table = all_tables()["customer_rfm"]
    assert_shows(page, table.description, "monetary_value", table.column("monetary_value").description)


def test_an_asset_shows_its_lineage(page) -> None:  # type: ignore[no-untyped-def]
    page.goto("/assets/customer_rfm?view=lineage&lineageScope=neighbors")
    assert_shows(page, "orders", "customer_rfm")


def test_an_asset_shows_its_checks(page) -> None:  # type: ignore[no-untyped-def]
    page.goto("/assets/customer_rfm?view=checks")
    assert_shows(page, "unique_grain", "row_rules", "expectations")


def test_the_report_is_linked_and_its_numbers_shown(page) -> None:  # type: ignore[no-untyped-def]
    page.goto("/assets/report?view=overview")
    assert_shows(page, re.compile("the newest snapshot on one page"), re.compile(r"reports/.*\.html"), "value_at_risk")


def test_schedules_and_sensor(page) -> None:  # type: ignore[no-untyped-def]
    page.goto("/automation")
    assert_shows(page, "daily_load", "snapshot_when_due", "source_file_changed", "At 03:00 AM", re.compile("05:00 AM"))


def test_the_runs(page) -> None:  # type: ignore[no-untyped-def]
    page.goto("/runs")
    assert_shows(page, "Success", "everything")
