"""`extract` in crm.yaml: mistakes with line and hint, and no secret written out."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_pipeline.errors import UserError
from crm_pipeline.project import load_project

HEAD = """name: shop
currency: EUR
snapshots: {every: month, first: 2024-01-01}
sources:
  lines:
    entity: order_lines
    columns: {order_id: o, product_id: p, ordered_at: t, quantity: n, net_amount: a}
"""


def told(folder: Path, text: str) -> str:
    """What is said about a source with these keys, or nothing."""
    (folder / "crm.yaml").write_text(HEAD + text, encoding="utf-8")
    try:
        load_project(folder)
    except UserError as error:
        assert error.__context__ is None and "hush-hush" not in str(error)
        return str(error)
    return ""


@pytest.mark.parametrize(
    "extract",
    [
        "sql: {url: '${SHOP_URL}', table: shop.lines, cursor: updated_at, key: [id]}",
        "sql: {url: 'postgresql://shop:${PASSWORD}@127.0.0.1/shop', query: select 1 as o}",
        "mongodb: {url: 'mongodb://127.0.0.1', database: shop, collection: orders, filter: {state: {$ne: draft}}}",
        "rest: {url: 'https://shop.example/orders', paging: {kind: page, size: 50}, auth: {bearer: '${TOKEN}'}}",
        "rest: {url: 'https://shop.example/o', cursor: {field: at, param: since}, headers: {Accept-Language: de}}",
        "files: {url: 's3://shop/*.csv', options: {key: '${KEY}', client_kwargs: {region_name: eu-central-1}}}",
    ],
)
def test_good_settings_are_taken(extract: str, tmp_path: Path) -> None:
    assert told(tmp_path, f"    extract: {{{extract}}}\n") == ""


@pytest.mark.parametrize(
    ("extract", "said"),
    [
        (
            "sql: {url: 'postgresql://shop:hush-hush@127.0.0.1/shop', table: t}",
            "passwords are not written into crm.yaml",
        ),
        (
            "sql: {url: 'postgresql://h/shop?password=hush-hush', table: t}",
            "the value of 'password' looks like a secret",
        ),
        ("rest: {url: 'https://shop.example', auth: {bearer: hush-hush}}", "secrets are not written into crm.yaml"),
        ("rest: {url: 'https://shop.example', auth: {header: {X: hush-hush}}}", "secrets are not written"),
        ("rest: {url: 'https://shop.example', auth: {user: me, password: hush-hush}}", "secrets are not written"),
        ("rest: {url: 'https://shop.example', headers: {X-Api-Key: hush-hush}}", "'X-Api-Key' looks like a secret"),
        (
            "rest: {url: 'https://shop.example', params: {access_token: hush-hush}}",
            "'access_token' looks like a secret",
        ),
        ("rest: {url: 'https://shop.example', auth: {bearer: [hush-hush]}}", "expected text"),
        ("rest: {url: 'https://shop.example', timeout_seconds: hush-hush}", "expected a number"),
        (
            "files: {url: 's3://b/x.csv', options: {client_kwargs: {aws_secret_access_key: hush-hush}}}",
            "looks like a secret",
        ),
        ("sql: {url: '${U}'}", "expected exactly one of `table` and `query`"),
        ("sql: {url: '${U}', table: t, query: q}", "expected exactly one of `table` and `query`"),
        ("sql: {url: '${U}', tabel: t}", "unknown key; did you mean 'table'?"),
        ("sql: {url: shop.db, table: t}", "expected a URL such as"),
        ("sql: {url: '${U}', table: t, overlap_minutes: 5}", "`overlap_minutes` needs a `cursor`"),
        ("rest: {url: '${U}', paging: {kind: pages}}", "paging"),
        ("rest: {url: '${U}', paging: {kind: page, sise: 5}}", "unknown key; did you mean 'size'?"),
        ("rest: {url: '${U}', auth: {}}", "expected exactly one of `bearer`"),
        ("rest: {url: '${U}', auth: {user: me}}", "expected exactly one of `bearer`"),
        ("sqll: {url: '${U}'}", "unknown key; did you mean 'sql'?"),
        ("sql: {url: '${U}', table: t}, rest: {url: '${U}'}", "expected exactly one of `sql`"),
    ],
)
def test_a_mistake_is_said_with_its_line_and_without_secrets(extract: str, said: str, tmp_path: Path) -> None:
    message = told(tmp_path, f"    extract: {{{extract}}}\n")
    assert said in message and "crm.yaml, line 8: sources.lines.extract" in message


def test_an_address_is_a_path_too_but_not_with_a_password(tmp_path: Path) -> None:
    assert told(tmp_path, "    path: s3://shop/exports/*.csv\n") == ""
    assert "passwords are not written" in told(tmp_path, "    path: https://shop:hush-hush@shop.example/a.csv\n")


def test_exactly_one_of_path_and_extract(tmp_path: Path) -> None:
    both = "    path: a.csv\n    extract: {sql: {url: '${U}', table: t}}\n"
    for text in ("", both):
        assert "expected exactly one of `path` and `extract`" in told(tmp_path, text)


def test_another_way_of_reading_lands_elsewhere_and_secrets_are_no_part_of_it(tmp_path: Path) -> None:
    folders = []
    for extract in (
        "rest: {url: 'https://shop.example', auth: {bearer: '${A}'}}",
        "rest: {url: 'https://shop.example', auth: {bearer: '${B}'}, retries: 1}",
        "rest: {url: 'https://shop.example', params: {state: paid}}",
    ):
        assert told(tmp_path, f"    extract: {{{extract}}}\n") == ""
        folders.append(load_project(tmp_path).landed_folder("lines"))
    assert folders[0] == folders[1] != folders[2]
