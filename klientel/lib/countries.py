"""Countries (ISO 3166-1) and languages (ISO 639-1): codes, and their names in German and English (Unicode CLDR by
way of Babel).
"""

from functools import lru_cache

from babel import Locale, UnknownLocaleError

from klientel.lib.sentences import Unreadable
from klientel.lib.words import fold

# Two letters, then the three-letter code: the 249 officially assigned entries.
_PAIRS = (
    "ADAND AEARE AFAFG AGATG AIAIA ALALB AMARM AOAGO AQATA ARARG ASASM ATAUT AUAUS AWABW AXALA AZAZE BABIH BBBRB BDBGD "
    "BEBEL BFBFA BGBGR BHBHR BIBDI BJBEN BLBLM BMBMU BNBRN BOBOL BQBES BRBRA BSBHS BTBTN BVBVT BWBWA BYBLR BZBLZ CACAN "
    "CCCCK CDCOD CFCAF CGCOG CHCHE CICIV CKCOK CLCHL CMCMR CNCHN COCOL CRCRI CUCUB CVCPV CWCUW CXCXR CYCYP CZCZE DEDEU "
    "DJDJI DKDNK DMDMA DODOM DZDZA ECECU EEEST EGEGY EHESH ERERI ESESP ETETH FIFIN FJFJI FKFLK FMFSM FOFRO FRFRA GAGAB "
    "GBGBR GDGRD GEGEO GFGUF GGGGY GHGHA GIGIB GLGRL GMGMB GNGIN GPGLP GQGNQ GRGRC GSSGS GTGTM GUGUM GWGNB GYGUY HKHKG "
    "HMHMD HNHND HRHRV HTHTI HUHUN IDIDN IEIRL ILISR IMIMN ININD IOIOT IQIRQ IRIRN ISISL ITITA JEJEY JMJAM JOJOR JPJPN "
    "KEKEN KGKGZ KHKHM KIKIR KMCOM KNKNA KPPRK KRKOR KWKWT KYCYM KZKAZ LALAO LBLBN LCLCA LILIE LKLKA LRLBR LSLSO LTLTU "
    "LULUX LVLVA LYLBY MAMAR MCMCO MDMDA MEMNE MFMAF MGMDG MHMHL MKMKD MLMLI MMMMR MNMNG MOMAC MPMNP MQMTQ MRMRT MSMSR "
    "MTMLT MUMUS MVMDV MWMWI MXMEX MYMYS MZMOZ NANAM NCNCL NENER NFNFK NGNGA NINIC NLNLD NONOR NPNPL NRNRU NUNIU NZNZL "
    "OMOMN PAPAN PEPER PFPYF PGPNG PHPHL PKPAK PLPOL PMSPM PNPCN PRPRI PSPSE PTPRT PWPLW PYPRY QAQAT REREU ROROU RSSRB "
    "RURUS RWRWA SASAU SBSLB SCSYC SDSDN SESWE SGSGP SHSHN SISVN SJSJM SKSVK SLSLE SMSMR SNSEN SOSOM SRSUR SSSSD STSTP "
    "SVSLV SXSXM SYSYR SZSWZ TCTCA TDTCD TFATF TGTGO THTHA TJTJK TKTKL TLTLS TMTKM TNTUN TOTON TRTUR TTTTO TVTUV TWTWN "
    "TZTZA UAUKR UGUGA UMUMI USUSA UYURY UZUZB VAVAT VCVCT VEVEN VGVGB VIVIR VNVNM VUVUT WFWLF WSWSM YEYEM YTMYT ZAZAF "
    "ZMZMB ZWZWE "
)
COUNTRIES: dict[str, str] = {pair[:2]: pair[2:] for pair in _PAIRS.split()}
"""Alpha-2 code to alpha-3 code."""

LANGUAGES: tuple[str, ...] = tuple(
    str.split(
        "aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv "
        "dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie "
        "ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv "
        "mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm "
        "rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts "
        "tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu "
    )
)
"""The two-letter codes of ISO 639-1."""

