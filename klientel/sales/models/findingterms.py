"""Rules of EN 16931 and XRechnung that an invoice does not keep, in words; BT and BG are terms of the norm."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as say
from django.utils.translation import gettext_noop

from klientel.lib.einvoices import Breach

SENTENCES = {
    "missing": gettext_noop("{name} is missing."),
    "negative": gettext_noop("{name} is negative ({said})."),
    "period": gettext_noop("{name} lies before its beginning."),
    "decimals": gettext_noop("{name} has more than two decimal places ({said})."),
    "unknown_code": gettext_noop("{name}: “{said}” is not among the permitted codes."),
    "no_lines": gettext_noop("The invoice has no lines."),
    "tax_day_twice": gettext_noop("The day on which tax falls due is told both by a date and by a code."),
    "no_country": gettext_noop("{name}: “{said}” does not begin with a country."),
    "no_due": gettext_noop("Neither a due date nor terms of payment are told, though an amount is due."),
    "seller_unknown": gettext_noop("The seller has neither an identifier nor a register number nor a VAT ID."),
    "card_number": gettext_noop("The card number is told with more than its first six and last four digits."),
    "no_group": gettext_noop(
        "Lines, discounts or charges of tax category {said} have no group in the breakdown of the tax."
    ),
    "group_twice": gettext_noop("Tax category {said} stands more than once in the breakdown of the tax."),
    "id_missing": gettext_noop("Tax category {said} asks for what is missing: {name}."),
    "id_too_much": gettext_noop("Tax category {said} stands without VAT IDs, but there is one: {name}."),
    "rate": gettext_noop("{name}: {said} does not fit the tax category."),
    "reason_missing": gettext_noop("Tax category {said} asks for a reason of the exemption."),
    "reason_too_much": gettext_noop("Tax category {said} has no reason of an exemption, but one is told."),
    "taxed": gettext_noop("Tax category {said} has no tax, but an amount is told."),
    "mixed": gettext_noop("What is not subject to tax stands beside taxed amounts."),
    "no_phone": gettext_noop("{name}: “{said}” is no telephone number."),
    "no_email": gettext_noop("{name}: “{said}” is no email address."),
    "no_iban": gettext_noop("{name}: “{said}” is no IBAN."),
    "file_twice": gettext_noop("Two attachments have the same file name."),
    "payment_mixed": gettext_noop("{name} does not fit the code of the means of payment."),
}
TERMS = {
    "BT-3": gettext_noop("type of the invoice"),
    "BT-9": gettext_noop("due date"),
    "BT-10": gettext_noop("reference of the buyer (in Germany: Leitweg-ID)"),
    "BT-24": gettext_noop("identifier of the specification"),
    "BT-25": gettext_noop("number of the preceding invoice"),
    "BT-27": gettext_noop("name of the seller"),
    "BT-31": gettext_noop("VAT ID of the seller"),
    "BT-34": gettext_noop("electronic address of the seller"),
    "BT-34-1": gettext_noop("kind of the electronic address of the seller"),
    "BT-37": gettext_noop("city of the seller"),
    "BT-38": gettext_noop("postcode of the seller"),
    "BT-40": gettext_noop("country of the seller"),
    "BT-41": gettext_noop("contact of the seller"),
    "BT-42": gettext_noop("telephone of the seller"),
    "BT-43": gettext_noop("email address of the seller"),
    "BT-44": gettext_noop("name of the buyer"),
    "BT-48": gettext_noop("VAT ID of the buyer"),
    "BT-49": gettext_noop("electronic address of the buyer"),
    "BT-49-1": gettext_noop("kind of the electronic address of the buyer"),
    "BT-52": gettext_noop("city of the buyer"),
    "BT-53": gettext_noop("postcode of the buyer"),
    "BT-55": gettext_noop("country of the buyer"),
    "BT-59": gettext_noop("name of the payee"),
    "BT-62": gettext_noop("name of the tax representative"),
    "BT-63": gettext_noop("VAT ID of the tax representative"),
    "BT-69": gettext_noop("country of the tax representative"),
    "BT-72": gettext_noop("day of delivery"),
    "BT-73": gettext_noop("period of the invoice"),
    "BT-74": gettext_noop("end of the period of the invoice"),
    "BT-77": gettext_noop("city of the delivery"),
    "BT-78": gettext_noop("postcode of the delivery"),
    "BT-80": gettext_noop("country of the delivery"),
    "BT-81": gettext_noop("code of the means of payment"),
    "BT-84": gettext_noop("account of the payee"),
    "BT-87": gettext_noop("card number"),
    "BT-90": gettext_noop("creditor identifier"),
    "BT-91": gettext_noop("account that is debited"),
    "BT-92": gettext_noop("amount of a discount"),
    "BT-95": gettext_noop("tax category of a discount"),
    "BT-96": gettext_noop("tax rate of a discount"),
    "BT-97": gettext_noop("reason of a discount"),
    "BT-99": gettext_noop("amount of a charge"),
    "BT-102": gettext_noop("tax category of a charge"),
    "BT-103": gettext_noop("tax rate of a charge"),
    "BT-104": gettext_noop("reason of a charge"),
    "BT-106": gettext_noop("sum of the lines"),
    "BT-107": gettext_noop("sum of the discounts"),
    "BT-108": gettext_noop("sum of the charges"),
    "BT-109": gettext_noop("total without tax"),
    "BT-111": gettext_noop("tax in the currency of the accounts"),
    "BT-112": gettext_noop("total with tax"),
    "BT-113": gettext_noop("amount paid"),
    "BT-114": gettext_noop("rounding"),
    "BT-115": gettext_noop("amount due"),
    "BT-116": gettext_noop("taxable amount"),
    "BT-117": gettext_noop("tax amount"),
    "BT-118": gettext_noop("tax category"),
    "BT-119": gettext_noop("tax rate"),
    "BT-120": gettext_noop("reason of the exemption"),
    "BT-122": gettext_noop("reference of an attachment"),
    "BT-125-2": gettext_noop("file name of an attachment"),
    "BT-126": gettext_noop("number of the line"),
    "BT-129": gettext_noop("quantity"),
    "BT-130": gettext_noop("unit"),
    "BT-131": gettext_noop("net amount of the line"),
    "BT-134": gettext_noop("period of the line"),
    "BT-135": gettext_noop("end of the period of the line"),
    "BT-136": gettext_noop("amount of the discount"),
    "BT-139": gettext_noop("reason of the discount"),
    "BT-141": gettext_noop("amount of the charge"),
    "BT-144": gettext_noop("reason of the charge"),
    "BT-146": gettext_noop("net price"),
    "BT-148": gettext_noop("gross price"),
    "BT-151": gettext_noop("tax category of the line"),
    "BT-152": gettext_noop("tax rate of the line"),
    "BT-153": gettext_noop("name of the article"),
    "BT-157-1": gettext_noop("kind of the article number"),
    "BT-160": gettext_noop("name of a property of the article"),
    "BT-161": gettext_noop("value of a property of the article"),
    "BG-3": gettext_noop("reference to the preceding invoice"),
    "BG-5": gettext_noop("address of the seller"),
    "BG-6": gettext_noop("contact of the seller"),
    "BG-8": gettext_noop("address of the buyer"),
    "BG-12": gettext_noop("address of the tax representative"),
    "BG-16": gettext_noop("means of payment"),
    "BG-17": gettext_noop("account of a credit transfer"),
    "BG-18": gettext_noop("card"),
    "BG-19": gettext_noop("mandate of a direct debit"),
    "BG-23": gettext_noop("breakdown of the tax"),
}


def kept(found: Iterable[Breach]) -> list[dict[str, Any]]:
    """What a record keeps of broken rules; told later in the language of who reads it."""
    return [
        {"code": one.code, "rule": one.rule}
        | {name: value for name, value in (("term", one.term), ("line", one.line), ("said", one.said)) if value}
        for one in found
    ]


def sentence(one: dict[str, Any]) -> str:
    """One broken rule as a sentence, with its line before it and what the norm calls it behind."""
    term = one.get("term", "")
    text = say(SENTENCES[one["code"]]).format(name=say(TERMS[term]) if term else "", said=one.get("said", ""))
    text = text[:1].upper() + text[1:]
    names = ", ".join(name for name in (term, one["rule"]) if name)
    if line := one.get("line"):
        return say("Line {line}: {sentence} ({names})").format(line=line, sentence=text, names=names)
    return f"{text} ({names})"
