"""Columns of other programs' exports find their place, in German and English."""

from __future__ import annotations

import pytest

from klientel.kernel.transfer import assistant

FILES = {
    "Outlook, English": {
        "First Name": "first_name", "Last Name": "last_name", "Company": "organisation", "Job Title": "position",
        "Business Street": "addresses.work.street", "Business Street 2": "addresses.work.street_2",
        "Business City": "addresses.work.city", "Business Postal Code": "addresses.work.postcode",
        "Business Country/Region": "addresses.work.country", "Home Street": "addresses.private.street",
        "Home City": "addresses.private.city", "Business Phone": "phones.work", "Home Phone": "phones.private",
        "Mobile Phone": "phones.mobile", "Manager's Name": None, "Business Fax": "phones.fax",
    },
    "Outlook, German": {
        "Vorname": "first_name", "Nachname": "last_name", "Firma": "organisation", "Position": "position",
        "Straße geschäftlich": "addresses.work.street", "Straße geschäftlich 2": "addresses.work.street_2",
        "Ort geschäftlich": "addresses.work.city", "Postleitzahl geschäftlich": "addresses.work.postcode",
        "Straße privat": "addresses.private.street", "Ort privat": "addresses.private.city",
        "Telefon geschäftlich": "phones.work", "Telefon (privat)": "phones.private", "Mobiltelefon": "phones.mobile",
    },
    "Google": {
        "First Name": "first_name", "Last Name": "last_name", "Organization Name": "organisation",
        "Organization Title": "position", "E-mail 1 - Value": "emails.1", "Phone 1 - Value": "phones.1",
        "Address 1 - Street": "addresses.1.street", "Address 1 - City": "addresses.1.city", "Labels": "tags",
    },
    "HubSpot": {
        "First Name": "first_name", "Last Name": "last_name", "Email": "emails", "Phone Number": "phones",
        "Mobile Phone Number": "phones.mobile", "Company name": "organisation", "Contact owner": "owner",
        "Street Address": "addresses.1.street", "City": "addresses.1.city", "Postal Code": "addresses.1.postcode",
        "State/Region": "addresses.1.region", "Lifecycle Stage": "stage", "Record ID": None,
    },
    "Pipedrive, German": {
        "Person - Vorname": "first_name", "Person - Nachname": "last_name", "Person - E-Mail - Arbeit": "emails.work",
        "Person - Telefon - Arbeit": "phones.work", "Person - Telefon - Mobil": "phones.mobile",
        "Person - Organisation": "organisation", "Person - Besitzer": "owner",
    },
    "Salesforce": {
        "FirstName": "first_name", "LastName": "last_name", "MailingStreet": "addresses.1.street",
        "MailingCity": "addresses.1.city", "MailingPostalCode": "addresses.1.postcode", "OtherCity":
        "addresses.other.city", "HomePhone": "phones.private", "MobilePhone": "phones.mobile", "Account Name":
        "organisation",
    },
    "written together": {
        "firstname": "first_name", "lastname": "last_name", "companyname": "organisation", "emailaddress": "emails",
        "workphone": "phones.work", "mobilephone": "phones.mobile", "companycity": "addresses.work.city",
        "companystreet": "addresses.work.street", "homecity": "addresses.private.city",
        "homepostalcode": "addresses.private.postcode",
    },
}  # fmt: skip


@pytest.mark.parametrize("program", FILES)
def test_columns_find_their_place(bench, program):
    wanted = FILES[program]
    run = bench.start([list(wanted), ["x"] * len(wanted)])
    said = {c: run.mapping.get(c) for c in wanted}
    for first in ("emails", "phones"):  # the only one of its kind may stand for the whole
        said = {c: wanted[c] if p in (first, f"{first}.1") and str(wanted[c]).startswith(first) else p
                for c, p in said.items()}  # fmt: skip
    assert said == wanted
    assert assistant.describe(run).columns[0].name == next(iter(wanted))