DACH = ("DE", "AT", "CH")
_OTHER_COUNTRY_NAMES = {
    "AE": "uae", "AT": "a oe autriche", "BA": "bosnien bosnia", "BE": "b", "CD": "drc",
    "CH": "sui switzerland suisse svizzera helvetia",
    "CZ": "tschechische_republik czech_republic tschechei cesko",
    "DE": "d brd ger bundesrepublik_deutschland bundesrepublik germany allemagne",
    "DK": "dk", "ES": "espana", "FR": "f",
    "GB": "uk united_kingdom grossbritannien great_britain england scotland schottland wales gb",
    "IT": "italia i", "KR": "sudkorea south_korea korea", "KP": "nordkorea north_korea", "LI": "fl", "LU": "l",
    "NL": "holland the_netherlands nederland",
    "PL": "polska", "RU": "russische_foderation russian_federation", "SE": "s sverige", "TR": "turkey turkei",
    "US": "usa u_s_a u_s united_states_of_america vereinigte_staaten_von_amerika vereinigte_staaten_v_amerika amerika",
    "VN": "viet_nam",
    "MK": "mazedonien macedonia", "VA": "vatikan vatican", "CI": "ivory_coast elfenbeinkuste",
    "SK": "slowakische_republik slovak_republic", "IE": "republic_of_ireland eire",
}  # fmt: skip


def country_name(code: str, language: str = "de") -> str:
    """The name of a country by its alpha-2 code; the code itself where it is unknown."""
    return _country_names(_two(language)).get(code.upper(), code)


def country_choices(language: str = "de", first: tuple[str, ...] = DACH) -> list[tuple[str, str]]:
    """All countries as (code, name), sorted by folded name, the `first` ones on top."""
    names = _country_names(_two(language))
    rest = sorted((code for code in COUNTRIES if code not in first), key=lambda code: fold(names[code]))
    return [(code, names[code]) for code in (*first, *rest)]


@lru_cache(maxsize=8192)
def read_country(text: str) -> str:
    """The alpha-2 code that a text means: "DE", "DEU", "Deutschland", "Germany", "D", "U.S.A."; Unreadable
    (country.unknown).
    """
    code = text.strip().upper()
    if code in COUNTRIES:
        return code
    found = _countries_by_name().get(fold(text))
    if found is None:
        raise Unreadable("country.unknown", text=text.strip()[:80])
    return found


def language_name(code: str, language: str = "de") -> str:
    """The name of a language by its two-letter code (a region after it is ignored).

    The code itself where it is unknown.
    """
    return _language_names(_two(language)).get(code[:2].lower(), code)


def language_choices(language: str = "de", first: tuple[str, ...] = ("de", "en", "fr", "it")) -> list[tuple[str, str]]:
    """All languages as (code, name), sorted by folded name, the `first` ones on top."""
    names = _language_names(_two(language))
    rest = sorted((code for code in LANGUAGES if code not in first), key=lambda code: fold(names[code]))
    return [(code, names[code]) for code in (*first, *rest)]


@lru_cache(maxsize=2048)
def read_language(text: str) -> str:
    """The two-letter code that a text means: "de", "de-AT", "Deutsch", "German"; Unreadable (language.unknown)."""
    code = text.strip().lower().replace("_", "-")
    if code.partition("-")[0] in LANGUAGES:
        return code.partition("-")[0]
    found = _languages_by_name().get(fold(text))
    if found is None:
        raise Unreadable("language.unknown", text=text.strip()[:80])
    return found


def _two(language: str) -> str:
    return "de" if language.lower().startswith("de") else "en"


@lru_cache(maxsize=4)
def _country_names(language: str) -> dict[str, str]:
    territories = Locale(language).territories
    return {code: str(territories.get(code, code)) for code in COUNTRIES}


@lru_cache(maxsize=4)
def _language_names(language: str) -> dict[str, str]:
    names = Locale(language).languages
    return {code: str(names.get(code, code)) for code in LANGUAGES}


@lru_cache(maxsize=1)
def _countries_by_name() -> dict[str, str]:
    found = {
        fold(name.replace("_", " ")): code for code, names in _OTHER_COUNTRY_NAMES.items() for name in names.split()
    }
    for language in ("en", "de"):
        found.update({fold(name): code for code, name in _country_names(language).items()})
    for language in ("fr", "it", "es", "nl", "pl"):
        territories = Locale(language).territories
        for code in COUNTRIES:
            found.setdefault(fold(str(territories.get(code, code))), code)
    found.update({three.lower(): two for two, three in COUNTRIES.items()})
    return found


@lru_cache(maxsize=1)
def _languages_by_name() -> dict[str, str]:
    found: dict[str, str] = {}
    for code in LANGUAGES:
        for locale in ("de", "en", code):
            name = Locale(locale).languages.get(code) if locale in ("de", "en") else _own_name(code)
            if name:
                found.setdefault(fold(str(name)), code)
    return found


def _own_name(code: str) -> str:
    try:
        return str(Locale(code).get_language_name() or "")
    except (ValueError, UnknownLocaleError):
        return ""
