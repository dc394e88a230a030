"""What the columns of contact exports are called, German and English: Outlook, Gmail, Thunderbird, Apple, HubSpot
and others.
"""

from klientel.lib.words import fold

CONCEPTS: dict[str, tuple[str, ...]] = {
    "salutation": ("anrede", "salutation", "geschlecht anrede", "courtesy title", "mr mrs", "herr frau"),
    "title": ("titel", "akademischer titel", "title", "name prefix", "prefix", "namenspräfix", "honorific prefix",
        "akad titel", "namenszusatz vor"),
    "first_name": ("vorname", "first name", "firstname", "first", "given", "given name", "givenname", "rufname",
        "forename", "prénom", "fname", "vornamen", "nombre"),
    "middle_name": ("weitere vornamen", "zweiter vorname", "middle name", "additional name", "middle initial",
        "mittelname", "2 vorname"),
    "last_name": ("nachname", "familienname", "last name", "lastname", "last", "family", "family name", "surname",
        "name last", "zuname", "lname", "sn"),
    "suffix": ("suffix", "name suffix", "namenssuffix", "namenszusatz", "honorific suffix"),
    "full_name": ("name", "vollständiger name", "display name", "anzeigename", "full name", "fullname", "kontakt",
        "contact", "contact name",
        "ansprechpartner", "angezeigter name", "displayname", "kontaktname", "vor und nachname", "file as",
        "speichern unter"),
    "nickname": ("spitzname", "nickname", "nick name", "kurzname", "alias"),
    "organisation": ("firma", "unternehmen", "organisation", "organization", "company", "company name", "firmenname",
        "organization name", "account",
        "account name", "companyname", "kunde", "arbeitgeber", "organization 1 name", "organisationsname",
        "business", "unternehmensname",
        "firma 1", "employer", "associated company", "institution", "betrieb"),
    "department": ("abteilung", "department", "organization department", "organization 1 department", "bereich"),
    "job_title": ("position", "funktion", "job title", "jobtitle", "berufsbezeichnung", "organization title",
        "organization 1 title", "tätigkeit", "stelle", "beruf",
        "occupation", "profession", "rolle", "role"),
    "email": ("e mail", "email", "mail", "e mail adresse", "email address", "e mail address", "emailadresse",
        "mailadresse", "primary email", "e mail value",
        "email value", "primäre e mail", "primäre e mail adresse", "e mail adressen", "electronic mail",
        "secondary email", "zweite e mail adresse"),
    "phone": ("telefon", "telefonnummer", "phone", "phone number", "telephone", "tel", "fon", "rufnummer",
        "phone value", "primary phone", "haupttelefon",
        "festnetz", "telefon durchwahl", "durchwahl", "company main phone", "main phone", "business phone",
        "telephone number", "landline"),
    "mobile": ("mobil", "handy", "mobiltelefon", "mobile", "mobile phone", "cell", "cell phone", "mobilnummer",
        "handynummer", "mobile number", "natel",
        "mobile phone number", "mobilfunk", "cellphone", "iphone"),
    "fax": ("fax", "telefax", "faxnummer", "fax number", "business fax"),
    "pager": ("pager", "pager number"),
    "street": ("straße", "strasse", "street", "address", "adresse", "anschrift", "straße und hausnummer",
        "straße hausnummer", "street address", "address 1",
        "address line 1", "adresszeile 1", "anschrift 1", "address street", "mailing street", "str",
        "address 1 street", "straße hnr", "straße nr"),
    "house_number": ("hausnummer", "hausnr", "nr", "house number", "haus nr", "street number"),
    "street_2": ("adresszusatz", "address 2", "address line 2", "adresszeile 2", "street 2", "straße 2", "zusatz",
        "extended address", "address extended address"),
    "postcode": ("plz", "postleitzahl", "postcode", "postal code", "zip", "zip code", "zipcode", "address postal code"),
    "city": ("ort", "stadt", "city", "town", "wohnort", "address city", "locality", "gemeinde", "place"),
    "state": ("bundesland", "land kreis", "state", "region", "kanton", "province", "address region", "county",
        "bundesland kanton", "state province", "state region"),
    "country": ("land", "country", "land region", "country region", "staat", "address country", "ländercode",
        "country code", "nation"),
    "po_box": ("postfach", "po box", "address po box", "po"),
    "website": ("website", "webseite", "webseite 1", "internet", "homepage", "url", "web page", "internetadresse",
        "www", "website value", "webadresse", "web", "web seite",
        "website url", "internetseite", "company domain name", "domain"),
    "birthday": ("geburtstag", "geburtsdatum", "birthday", "date of birth", "birth date", "birthdate", "geb",
        "geboren", "geboren am", "dob"),
    "gender": ("geschlecht", "gender", "sex"),
    "language": ("sprache", "language", "preferred language", "korrespondenzsprache"),
    "note": ("notiz", "notizen", "note", "notes", "bemerkung", "bemerkungen", "kommentar", "comment", "comments",
        "anmerkung", "anmerkungen", "beschreibung", "description",
             "background", "freitext", "info", "memo"),
    "tags": ("tags", "schlagwörter", "kategorien", "categories", "labels", "group membership", "stichwörter",
        "kategorie", "category", "gruppe", "gruppen", "markierungen"),
    "vat_id": ("ust id", "ust idnr", "ust id nr", "umsatzsteuer id", "uid", "vat", "vat id", "vat number",
        "umsatzsteueridentifikationsnummer", "ustid", "ustidnr", "uid nummer", "mwst nr"),
    "customer_number": ("kundennummer", "kunden nr", "kundennr", "customer number", "customer id", "debitor",
        "debitorennummer", "account number", "kd nr", "kdnr"),
    "industry": ("branche", "industry", "wirtschaftszweig", "sector", "companyindustry"),
    "iban": ("iban", "kontonummer iban", "bankkonto"),
    "source": ("quelle", "lead source", "source", "herkunft", "leadquelle", "original source"),
    "owner": ("verantwortlich", "zuständig", "betreuer", "owner", "contact owner", "sachbearbeiter", "sales rep",
        "besitzer", "contact inhaber", "kontakt inhaber", "kontaktinhaber", "inhaber des kontakts", "record owner"),
    "linkedin": ("linkedin", "linkedin url", "linkedin profil", "linkedin profile"),
    "employees": ("mitarbeiter", "mitarbeiterzahl", "anzahl mitarbeiter", "employees", "number of employees",
        "no of employees"),
    "revenue": ("umsatz", "jahresumsatz", "annual revenue", "revenue"),
}  # fmt: skip
CONCEPT_OF: dict[str, str] = {}
for _concept, _names in CONCEPTS.items():
    for _name in (_concept, *_names):
        CONCEPT_OF.setdefault(fold(_name), _concept)

