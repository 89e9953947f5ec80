"""The report and the customer page of a built project: equal to the tables, whole in a browser that is offline."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from crm_pipeline_tests.acceptance.browsing import browser_path
from crm_pipeline_tests.acceptance.commands import crm
from crm_pipeline_tests.acceptance.conftest import Built
from crm_pipeline_tests.acceptance.contents import open_file, query
from crm_pipeline_tests.acceptance.shops import SNAPSHOTS
from crm_pipeline_tests.report.reading import outside, read_back, wrong_numbers

PUBLISHED, NEWEST = "published.duckdb", SNAPSHOTS[-1]
BACKGROUNDS = {"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"}
FIVE = f"""
    select (select count(*) from features.customer_rfm where snapshot_date = date '{NEWEST}'),
        (select count(*) from churn.churn_predictions where is_active and snapshot_date = date '{NEWEST}'),
        (select sum(net_amount) from cleaned.orders where customer_id is not null
            and known_at < date '{NEWEST}' and ordered_at >= date '{NEWEST}' - 30),
        (select sum(clv) from features.customer_clv where snapshot_date = date '{NEWEST}'),
        (select sum(value_at_risk) from churn.churn_predictions where is_active and snapshot_date = date '{NEWEST}')
"""


@pytest.fixture(scope="module")
def pages(built: Built, scratch: Path) -> Iterator[Path]:
    """A folder with report and customer page in English and Chinese, written by the commands."""
    folder, project = scratch / "pages", Path(shutil.copytree(built.folder, scratch / "paged"))
    folder.mkdir()
    (customer,) = query(project, "select max_by(customer_id, (order_count, customer_id)) from features.customer_rfm")[0]
    for language in ("en", "zh"):
        for command, options in (
            ("report", ("--output", str(folder / f"report.{language}.html"))),
            ("customer", (customer, "--html", str(folder / f"customer.{language}.html"))),
        ):
            ended = crm(command, project, *options, "--language", language)
            assert ended.code == 0, ended.text
    yield folder
    shutil.rmtree(project)


def test_the_run_writes_the_report_of_the_newest_snapshot(built: Built) -> None:
    assert built.first_run.code == 0, built.first_run.text
    (page,) = (built.folder / "warehouse/reports").iterdir()
    assert page.name == f"{NEWEST}.html"
    text = page.read_text(encoding="utf-8")
    assert outside(text) == []
    with open_file(built.folder, PUBLISHED) as connection:
        assert wrong_numbers(text, connection) == []
        expected = connection.execute(FIVE).fetchall()[0]
    shown = {
        item.column: float(item.value)
        for item in read_back(text)[0]
        if item.query == "business" and item.column in COLUMNS
    }
    assert [shown[name] for name in COLUMNS] == [pytest.approx(float(value), abs=0.02) for value in expected]


COLUMNS = ("customers", "active_customers", "spend_30d", "expected_value", "value_at_risk")


def test_the_report_names_no_customer(built: Built) -> None:
    text = next((built.folder / "warehouse/reports").iterdir()).read_text(encoding="utf-8")
    words = set(re.findall(r"[\w.-]+", re.sub(r"(?s)<(style|svg).*?</\1>", "", text)))
    known = {str(value) for value in built.shop.order_lines["customer_id"].to_pylist() if value is not None}
    assert {value for value in known if not value.isdigit() or int(value) >= 1000} & words == set()


def test_both_pages_equal_the_tables(built: Built, pages: Path) -> None:
    with open_file(built.folder, PUBLISHED) as connection:
        for page in sorted(pages.iterdir()):
            text = page.read_text(encoding="utf-8")
            assert wrong_numbers(text, connection) == [], page.name
            assert outside(text) == [], page.name


def test_commands_say_what_is_wrong(built: Built, tmp_path: Path) -> None:
    ended = crm("report", built.folder, "--snapshot", "2022-05-02")
    assert (ended.code, "snapshot 2022-05-02 is not published; the newest are" in ended.text) == (2, True)
    ended = crm("customer", built.folder, "nobody")
    assert (ended.code, "no customer 'nobody' is known" in ended.text) == (2, True)
    (tmp_path / "crm.yaml").write_text((built.folder / "crm.yaml").read_text())
    for command, options in (("report", ()), ("customer", ("1",))):
        ended = crm(command, tmp_path, *options)
        assert (ended.code, "nothing is published yet; start with: crm-pipeline run" in ended.text) == (2, True)


@pytest.fixture(scope="module")
def site(pages: Path) -> Iterator[str]:
    """The folder of pages behind a web server of this machine."""
    handler = partial(QuietHandler, directory=str(pages))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", ["report", "customer"])
@pytest.mark.parametrize("through", ["file", "http"])
def test_a_page_in_a_browser(  # type: ignore[no-untyped-def]
    browser, pages: Path, site: str, tmp_path: Path, through: str, name: str, language: str, width: int, scheme: str
) -> None:
    """With the network off (but for the page itself): no error, nothing missing or too wide, all charts drawn."""
    browser_path()
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page, errors, asked = context.new_page(), [], []
    page.on("console", lambda message: errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("requestfailed", lambda request: errors.append(request.url))
    page.on("request", lambda request: asked.append(request.url))
    file = pages / f"{name}.{language}.html"
    address = file.as_uri() if through == "file" else f"{site}/{file.name}"
    context.route(lambda url: not url.startswith(address), lambda route: route.abort())
    page.goto(address)
    page.screenshot(path=tmp_path / "page.png", full_page=True)
    assert [url for url in asked if not url.endswith("/favicon.ico")] == [address]
    assert [text for text in errors if "favicon" not in text and "ERR_FAILED" not in text] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == BACKGROUNDS[scheme]
    charts = page.evaluate(CHARTS)
    assert len(charts) == page.locator("[data-chart]").count() > 1
    assert [chart for chart in charts if chart["width"] < 200 or chart["height"] < 30 or chart["marks"] < 1] == []
    assert {chart["ink"] for chart in charts} == {page.evaluate("getComputedStyle(document.body).color")}
    broken = page.evaluate(
        "[...document.querySelectorAll('a[href]')].filter(a => !document.querySelector(a.hash)).length"
    )
    assert broken == 0
    context.close()


CHARTS = """[...document.querySelectorAll('svg.chart')].map(svg => {
    const box = svg.getBoundingClientRect();
    const coloured = [...svg.querySelectorAll('path, use')].filter(
        item => /var\\(--s\\d\\)/.test(item.getAttribute('style') || '') && item.getBoundingClientRect().width > 0);
    return {width: box.width, height: box.height, marks: coloured.length, ink: getComputedStyle(svg).color};
})"""


@pytest.mark.browser
def test_a_page_on_paper_is_light(browser, pages: Path) -> None:  # type: ignore[no-untyped-def]
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto((pages / "report.en.html").as_uri())
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == BACKGROUNDS["light"]
    assert len(page.pdf(format="A4")) > 20_000
    context.close()
