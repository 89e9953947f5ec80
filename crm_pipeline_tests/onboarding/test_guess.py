"""What a file is taken for, from its name, its columns' names and their values."""

import pytest

from crm_pipeline.onboarding.columns import look_at
from crm_pipeline.onboarding.guess import Guess, guess

DAYS = ["01.02.2024", "13.02.2024", "13.02.2024"]
TIMES = ["2024-01-01 10:00", "2024-01-02 10:00", "2024-01-03 10:00"]
IDS, AGAIN = ["1", "2", "3"], ["1", "1", "2"]

FILES: dict[str, tuple[str, dict[str, list[str]], str]] = {
    "German lines": (
        "Bestellungen",
        {
            "Bestellnr": AGAIN,
            "Kundennr": AGAIN,
            "Bestelldatum": DAYS,
            "Artikelnr": IDS,
            "Artikelbezeichnung": ["Tee", "Saft", "Tee"],
            "Menge": IDS,
            "Einzelpreis": ["1,50", "2,00", "1,50"],
            "Gesamtpreis": ["1,50", "4,00", "4,50"],
            "Versandkosten": ["3,90", "3,90", "3,90"],
        },
        "order_lines: order_id=Bestellnr customer_id=Kundennr product_id=Artikelnr ordered_at=Bestelldatum "
        "quantity=Menge unit_price=Einzelpreis net_amount=Gesamtpreis",
    ),
    "English headers": (
        "orders",
        {"order_id": IDS, "customer_id": AGAIN, "created_at": TIMES, "total": ["1.5", "2", "3"]},
        "orders: order_id=order_id customer_id=customer_id ordered_at=created_at net_amount=total",
    ),
    "English items": (
        "order_items",
        {"id": IDS, "order_id": AGAIN, "product_id": AGAIN, "qty": AGAIN, "price": ["1.5", "2", "3"]},
        "order_lines: order_line_id=id order_id=order_id product_id=product_id quantity=qty unit_price=price",
    ),
    "the UCI retail file": (
        "export",
        {
            "InvoiceNo": AGAIN,
            "StockCode": IDS,
            "Description": ["a", "b", "c"],
            "Quantity": IDS,
            "InvoiceDate": ["12/1/2010 8:26"] * 3,
            "UnitPrice": ["1.5"] * 3,
            "CustomerID": AGAIN,
            "Country": ["UK"] * 3,
        },
        "order_lines: order_id=InvoiceNo customer_id=CustomerID product_id=StockCode ordered_at=InvoiceDate "
        "quantity=Quantity unit_price=UnitPrice",
    ),
    "French people": (
        "clients",
        {"Identifiant": IDS, "Courriel": ["a@b.fr"] * 3, "Date de naissance": DAYS, "Inscrit depuis": DAYS},
        "customers: customer_id=Identifiant email=Courriel birth_date=Date de naissance first_seen_at=Inscrit depuis",
    ),
    "Chinese goods": (
        "商品",
        {"商品编号": IDS, "商品名称": ["a", "b", "c"], "类别": ["x", "y", "y"], "品牌": ["m", "m", "n"]},
        "products: product_id=商品编号 name=商品名称 category=类别 brand=品牌",
    ),
    "Italian campaigns": (
        "campagne",
        {"codice campagna": IDS, "nome": ["a", "b", "c"], "inizio": DAYS, "fine": DAYS},
        "campaigns: campaign_id=codice campagna name=nome started_at=inizio ended_at=fine",
    ),
    "contacts of campaigns": (
        "campaigns",
        {"campaign_id": ["1"] * 3, "household_id": IDS},
        "campaign_contacts: campaign_id=campaign_id customer_id=household_id",
    ),
    "coupons": (
        "coupons",
        {"coupon_upc": IDS, "product_id": AGAIN, "campaign_id": AGAIN},
        "coupons: coupon_id=coupon_upc product_id=product_id campaign_id=campaign_id",
    ),
    "Portuguese redemptions": (
        "resgates_cupons",
        {"cupom": AGAIN, "cliente": IDS, "data": DAYS},
        "coupon_redemptions: coupon_id=cupom customer_id=cliente redeemed_at=data",
    ),
    "Dutch e-mail": (
        "nieuwsbrief_gebeurtenissen",
        {"klantnummer": IDS, "tijdstip": TIMES, "soort": ["open", "klik", "open"], "campagne": AGAIN},
        "email_events: customer_id=klantnummer occurred_at=tijdstip event_type=soort campaign_id=campagne",
    ),
    "Spanish visits": (
        "visitas_web",
        {"usuario": AGAIN, "fecha": TIMES, "evento": ["clic", "ver", "ver"], "producto": AGAIN},
        "web_events: customer_id=usuario occurred_at=fecha event_type=evento product_id=producto",
    ),
    "Polish tickets": (
        "zgloszenia",
        {"numer": IDS, "klient": AGAIN, "data utworzenia": TIMES, "data zamknięcia": TIMES, "temat": ["a", "b", "b"]},
        "tickets: ticket_id=numer customer_id=klient opened_at=data utworzenia closed_at=data zamknięcia topic=temat",
    ),
    "German reviews": (
        "Bewertungen",
        {"Bewertungsnr": IDS, "Kunde": AGAIN, "Artikel": AGAIN, "Datum": DAYS, "Sterne": ["5", "4", "5"]},
        "reviews: review_id=Bewertungsnr customer_id=Kunde product_id=Artikel reviewed_at=Datum rating=Sterne",
    ),
    "French consents": (
        "consentements",
        {"client": IDS, "finalité": ["sms", "mail", "sms"], "date": DAYS, "accordé": ["oui", "non", "oui"]},
        "consents: customer_id=client purpose=finalité decided_at=date is_granted=accordé",
    ),
}


def best(stem: str, columns: dict[str, list[str]]) -> Guess:
    return guess(stem, [look_at(name, values) for name, values in columns.items()])[0]


@pytest.mark.parametrize("case", FILES)
def test_files_are_what_they_are(case: str) -> None:
    stem, columns, expected = FILES[case]
    entity, _, pairs = expected.partition(": ")
    found = best(stem, columns)
    assert found.entity == entity
    shown = {target: item.look.name for target, item in found.columns.items()}
    assert " ".join(sorted(f"{t}={n}" for t, n in shown.items())) == " ".join(
        sorted(f"{t}={n}" for t, n in (pair for pair in _pairs(pairs)))
    )
    assert found.missing == ()


def _pairs(text: str) -> list[tuple[str, str]]:
    """`a=b c d=e` as pairs; names of columns may hold blanks."""
    found: list[tuple[str, str]] = []
    for word in text.split(" "):
        if "=" in word:
            target, _, name = word.partition("=")
            found.append((target, name))
        else:
            found[-1] = (found[-1][0], f"{found[-1][1]} {word}")
    return found


def test_without_the_values_for_it_a_name_is_not_enough() -> None:
    looks = [look_at("Kundennr", IDS), look_at("Bestellnr", IDS), look_at("Artikel", IDS), look_at("Menge", ["a"] * 3)]
    assert all("quantity" not in found.columns for found in guess("Bestellungen", looks))


def test_what_fits_nothing_is_nothing() -> None:
    assert guess("notes", [look_at("a", ["x", "y"]), look_at("b", ["1", "2"])]) == []


def test_a_list_of_things_has_its_key_where_no_value_repeats() -> None:
    found = best("towary", {"Symbol": ["A", "B", "C"], "Nazwa": ["x", "y", "y"]})
    assert found.entity == "products"
    assert (found.columns["product_id"].look.name, bool(found.columns["product_id"].reason)) == ("Symbol", True)