PURPOSES: dict[str, tuple[str, ...]] = {
    "work": ("geschäftlich", "dienstlich", "business", "work", "office", "büro", "arbeit", "geschäft", "beruflich",
        "firmen", "company", "corporate", "dienst", "geschäfts", "firmenadresse", "geschäftsadresse", "dienstadresse"),
    "home": ("privat", "private", "home", "persönlich", "personal", "zuhause", "privatadresse", "heimadresse"),
    "other": ("weitere", "weiterer", "weiteres", "other", "andere", "anderes", "sonstige", "alternativ", "alternate"),
    "billing": ("rechnung", "rechnungs", "rechnungsadresse", "billing", "invoice"),
    "delivery": ("liefer", "lieferung", "lieferadresse", "shipping", "delivery"),
}  # fmt: skip
PARTS_OF_WORDS = ("postal", "code", "mailing", "mobile", "number", "name", "adresse", "nummer")
"""Further words that others are put together from."""
SOMEBODY_ELSE = frozenset(
    str.split("manager managers assistant assistants spouse assistent assistentin vorgesetzter vorgesetzte ehepartner")
)
"""A column whose name holds one of these is about another person."""
NAMES_OF_CONTACTS = frozenset(
    str.split("ansprechpartner ansprechpartnerin kontakt kontaktperson kontaktname contact contactname contactperson")
)
"""Columns that name the person where another one names the firm."""
PURPOSE_OF = {fold(word): purpose for purpose, words in PURPOSES.items() for word in words}
FILLER = frozenset(
    fold(word)
    for word in str.split(
        "value wert der die des contact person address adresse nummer number the lead customer kunde nr"
    )
)
"""Words that may be left out of a header when nothing was found with them."""
EXPLAINING = frozenset({"type", "typ", "label", "art", "purpose", "zweck", "formatted"})
"""A column whose name ends with one of these says something about another column."""
