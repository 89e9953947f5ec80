"""What `init` finds out from the values of several columns, in files as well-known shops and data sets have them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from crm_pipeline.onboarding.init import initialize
from crm_pipeline.project import Source

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
ORDERS = 60


def sources(folder: Path, encoding: str = "utf-8", **files: str) -> dict[str, Source]:
    """The sources proposed for these CSV files."""
    for name, text in files.items():
        (folder / f"{name}.csv").write_bytes(text.encode(encoding))
    found = initialize(folder / "shop", [str(folder / f"{name}.csv") for name in files], NOW)
    assert found.project is not None, found.problem
    return dict(found.project.sources)


def columns(source: Source) -> dict[str, str]:
    """What each entity column is filled from."""
    return {name: mapping.column or mapping.sql or "" for name, mapping in source.columns.items()}


def lines(header: str, row: str, per_order: str = "", rest: str = "") -> str:
    """Two lines for each order: `per_order` stands in the first, `rest` in the second one."""
    written = [header]
    for n in range(1, ORDERS + 1):
        for line in (0, 1):
            day = f"2024-{1 + n % 9:02d}-{1 + n % 27:02d}"
            values = {"n": n, "c": n % 7, "p": (n + line) % 5, "day": day, "price": f"{2 + (n + line) % 5}.50"}
            written.append((row + (rest if line else per_order)).format(**values))
    return "\n".join(written) + "\n"


def test_an_export_that_tells_of_the_order_in_its_first_line_only(tmp_path: Path) -> None:
    """As Shopify writes orders: a number called Name, an e-mail address for the customer, totals once."""
    text = lines(
        "Name,Email,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Subtotal,Id",
        "#{n},p{c}@mail.example,{day} 10:00:00 -0500,1,Mug {p},{price},SKU-{p}",
        per_order=",{n}.00,45{n}",
        rest=",,",
    )
    found = sources(tmp_path, orders_export=text)
    assert columns(found["orders_export"]) == {
        "order_id": "Name",
        "customer_id": 'md5(lower(trim("Email")))',
        "product_id": "Lineitem sku",
        "ordered_at": "Created at",
        "quantity": "Lineitem quantity",
        "unit_price": "Lineitem price",
    }
    assert found["orders_export"].columns["ordered_at"].formats == ("%Y-%m-%d %H:%M:%S %z",)
    assert columns(found["orders_export_products"]) == {"product_id": "Lineitem sku", "name": "Lineitem name"}
    assert "# ? Subtotal is told once per order, not per line, and left out" in (tmp_path / "shop/crm.yaml").read_text()


def test_a_number_that_many_customers_share_is_none_of_orders(tmp_path: Path) -> None:
    text = lines("t_dat,customer_id,article_id,price,sales_channel_id", "{day},{c},{p},{price},2")
    found = sources(tmp_path, transactions=text)["transactions"]
    assert columns(found)["order_id"] == '"customer_id" || \' \' || "t_dat"'


def test_a_repeating_number_within_a_customers_day_is_that_of_orders(tmp_path: Path) -> None:
    """A customer may come twice a day: one to one with days it is not."""
    text = "".join(
        f"{n},{n % 4},2024-03-{1 + n % 20:02d},{p},1,2.50\n" for n in range(1, ORDERS + 1) for p in (n % 5, n % 7 + 5)
    )
    found = sources(tmp_path, caisse="N° ticket,Code client,Date d'achat,Article,Quantité,Prix total\n" + text)
    assert columns(found["caisse"])["order_id"] == "N° ticket"


def test_whole_amounts_beside_a_price_are_pieces_and_what_varies_within_a_product_is_none_of_its_own(
    tmp_path: Path,
) -> None:
    text = lines(
        "TRANSACTION_DT,CUSTOMER_ID,AGE_GROUP,PRODUCT_SUBCLASS,PRODUCT_ID,AMOUNT,SALES_PRICE",
        "{day},{c},A{c},1{p},47{p},1,{price}",
    )
    found = sources(tmp_path, merged=text)
    assert columns(found["merged"])["quantity"] == "AMOUNT"
    assert columns(found["merged"])["net_amount"] == "SALES_PRICE"
    assert columns(found["merged_products"]) == {"product_id": "PRODUCT_ID", "subcategory": "PRODUCT_SUBCLASS"}


def test_payments_and_reviews_of_orders_are_no_orders(tmp_path: Path) -> None:
    numbers = range(1, ORDERS + 1)
    found = sources(
        tmp_path,
        orders="order_id,customer_id,order_status,order_purchase_timestamp\n"
        + "".join(f"o{n},c{n % 7},{'canceled' if n == 5 else 'delivered'},2024-01-{1 + n % 27:02d}\n" for n in numbers),
        order_items="order_id,order_item_id,product_id,price\n" + "".join(f"o{n},1,p{n % 5},2.5\n" for n in numbers),
        order_payments="order_id,payment_type,payment_value\n" + "".join(f"o{n},card,2.5\n" for n in numbers),
        order_reviews="review_id,order_id,review_score,review_creation_date\n"
        + "".join(f"r{n},o{n},{1 + n % 5},2024-02-01\n" for n in numbers),
        products="product_id,product_category_name,product_name_lenght\n"
        + "".join(f"p{n},tea,4{n}\n" for n in range(5)),
    )
    assert {name: source.entity for name, source in found.items()} == {
        "orders": "orders",
        "order_items": "order_lines",
        "products": "products",
    }
    assert found["order_items"].join == "orders"
    assert columns(found["products"]) == {"product_id": "product_id", "category": "product_category_name"}
    text = (tmp_path / "shop/crm.yaml").read_text()
    assert """where: "\\"order_status\\" is null or \\"order_status\\" not in ('canceled')\"""" in text


def test_a_share_is_no_discount(tmp_path: Path) -> None:
    text = lines(
        "Order ID,Customer ID,Product ID,Order Date,Sales,Quantity,Discount", "{n},{c},{p},{day},{price},1,0.{p}"
    )
    assert "discount_amount" not in columns(sources(tmp_path, superstore=text)["superstore"])


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_chinese_orders(tmp_path: Path, encoding: str) -> None:
    text = lines(
        "订单编号,买家会员名,宝贝标题,商品编码,购买数量,买家实际支付金额,订单付款时间",
        "{n},tb{c},陶瓷杯{p},{p},1,{price},{day} 10:00:00",
    )
    found = sources(tmp_path, encoding, 订单=text)
    assert columns(found["订单"]) == {
        "order_id": "订单编号",
        "customer_id": "买家会员名",
        "product_id": "商品编码",
        "quantity": "购买数量",
        "net_amount": "买家实际支付金额",
        "ordered_at": "订单付款时间",
    }
    assert columns(found["订单_products"]) == {"product_id": "商品编码", "name": "宝贝标题"}
