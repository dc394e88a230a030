"""Legal forms in the names of organisations: found, spelt one way, and parted from the name itself."""

import re
from functools import lru_cache

from klientel.lib.words import fold

_SPELLINGS: dict[str, tuple[str, ...]] = {
    # Germany, Austria, Switzerland, Liechtenstein
    "GmbH": ("gmbh", "gesmbh", "gesellschaft mit beschränkter haftung", "gesellschaft m.b.H.", "mbh", "ges. m. b. H."),
    "gGmbH": ("ggmbh", "gemeinnützige gmbh", "gemeinnützige gesellschaft mit beschränkter haftung"),
    "GmbH & Co. KG": ("gmbh & co kg", "gmbh & cokg", "gmbh & co kommanditgesellschaft", "gmbh co kg", "gesmbh & co kg",
        "mbh & co kg"),
    "GmbH & Co. KGaA": ("gmbh & co kgaa", "gmbh & co kommanditgesellschaft auf aktien"),
    "GmbH & Co. OHG": ("gmbh & co ohg",),
    "AG & Co. KG": ("ag & co kg",),
    "AG & Co. KGaA": ("ag & co kgaa",),
    "AG & Co. OHG": ("ag & co ohg",),
    "SE & Co. KG": ("se & co kg",),
    "SE & Co. KGaA": ("se & co kgaa",),
    "UG (haftungsbeschränkt)": ("ug", "ug haftungsbeschränkt", "unternehmergesellschaft",
        "unternehmergesellschaft haftungsbeschränkt"),
    "UG (haftungsbeschränkt) & Co. KG": ("ug & co kg", "ug haftungsbeschränkt & co kg"),
    "Ltd. & Co. KG": ("ltd & co kg", "limited & co kg"),
    "AG": ("ag", "aktiengesellschaft"),
    "gAG": ("gag", "gemeinnützige ag"),
    "KG": ("kg", "kommanditgesellschaft", "& co kg"),
    "KGaA": ("kgaa", "kommanditgesellschaft auf aktien"),
    "OHG": ("ohg", "offene handelsgesellschaft", "& co ohg"),
    "OG": ("og", "offene gesellschaft"),
    "e.K.": ("ek", "e. kfm.", "e. kfr.", "eingetragener kaufmann", "eingetragene kauffrau"),
    "e.U.": ("eu", "eingetragenes unternehmen"),
    "e.V.": ("ev", "eingetragener verein"),
    "eG": ("eg", "eingetragene genossenschaft", "genmbh"),
    "eGbR": ("egbr",),
    "GbR": ("gbr", "gesellschaft bürgerlichen rechts", "gdbr"),
    "PartG": ("partg", "partnerschaftsgesellschaft"),
    "PartG mbB": ("partg mbb", "partgmbb", "partnerschaft mbb", "partnerschaftsgesellschaft mbb"),
    "VVaG": ("vvag", "versicherungsverein auf gegenseitigkeit"),
    "KöR": ("kör", "k.d.ö.r.", "körperschaft des öffentlichen rechts"),
    "AöR": ("aör", "anstalt des öffentlichen rechts"),
    "SE": ("se", "societas europaea"),
    # English-speaking countries
    "Ltd.": ("ltd", "limited", "co ltd", "pty ltd", "pte ltd", "pvt ltd", "private limited", "company limited"),
    "PLC": ("plc", "public limited company"),
    "LLP": ("llp",),
    "LP": ("lp",),
    "LLC": ("llc", "limited liability company"),
    "Inc.": ("inc", "incorporated"),
    "Corp.": ("corp", "corporation"),
    "Co.": ("& co", "and company", "& company"),
    # Romance languages
    "S.A.": ("sa", "société anonyme", "sociedad anónima"),
    "S.A.S.": ("sas", "société par actions simplifiée"),
    "S.à r.l.": ("sarl", "sàrl"),
    "SCA": ("sca",),
    "S.L.": ("sl", "slu", "sociedad limitada"),
    "S.p.A.": ("spa", "società per azioni"),
    "S.r.l.": ("srl", "srls", "società a responsabilità limitata"),
    "Lda.": ("lda", "limitada"),
    # Benelux, Nordic countries, the east
    "B.V.": ("bv", "besloten vennootschap"),
    "N.V.": ("nv",),
    "A/S": ("as",),
    "ApS": ("aps",),
    "AB": ("ab", "aktiebolag"),
    "Oy": ("oy", "oyj", "oy ab"),
    "Sp. z o.o.": ("sp z oo", "spzoo", "spółka z ograniczoną odpowiedzialnością"),
    "s.r.o.": ("sro", "spol s ro"),
    "a.s.": (),
    "JSC": ("jsc", "joint stock company", "ojsc", "open joint stock company", "cjsc", "closed joint stock company",
        "pjsc", "public joint stock company", "oao", "pao", "zao", "aktsionernoe obshchestvo"),
    "OOO": ("ooo", "tov"),
    "d.o.o.": ("doo",),
    "Kft.": ("kft",),
    "OÜ": ("ou",),
}  # fmt: skip

