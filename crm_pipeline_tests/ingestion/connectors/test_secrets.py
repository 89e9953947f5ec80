"""Secrets: from the environment, into the connector, and into no message."""

from __future__ import annotations

from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_pipeline.errors import UserError
from crm_pipeline.ingestion.connectors.secrets import Secrets


def test_a_whole_address_is_taken_as_it_is_and_a_part_is_encoded() -> None:
    secrets = Secrets("shop", {"URL": "postgresql://a:b@h/d", "PASSWORD": "p@ss/w:rd"})
    assert secrets.resolve("${URL}", in_url=True).get_secret_value() == "postgresql://a:b@h/d"
    part = secrets.resolve("postgresql://a:${PASSWORD}@h/d", in_url=True).get_secret_value()
    assert part == "postgresql://a:p%40ss%2Fw%3Ard@h/d"
    assert secrets.resolve("Bearer ${PASSWORD}").get_secret_value() == "Bearer p@ss/w:rd"
    assert secrets.resolve_all({"a": {"b": "${PASSWORD}", "c": 1}}) == {"a": {"b": "p@ss/w:rd", "c": 1}}


@pytest.mark.parametrize(("environment", "said"), [({}, "TOKEN is not set"), ({"TOKEN": ""}, "TOKEN is empty")])
def test_a_missing_variable_is_named_with_its_source(environment: dict[str, str], said: str) -> None:
    with pytest.raises(UserError, match=f"sources.shop.extract: the environment variable {said}"):
        Secrets("shop", environment).resolve("${TOKEN}")


def test_a_secret_is_not_shown_by_its_object() -> None:
    assert "hush" not in repr(Secrets("shop", {"T": "hush-hush"}).resolve("${T}"))


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=4, max_size=20))
def test_a_message_holds_no_secret_in_any_form(secret: str) -> None:
    secrets = Secrets("shop", {"PASSWORD": secret})
    secrets.resolve("postgresql://shop:${PASSWORD}@127.0.0.1/shop", in_url=True)
    for form in {secret, quote(secret, safe=""), quote_plus(secret)}:
        if form not in "the server said   to us ***":
            assert form not in secrets.hidden(f"the server said {form} to us")


def test_a_very_short_secret_hides_the_whole_message() -> None:
    secrets = Secrets("shop", {"PIN": "12"})
    secrets.resolve("${PIN}")
    assert secrets.hidden("line 12 of 3") == "no details, for they hold a secret"
    assert secrets.hidden("line 4 of 3") == "line 4 of 3"


def test_credentials_of_any_address_are_hidden() -> None:
    hidden = Secrets("shop", {}).hidden("cannot reach mongodb://me:hush-hush@127.0.0.1/shop")
    assert hidden == "cannot reach mongodb://***@127.0.0.1/shop"
