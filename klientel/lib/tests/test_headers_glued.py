"""Headers written together, and those of Outlook, HubSpot, Pipedrive and Salesforce in German and English."""

import pytest

from klientel.lib.tables.mapping import facet

SAID = {
    "companycity": ("city", "work"), "homepostalcode": ("postcode", "home"), "homecity": ("city", "home"),
    "workphone": ("phone", "work"), "mobilephone": ("mobile", ""), "homestreet": ("street", "home"),
    "emailaddress": ("email", ""), "companyaddress": ("street", "work"), "Business Street 2": ("street_2", "work"),
    "Straße geschäftlich 2": ("street_2", "work"), "Home Phone 2": ("phone", "home"), "privatort": ("city", "home"),
    "Rechnungsort": ("city", "billing"),
    "rechnungsplz": ("postcode", "billing"), "Lieferort": ("city", "delivery"),
    "deliveryzip": ("postcode", "delivery"), "shippingstreet": ("street", "delivery"),
    "firmenplz": ("postcode", "work"),
    "Diensttelefon": ("phone", "work"), "Geschäftstelefon": ("phone", "work"), "telefonprivat": ("phone", "home"),
    "workemail": ("email", "work"), "Privatadresse Ort": ("city", "home"), "MailingPostalCode": ("postcode", ""),
    "Person - E-Mail - Arbeit": ("email", "work"), "Person - Besitzer": ("owner", ""),
    "Contact-Inhaber": ("owner", ""),
    "Address 2 - Street": ("street", ""), "Company Main Phone": ("phone", "work"), "Firmenname": ("organisation", ""),
    "Manager's Name": ("", ""), "Assistant's Phone": ("", ""), "Support": ("", ""), "Workshop": ("", ""),
    "Transport": ("", ""), "Record ID": ("", ""), "Webseite": ("website", ""), "Nachname": ("last_name", ""),
}  # fmt: skip


@pytest.mark.parametrize("header", SAID)
def test_is_understood(header):
    found = facet(header)
    assert (found.concept, found.purpose) == SAID[header]
