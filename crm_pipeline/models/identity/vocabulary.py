"""Words that are no one's name, number or address. Conventions of forms and of law, not of any one data set."""

from __future__ import annotations

NO_NAME = (
    "",
    "-",
    "anonymous",
    "anonym",
    "customer",
    "guest",
    "n a",
    "na",
    "nan",
    "nil",
    "no name",
    "none",
    "not available",
    "not provided",
    "null",
    "test",
    "tester",
    "test test",
    "tba",
    "tbd",
    "unbekannt",
    "unknown",
    "undefined",
    "x",
    "xx",
    "xxx",
    "xxxx",
)
NO_MAILBOX = (
    "a",
    "aaa",
    "abc",
    "anonymous",
    "asdf",
    "customer",
    "dummy",
    "example",
    "fake",
    "guest",
    "kein",
    "keine",
    "n.a",
    "na",
    "no",
    "no-email",
    "no-mail",
    "no-reply",
    "no.email",
    "nobody",
    "noemail",
    "nomail",
    "none",
    "noreply",
    "not.provided",
    "notprovided",
    "null",
    "test",
    "test1",
    "test123",
    "tester",
    "testing",
    "unknown",
    "x",
    "xx",
    "xxx",
)
NO_MAIL_DOMAIN = ("domain.com", "dummy.com", "fake.com", "noemail.com", "nomail.com", "none.com", "test.com")
RELAY_DOMAINS = (
    r"marketplace\.amazon\.[a-z.]+",
    r"members\.ebay\.[a-z.]+",
    r"privaterelay\.appleid\.com",
    r"(.+\.)?mirakl\.(com|net)",
    r"(.+\.)?relay\.(walmart|allegro|etsy|rakuten)\.[a-z.]+",
    r"relay\.[a-z0-9.-]+",
    r"(.+\.)?marketplace\.[a-z0-9.-]+",
)
"""Marketplaces give a buyer one address per seller or order: it says nothing about who writes."""

PLACEHOLDER_DATES = (
    "19000101",
    "19010101",
    "18991230",
    "18991231",
    "17530101",
    "19700101",
    "11111111",
    "99991231",
    "00010101",
)

TITLES = "mr|mrs|ms|miss|mx|dr|prof|sir|madam|herr|frau|mme|mlle|monsieur|madame|sr|sra|srta|dhr|mevr|mw|ing|dipl"
PARTICLES = (
    "van|von|vom|zu|zum|zur|de|der|den|del|della|dela|des|di|da|das|do|dos|du|la|le|el|al|bin|bint|ibn|abu|ben|ter|ten|"
    "te|st|mac|mc|o|af|av"
)
LEGAL_FORMS = (
    "gmbh co kg|gmbh|mbh|ag|kg|kgaa|ohg|ug|ev|eg|se|ltd|limited|llc|llp|lp|plc|inc|incorporated|corp|corporation|"
    "co|company|bv|nv|vof|sa|sas|sasu|sarl|snc|spa|srl|srls|sl|slu|sau|lda|ltda|eireli|oy|oyj|ab|as|asa|aps|ks|"
    "sp z o o|spolka z o o|sro|s r o|doo|d o o|kft|zrt|ooo|zao|pao|pty|pte|sdn bhd|bhd|kk|gk|pvt|private"
)
STREET_WORDS = {
    "street": "st",
    "road": "rd",
    "avenue": "ave",
    "av": "ave",
    "boulevard": "blvd",
    "drive": "dr",
    "place": "pl",
    "court": "ct",
    "crescent": "cres",
    "lane": "ln",
    "terrace": "tce",
    "square": "sq",
    "close": "cl",
    "circuit": "cct",
    "highway": "hwy",
    "parade": "pde",
    "strasse": "str",
    "straat": "str",
    "platz": "pl",
    "plein": "pl",
}
FEMALE = (
    "f",
    "female",
    "w",
    "woman",
    "frau",
    "weiblich",
    "femme",
    "mujer",
    "donna",
    "v",
    "vrouw",
    "mrs",
    "ms",
    "miss",
    "girl",
)
MALE = ("m", "male", "man", "herr", "mannlich", "homme", "hombre", "uomo", "mr", "boy")
