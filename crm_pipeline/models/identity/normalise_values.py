"""Values that need a library: other scripts, e-mail addresses and phone numbers, each distinct value once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from crm_pipeline.models.identity.vocabulary import NO_MAIL_DOMAIN, NO_MAILBOX, RELAY_DOMAINS

Judged = tuple[str | None, str | None]
"""The normalised value, or null and the reason why it identifies no one."""

SIMPLE_EMAIL = r"^[a-z0-9][a-z0-9_%+-]*(\.[a-z0-9_%+-]+)*@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$"
"""Addresses that need no library: plain ASCII, an ordinary domain."""
_SPECIAL_USE = ("arpa", "invalid", "local", "localhost", "onion")
"""Domains that deliver nothing. `example` and `test` are let through: data made up for demonstrations uses them."""
_ONE_MAILBOX_WITHOUT_DOTS = ("gmail.com", "googlemail.com")
_MAX_EMAIL, _MAX_LOCAL = 254, 64
_MIN_PHONE, _MAX_PHONE = 7, 15
_DOMAIN_LIKE_RELAY = re.compile("|".join(f"^(?:{pattern})$" for pattern in RELAY_DOMAINS))
_SIMPLE = re.compile(SIMPLE_EMAIL)
_OTHER_THAN_DIGITS = re.compile(r"[^0-9+]")


def to_ascii(texts: Iterable[str | None]) -> list[str | None]:
    """Texts in Latin letters without accents: compatibility forms first (NFKC), then transliteration."""
    from anyascii import anyascii

    return [None if text is None else anyascii(unicodedata.normalize("NFKC", text)) for text in texts]


def judge_email(value: str) -> Judged:
    """An e-mail address in the form in which equal mailboxes are equal, without `+tags`."""
    address = value.strip().lower()
    if not _is_simple(address):
        address = _validated(address)
    if not address:
        return None, "not_an_address"
    mailbox, _, domain = address.rpartition("@")
    mailbox = mailbox.split("+")[0] or mailbox
    if domain in _ONE_MAILBOX_WITHOUT_DOTS:
        mailbox, domain = mailbox.replace(".", ""), "gmail.com"
    if _DOMAIN_LIKE_RELAY.match(domain):
        return None, "marketplace_address"
    if mailbox in NO_MAILBOX or domain in NO_MAIL_DOMAIN or len(set(mailbox + domain.split(".")[0])) < 3:
        return None, "dummy_address"
    return f"{mailbox}@{domain}", None


def _is_simple(address: str) -> bool:
    mailbox, _, domain = address.rpartition("@")
    fits = len(address) <= _MAX_EMAIL and len(mailbox) <= _MAX_LOCAL and domain.rpartition(".")[2] not in _SPECIAL_USE
    return fits and _SIMPLE.match(address) is not None


def _validated(address: str) -> str:
    """The address as `email-validator` normalises it, or an empty text where it is none."""
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(address, check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        return ""


def judge_phone(value: str, country: str | None) -> Judged:
    """A phone number as E.164; digits only where the country is not known and the number does not say.

    Args:
        country: ISO 3166 alpha-2 code of numbers that do not start with `+` or `00`.
    """
    import phonenumbers

    digits = _OTHER_THAN_DIGITS.sub("", value)
    bare = digits.lstrip("+0")
    if len(bare) < _MIN_PHONE - 1 or len(set(bare)) < 3 or bare in "1234567890123456789":
        is_short = len(bare) < _MIN_PHONE - 1 and (len(set(bare)) > 1 or not digits)
        return None, "not_a_number" if is_short else "dummy_number"
    text = "+" + digits[2:] if digits.startswith("00") else value
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return (bare, None) if not country and len(bare) <= _MAX_PHONE else (None, "not_a_number")
    if not phonenumbers.is_possible_number(number):
        return None, "not_a_number"
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), None


def known_region(country: str | None) -> str | None:
    """An ISO 3166 alpha-2 code that has phone numbers, else None."""
    import phonenumbers

    code = (country or "").strip().upper()
    code = {"UK": "GB"}.get(code, code)
    return code if code in phonenumbers.SUPPORTED_REGIONS else None
