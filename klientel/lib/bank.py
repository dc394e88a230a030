"""Bank accounts and tax numbers: syntax and check digits, no look-up anywhere."""

from functools import lru_cache

from stdnum import bic, iban
from stdnum.ch import uid as swiss_uid
from stdnum.eu import vat as european_vat
from stdnum.exceptions import ValidationError
from stdnum.gb import vat as british_vat

from klientel.lib.sentences import Unreadable


def read_iban(text: str) -> str:
    """The IBAN without blanks, length and check digits verified (ISO 13616); Unreadable (iban.invalid)."""
    try:
        return str(iban.validate(text))
    except ValidationError as reason:
        raise Unreadable("iban.invalid", text=text.strip()[:50]) from reason


def show_iban(value: str) -> str:
    """An IBAN in groups of four."""
    return " ".join(value[start : start + 4] for start in range(0, len(value), 4))


def read_bic(text: str) -> str:
    """The BIC in capitals, syntax verified (ISO 9362); Unreadable (bic.invalid)."""
    try:
        return str(bic.validate(text))
    except ValidationError as reason:
        raise Unreadable("bic.invalid", text=text.strip()[:50]) from reason


@lru_cache(maxsize=8192)
def read_vat(text: str, country: str = "") -> str:
    """The VAT id with its country in front ("DE136695976", "ATU13585627", "CHE107787577"), check digits verified.

    `country` (alpha-2) is put in front where the text lacks it. Members of the EU, Switzerland, Liechtenstein, the
    United Kingdom and Northern Ireland (XI); Unreadable (vat.invalid) for all else.
    """
    number = "".join(sign for sign in text.upper() if sign.isalnum() and sign.isascii())
    prefix = "EL" if country.upper() == "GR" else country.upper()
    if prefix and not number[:2].isalpha():
        number = prefix + number
    try:
        return _checked(number)
    except ValidationError as reason:
        raise Unreadable("vat.invalid", text=text.strip()[:50]) from reason


def is_european_vat(text: str) -> bool:
    """Whether this is a VAT id of a member state of the EU or of Northern Ireland, its country in front."""
    try:
        return not read_vat(text).startswith(("CHE", "GB"))
    except Unreadable:
        return False


def _checked(number: str) -> str:
    if number.startswith("CHE"):
        for tail in ("MWST", "TVA", "IVA", "TPV", "HR"):
            number = number.removesuffix(tail)
        return str(swiss_uid.validate(number))
    if number.startswith(("GB", "XI")):
        return number[:2] + str(british_vat.validate(number[2:]))
    return str(european_vat.validate(number))
