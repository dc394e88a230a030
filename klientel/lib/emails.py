"""E-mail addresses: what may be stored and written to, spelt one way.

Accepted is the dot-atom form of RFC 5322 (3.2.3) with the lengths of RFC 5321 (4.5.3.1) and letters of all scripts (RFC
6531); the domain needs two labels and is kept in IDNA form (RFC 5891). Comments, quoted names, address literals and
every form RFC 5322 calls obsolete are refused: no customer has such an address, but attacks on mail software do.
"""

import re
import unicodedata
from functools import lru_cache

import idna

from klientel.lib.sentences import Unreadable

_ATOM = re.compile(
    r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff]+)*$"
)
_LABEL = re.compile(r"^(?!-)[a-z0-9-]{1,63}(?<!-)$")
_TOP = re.compile(r"^(?:[a-z]{2,63}|xn--[a-z0-9-]{2,59})$")
#: an address of the usual kind, already spelt our way
_SIMPLE = re.compile(r"[A-Za-z0-9_+\-]+(?:\.[A-Za-z0-9_+\-]+)*@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}")
_FREE_MAIL = frozenset(
    str.split(
        "gmail.com googlemail.com gmx.de gmx.net gmx.at gmx.ch web.de t-online.de freenet.de outlook.com "
        "outlook.de hotmail.com hotmail.de live.com live.de msn.com yahoo.com yahoo.de ymail.com icloud.com "
        "me.com mac.com aol.com aol.de proton.me protonmail.com pm.me posteo.de posteo.net mailbox.org "
        "arcor.de bluewin.ch a1.net aon.at chello.at hispeed.ch sunrise.ch kabelmail.de vodafone.de "
        "vodafonemail.de o2online.de alice-dsl.net online.de 1und1.de email.de mail.de mail.com tutanota.com "
        "tutanota.de tuta.io fastmail.com yandex.ru mail.ru orange.fr wanadoo.fr free.fr laposte.net "
        "libero.it qq.com 163.com zoho.com hotmail.co.uk yahoo.co.uk "
    )
)


@lru_cache(maxsize=8192)
def read_email(text: str) -> str:
    """The address spelt one way: blanks and `mailto:` gone, domain lower case in IDNA form; the local part keeps
    its case.

    Raises Unreadable: email.empty, email.control, email.at, email.local, email.domain, email.long.
    """
    address = text.strip(" ")
    if _SIMPLE.fullmatch(address) and len(address) < 64:
        return address
    if address[:7].lower() == "mailto:":
        address = address[7:]
    if not address:
        raise Unreadable("email.empty")
    if len(address) > 1000:
        raise Unreadable("email.long")
    if any(unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp", "Cs", "Cn") for sign in address):
        raise Unreadable("email.control")
    local, at, domain = address.rpartition("@")
    if not at or "@" in local or not local:
        raise Unreadable("email.at")
    local = unicodedata.normalize("NFC", local)
    if not _ATOM.match(local) or any(unicodedata.category(sign)[0] == "Z" for sign in local):
        raise Unreadable("email.local")
    domain = read_domain(domain)
    if len(local.encode()) > 64 or len(f"{local}@{domain}".encode()) > 254:
        raise Unreadable("email.long")
    return f"{local}@{domain}"


def read_domain(text: str) -> str:
    """A domain name in lower-case IDNA form; Unreadable (email.domain) where it cannot be one on the internet."""
    domain = text
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError) as reason:
            raise Unreadable("email.domain") from reason
    domain = domain.lower()
    labels = domain.split(".")
    if (
        len(labels) < 2
        or len(domain) > 253
        or not all(_LABEL.match(label) for label in labels)
        or not _TOP.match(labels[-1])
    ):
        raise Unreadable("email.domain")
    return domain


def show_email(address: str) -> str:
    """The address for people: an IDNA domain in its own letters."""
    local, at, domain = address.rpartition("@")
    return f"{local}{at}{show_domain(domain)}"


def show_domain(domain: str) -> str:
    """A domain in its own letters: xn--mller-kva.de becomes müller.de; what cannot be decoded stays."""
    if "xn--" not in domain:
        return domain
    try:
        return idna.decode(domain)
    except (idna.IDNAError, UnicodeError):
        return domain


@lru_cache(maxsize=8192)
def email_key(address: str) -> str:
    """What two addresses are compared by: all lower case (in practice no provider tells capitals apart)."""
    local, at, domain = address.strip().rpartition("@")
    if at and not domain.isascii():
        try:
            domain = read_domain(domain)
        except Unreadable:
            domain = domain.lower()
    return f"{local}{at}{domain}".lower()


def company_domain(address: str) -> str:
    """The domain of an address where it says something about the employer; "" for free mail providers."""
    domain = address.rpartition("@")[2].lower()
    return "" if domain in _FREE_MAIL else domain
