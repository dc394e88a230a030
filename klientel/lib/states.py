"""Parts of countries that have public holidays of their own: the states of Germany and Austria, the Swiss cantons."""

#: by country (ISO 3166-1) and its part (ISO 3166-2 without the country; cities where no state says it)
STATES = {
    "DE": {
        "BW": "Baden-Württemberg", "BY": "Bayern", "Augsburg": "Bayern: Stadt Augsburg", "BE": "Berlin",
        "BB": "Brandenburg", "HB": "Bremen", "HH": "Hamburg", "HE": "Hessen", "MV": "Mecklenburg-Vorpommern",
        "NI": "Niedersachsen", "NW": "Nordrhein-Westfalen", "RP": "Rheinland-Pfalz", "SL": "Saarland", "SN": "Sachsen",
        "ST": "Sachsen-Anhalt", "SH": "Schleswig-Holstein", "TH": "Thüringen",
    },
    "AT": {
        "1": "Burgenland", "2": "Kärnten", "3": "Niederösterreich", "4": "Oberösterreich", "5": "Salzburg",
        "6": "Steiermark", "7": "Tirol", "8": "Vorarlberg", "9": "Wien",
    },
    "CH": {
        "AG": "Aargau", "AR": "Appenzell Ausserrhoden", "AI": "Appenzell Innerrhoden", "BL": "Basel-Landschaft",
        "BS": "Basel-Stadt", "BE": "Bern", "FR": "Freiburg", "GE": "Genf", "GL": "Glarus", "GR": "Graubünden",
        "JU": "Jura", "LU": "Luzern", "NE": "Neuenburg", "NW": "Nidwalden", "OW": "Obwalden", "SH": "Schaffhausen",
        "SZ": "Schwyz", "SO": "Solothurn", "SG": "St. Gallen", "TI": "Tessin", "TG": "Thurgau", "UR": "Uri",
        "VD": "Waadt", "VS": "Wallis", "ZG": "Zug", "ZH": "Zürich", "Stadt Zurich": "Zürich: Stadt Zürich",
    },
}  # fmt: skip
#: what each is called in a choice: ("DE-BY", "DE · Bayern")
CHOICES = tuple(
    (f"{country}-{key}", f"{country} · {name}") for country, some in STATES.items() for key, name in some.items()
)
