"""Whether a value that is well formed can be right: hints, never refusals. No look-up anywhere outside.

Sources: the forms of postcodes are those of the Universal Postal Union's addressing sheets for DE, AT, CH and LI; the
first digits of German routing regions, Austrian and Swiss postcodes and the large towns in them are general knowledge,
written down here by hand (no postcode file is shipped). A town that is not listed is never doubted.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rapidfuzz.distance import OSA
from stdnum import iban
from stdnum.exceptions import ValidationError

from klientel.lib.bank import read_vat
from klientel.lib.sentences import Unreadable
from klientel.lib.words import fold

#: where most private mail of the region goes; what is nearly one of these is probably meant to be it
DOMAINS = (
    "gmail.com", "googlemail.com", "gmx.de", "gmx.net", "gmx.at", "gmx.ch", "web.de", "t-online.de", "outlook.com",
    "outlook.de", "hotmail.com", "hotmail.de", "live.de", "live.com", "yahoo.com", "yahoo.de", "icloud.com", "me.com",
    "freenet.de", "arcor.de", "posteo.de", "mailbox.org", "vodafone.de", "aol.com", "bluewin.ch", "hispeed.ch",
    "aon.at", "chello.at", "protonmail.com", "proton.me",
)  # fmt: skip
#: real domains that lie near one of those
REAL = frozenset((
    "mail.com", "gmx.com", "gmx.eu", "gmx.info", "email.de", "mail.de", "ymail.com", "live.at", "live.ch", "mac.com",
    "yahoo.fr", "yahoo.it", "yahoo.es", "yahoo.at", "outlook.at", "hotmail.fr", "hotmail.it", "hotmail.ch",
    "hotmail.at", "web.at", "web.ch", "aon.com", "aol.de", "tmail.com", "email.com", "freenet.at", "icloud.de",
    "gmail.de",
))  # fmt: skip

_FORMS = {"DE": r"(?!00)\d{5}", "AT": r"[1-9]\d{3}", "CH": r"[1-9]\d{3}", "LI": r"94(8[5-9]|9[0-8])"}
#: large towns and how their postcodes begin
_TOWNS = {
    "DE": {
        "berlin": "10 11 12 13 14", "hamburg": "20 21 22", "munchen": "80 81 85", "koln": "50 51",
        "frankfurt am main": "60 65", "stuttgart": "70", "dusseldorf": "40", "leipzig": "04", "dortmund": "44",
        "essen": "45", "bremen": "28 27", "dresden": "01", "hannover": "30", "nurnberg": "90", "duisburg": "47",
        "bochum": "44", "wuppertal": "42", "bielefeld": "33", "bonn": "53", "munster": "48 29 64 86", "karlsruhe": "76",
        "mannheim": "68", "augsburg": "86", "wiesbaden": "65 55", "monchengladbach": "41", "gelsenkirchen": "45",
        "aachen": "52", "braunschweig": "38", "chemnitz": "09", "kiel": "24", "halle (saale)": "06", "magdeburg": "39",
        "freiburg im breisgau": "79", "krefeld": "47", "mainz": "55", "lubeck": "23", "erfurt": "99",
        "oberhausen": "46 55 76 82 86", "rostock": "18", "kassel": "34", "hagen": "58 24 25", "potsdam": "14",
    "saarbrucken": "66",
        "ludwigshafen am rhein": "67", "leverkusen": "51", "osnabruck": "49", "solingen": "42", "heidelberg": "69",
        "darmstadt": "64", "regensburg": "93", "ingolstadt": "85", "wurzburg": "97", "wolfsburg": "38", "ulm": "89",
        "heilbronn": "74", "gottingen": "37", "pforzheim": "75", "recklinghausen": "45", "bremerhaven": "27",
        "koblenz": "56", "jena": "07", "trier": "54", "siegen": "57", "cottbus": "03", "flensburg": "24",
        "schwerin": "19 15", "konstanz": "78", "passau": "94",
    },
    "AT": {
        "wien": "1 2", "graz": "80 81", "linz": "40 95", "salzburg": "50 53", "innsbruck": "60", "klagenfurt": "90",
        "villach": "95", "wels": "46 93", "st. polten": "31 33", "dornbirn": "68", "bregenz": "69", "eisenstadt": "70",
    },
    "CH": {
        "zurich": "80", "genf": "12", "geneve": "12", "basel": "40 41", "lausanne": "10", "bern": "30 31",
        "winterthur": "84", "luzern": "60", "st. gallen": "90", "lugano": "69", "biel": "25", "chur": "70",
        "neuenburg": "20", "neuchatel": "20", "schaffhausen": "82", "zug": "63",
    },
}  # fmt: skip


@lru_cache(maxsize=8192)
def domain_hint(domain: str) -> str:
    """The domain that was probably meant ("gmial.com" → "gmail.com"), or nothing where it may be as it is.

    One slip of the keyboard (optimal string alignment, so swapped neighbours count once) away from a large provider.
    """
    domain = domain.lower()
    if domain in DOMAINS or domain in REAL or len(domain) < 6:
        return ""
    return next((d for d in DOMAINS if len(d) >= 6 and OSA.distance(domain, d, score_cutoff=1) == 1), "")


def postcode_fits(postcode: str, country: str) -> bool:
    """Whether a postcode has the form of its country; other countries than DE, AT, CH, LI are not judged."""
    form = _FORMS.get(country)
    return form is None or not postcode or re.fullmatch(form, postcode.strip()) is not None


def place_fits(postcode: str, city: str, country: str) -> bool:
    """Whether a postcode can lie in a large town; towns that are not known are not judged."""
    starts = _TOWNS.get(country, {}).get(fold(city))
    return starts is None or not postcode or postcode.strip().startswith(tuple(starts.split()))


def iban_holds(text: str) -> bool:
    """Whether this is an IBAN with the right length and check digits (ISO 13616)."""
    try:
        return bool(iban.validate(text, check_country=False))
    except ValidationError:
        return False


def vat_holds(text: str, country: str = "") -> bool:
    """Whether this is a VAT ID of an EU country, Switzerland or the United Kingdom with the right check digit."""
    try:
        return bool(read_vat(text, country))
    except Unreadable:
        return False