_NOT_WORDS = re.compile(r"[^a-z0-9&]+")
_TOKEN = re.compile(r"\S+")
_AND = re.compile(r"(?:\+|\bund\b|\band\b|\bu\b\.?)")
_EDGES = " ,;.-–/&+("
_LONGEST = 8
_JOINED_FORM = re.compile(r"(?<=\w)-(?=(?:g?GmbH|AG|KG|SE|OHG)\b)")


def _squeezed(text: str) -> str:
    lowered = _AND.sub("&", text.lower())
    return _NOT_WORDS.sub("", "&".join(fold(part) for part in lowered.split("&")))


_FORMS = {_squeezed(spelling): form for form, spellings in _SPELLINGS.items() for spelling in spellings}
# These are also words or initials: in a name written with capitals they count only as capitals or with dots.
_AMBIGUOUS = frozenset(
    {
        "as",
        "ab",
        "eu",
        "se",
        "sa",
        "og",
        "ou",
        "sl",
        "lp",
        "spa",
        "ek",
        "ev",
        "eg",
        "ag",
        "kg",
        "ug",
        "oy",
        "sas",
        "sca",
        "gag",
        "doo",
    }
)
_INSIDE = frozenset(
    {"gmbh", "gmbh&cokg", "ggmbh", "ag", "kgaa", "ltd", "inc", "llc", "ohg", "gbr", "ev", "ughaftungsbeschrankt"}
)


@lru_cache(maxsize=16384)
def legal_form(name: str) -> tuple[str, str]:
    """The name without its legal form, and the form spelt one way: ("Müller", "GmbH & Co. KG"); ("Müller", "")
    where none.

    The form is sought at the end ("Müller GmbH & Co. KG"), then inside ("Müller GmbH Niederlassung Berlin", where the
    words around it stay). A name that is nothing but a form is left whole.
    """
    name = _JOINED_FORM.sub(" ", name)
    tokens = [(match.start(), match.end()) for match in _TOKEN.finditer(name)]
    all_lower = name == name.lower()
    found = _at_the_end(name, tokens, all_lower) or _inside(name, tokens, all_lower)
    return found or (name.strip(), "")


def _at_the_end(name: str, tokens: list[tuple[int, int]], all_lower: bool) -> tuple[str, str] | None:
    for first in range(max(1, len(tokens) - _LONGEST), len(tokens)):
        tail = name[tokens[first][0] :]
        form = _form_of(tail, all_lower)
        core = name[: tokens[first][0]].rstrip(_EDGES).strip()
        if form and core:
            return core, form
    return None


def _inside(name: str, tokens: list[tuple[int, int]], all_lower: bool) -> tuple[str, str] | None:
    for first in range(1, len(tokens) - 1):
        for last in range(min(len(tokens) - 2, first + 4), first - 1, -1):
            piece = name[tokens[first][0] : tokens[last][1]]
            squeezed = _squeezed(piece)
            if squeezed in _INSIDE and _form_of(piece, all_lower):
                before, after = name[: tokens[first][0]].rstrip(_EDGES), name[tokens[last][1] :].strip(_EDGES)
                return f"{before} {after}".strip(), _FORMS[squeezed]
    return None


def _form_of(piece: str, all_lower: bool) -> str:
    squeezed = _squeezed(piece)
    form = _FORMS.get(squeezed, "")
    if not form or all_lower or squeezed not in _AMBIGUOUS:
        return form
    return (
        form
        if "." in piece or "/" in piece or (piece != piece.lower() and not piece.istitle()) or piece.strip(".,") == form
        else ""
    )


def leading_form(name: str) -> tuple[str, str]:
    """As `legal_form`, for forms that stand first, as in Slavic and Romance languages: ("Pro Traffic", "S.R.L.")."""
    tokens = [(match.start(), match.end()) for match in _TOKEN.finditer(name)]
    all_lower = name == name.lower()
    for last in range(min(len(tokens) - 1, _LONGEST), 0, -1):
        form = _form_of(name[: tokens[last - 1][1]], all_lower)
        if form:
            return name[tokens[last][0] :].strip(_EDGES), form
    return name.strip(), ""


def core_name(name: str) -> str:
    """The folded name of an organisation without legal form: "Müller & Söhne GmbH" and "Mueller und Soehne" meet."""
    return _core_name(name)


@lru_cache(maxsize=16384)
def _core_name(name: str) -> str:
    core, _form = legal_form(name)
    words = [word for word in fold(core).split() if word not in ("und", "and", "et", "u", "the")]
    return " ".join(words) or fold(core) or fold(name)
