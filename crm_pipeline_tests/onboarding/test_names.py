"""Names of columns in nine languages, and what they mean."""

import pytest

from crm_pipeline.onboarding.names import concepts, plain, split_name, spoken


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("customerId", "customer id"),
        ("ORDER_NO", "order id"),
        ("Kundennr.", "customer id"),
        ("Bestelldatum", "order date"),
        ("Artikelbezeichnung", "product name"),
        ("Rechnungsnummer", "order id"),  # a compound with a linking s
        ("Kaeufer", "customer"),
        ("N° commande", "id order"),
        ("Prix unitaire HT", "price unit net"),
        ("Fecha del pedido", "date order"),
        ("código_cliente", "id customer"),
        ("Quantità", "quantity"),
        ("preço_unitário", "price unit"),
        ("klantnummer", "customer id"),
        ("Besteldatum", "order date"),
        ("Data zamówienia", "date order"),
        ("ilość", "quantity"),
        ("客户编号", "customer id"),
        ("订单日期", "order date"),
    ],
)
def test_names_mean_concepts(name: str, meaning: str) -> None:
    words, _ = concepts(name)
    assert len(words) == len(meaning.split())
    assert all(concept in word for word, concept in zip(words, meaning.split(), strict=True))


def test_an_ambiguous_word_keeps_all_its_meanings() -> None:
    words, unknown = concepts("item")
    assert {"line", "product"} <= words[0] and unknown == 0


@pytest.mark.parametrize("name", ["xyzzy", "foo_bar", "col1", "", "42"])
def test_words_that_mean_nothing_are_counted(name: str) -> None:
    words, unknown = concepts(name)
    assert words == [] and unknown == len(split_name(name))


def test_case_accents_and_separators_do_not_matter() -> None:
    assert plain("ÉŁÖß") == "elo" + "ss"
    assert split_name("orderLineID no.2 / x") == ["order", "line", "id", "no", "x"]


@pytest.mark.parametrize(
    ("names", "language"),
    [
        (["Kundennummer", "Bestelldatum", "Menge"], "de"),
        (["client", "commande", "quantité", "prix unitaire"], "fr"),
        (["customer_id", "order_date", "quantity"], "en"),
        (["zamówienie", "ilość", "kwota"], "pl"),
        (["订单编号", "数量"], "zh"),
    ],
)
def test_names_tell_their_language(names: list[str], language: str) -> None:
    votes = spoken(names)
    assert max(votes, key=lambda known: votes[known]) == language
