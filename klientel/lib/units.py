"""Units of quantities as people write them: by their code, and one or many as the quantity says."""

from decimal import Decimal
from functools import lru_cache

#: what is counted without a unit (UNECE Recommendation 20, "one")
ONE = "C62"
#: by code: words in German | in English | what is written the same for one and for many; "one/many" where they differ
_CODES = {
    "HUR": "Stunde/Stunden | hour/hours | h Std. Std hr hrs",
    "MIN": "Minute/Minuten | minute/minutes | min min.",
    "DAY": "Tag/Tage | day/days |",
    "WEE": "Woche/Wochen | week/weeks |",
    "MON": "Monat/Monate | month/months |",
    "QAN": "Quartal/Quartale | quarter/quarters |",
    "ANN": "Jahr/Jahre | year/years |",
    "H87": "| piece/pieces | Stück Stk. Stk Stck. Stck St. pc pcs",
    "SET": "Satz/Sätze Set/Sets | set/sets |",
    "PR": "| pair/pairs | Paar",
    "DZN": "| | Dutzend dozen",
    "KGM": "| kilogram/kilograms | Kilogramm kg",
    "GRM": "| gram/grams | Gramm g",
    "TNE": "Tonne/Tonnen | tonne/tonnes | t to",
    "MTR": "| metre/metres meter/meters | Meter m lfm",
    "KMT": "| kilometre/kilometres kilometer/kilometers | Kilometer km",
    "CMT": "| | cm Zentimeter",
    "MMT": "| | mm Millimeter",
    "MTK": "| | m² qm m2 Quadratmeter",
    "MTQ": "| | m³ cbm m3 Kubikmeter",
    "LTR": "| litre/litres | Liter l",
    "KWH": "Kilowattstunde/Kilowattstunden | | kWh",
    "P1": "| | % Prozent percent",
    "LS": "Pauschale/Pauschalen | | pauschal psch. psch lump_sum flat",
    "XPK": "Paket/Pakete Packung/Packungen | package/packages pack/packs |",
    "XBX": "Kiste/Kisten | box/boxes |",
    "XCT": "Karton/Kartons | carton/cartons |",
    "XPX": "Palette/Paletten | pallet/pallets |",
    "XRO": "Rolle/Rollen | roll/rolls |",
    "XBO": "Flasche/Flaschen | bottle/bottles |",
    ONE: "Lizenz/Lizenzen Einheit/Einheiten Feld/Felder Nacht/Nächte Person/Personen Seite/Seiten Fahrt/Fahrten "
    "Einsatz/Einsätze Sitzung/Sitzungen Rate/Raten Platte/Platten Lieferung/Lieferungen | licence/licences "
    "license/licenses unit/units night/nights person/people page/pages trip/trips session/sessions user/users "
    "seat/seats delivery/deliveries | Nutzer Teilnehmer Gebinde",
}


def code_of(unit: str) -> str:
    """The code of UNECE Recommendation 20 for a unit as somebody wrote it, in German or English; else that of ones."""
    key = _key(unit)
    return next((found[0] for table in _tables() if (found := table.get(key))), ONE)


def agreeing(unit: str, quantity: Decimal, language: str) -> str:
    """The unit in the number of its quantity: 1 Stunde, 14 Stunden, 0.5 hours; unknown words stay as they are.

    A word that both languages have (Minute) is that of ``language`` ("de", "en").
    """
    key, (german, english) = _key(unit), _tables()
    first, second = (english, german) if language == "en" else (german, english)
    found = first.get(key) or second.get(key)
    if found is None or found[1] == found[2]:
        return unit
    word = found[1] if abs(quantity) == 1 else found[2]
    return word if unit.strip()[:1].isupper() == word[:1].isupper() else word[:1].swapcase() + word[1:]


def _key(unit: str) -> str:
    return unit.strip().casefold().replace(" ", "_")


@lru_cache(maxsize=1)
def _tables() -> tuple[dict[str, tuple[str, str, str]], dict[str, tuple[str, str, str]]]:
    """Code, one and many by each spelling: in German, in English; what has no language is in both."""
    tables: tuple[dict[str, tuple[str, str, str]], dict[str, tuple[str, str, str]]] = ({}, {})
    for code, words in _CODES.items():
        german, english, signs = (part.split() for part in words.split("|"))
        for table, own in zip(tables, (german, english), strict=True):
            for word in [*own, *signs]:
                one, _slash, many = word.partition("/")
                table.update(dict.fromkeys((_key(one), _key(many or one)), (code, one, many or one)))
    return tables
