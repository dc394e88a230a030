"""Sentences of the library: stable codes with English text; the storeys above translate them."""

from collections.abc import Mapping

SENTENCES: dict[str, str] = {
    "email.empty": "An e-mail address is missing.",
    "email.control": "The e-mail address contains a line break or another invisible character.",
    "email.at": "An e-mail address needs exactly one @ between a name and a domain.",
    "email.local": "The part before the @ is not valid in an e-mail address.",
    "email.domain": "The part after the @ is not a valid domain.",
    "email.long": "The e-mail address is too long.",
    "phone.unreadable": "“{text}” is not a telephone number.",
    "phone.invalid": "“{text}” is not a number that exists in the telephone network.",
    "url.unreadable": "“{text}” is not a web address.",
    "url.scheme": "Only web addresses that begin with http:// or https:// are possible.",
    "iban.invalid": "“{text}” is not a valid IBAN: please check the digits.",
    "bic.invalid": "“{text}” is not a valid BIC.",
    "vat.invalid": "“{text}” is not a valid VAT ID: please check country and digits.",
    "country.unknown": "“{text}” is not a country.",
    "language.unknown": "“{text}” is not a language.",
    "date.unreadable": "“{text}” is not a date.",
    "date.ambiguous": "“{text}” can mean two different days: please write day.month.year.",
    "date.impossible": "“{text}” is a day that does not exist.",
    "time.unreadable": "“{text}” is not a date with a time.",
    "number.unreadable": "“{text}” is not a number.",
    "number.ambiguous": "“{text}” can mean two different numbers: please say which sign is the decimal sign.",
    "money.currency": "“{text}” names more than one currency.",
    "price.no_number": "A number is missing.",
    "price.negative_quantity": "A quantity cannot be negative.",
    "price.negative_price": "A price cannot be negative: give a discount instead.",
    "price.per": "A price is for a quantity above zero.",
    "price.currency": "The price is in {found}, the quote in {expected}: one quote has one currency.",
    "price.role": "A position counts, is optional or is an alternative.",
    "price.discount_twice": "A discount is either per cent or an amount.",
    "price.negative_discount": "A discount cannot be negative.",
    "price.discount_over_100": "A discount of {percent} % is more than the whole price.",
    "price.discount_over_sum": "The discount is more than the amount it is taken from.",
    "tax.category": "This kind of tax is not known.",
    "tax.rate": "A tax rate lies between 0 and 100 per cent.",
    "tax.standard_zero": "The standard kind of tax needs a rate above zero; take the zero rate instead.",
    "tax.rate_where_none": "With this kind of tax no tax is due, so its rate is 0.",
    "tax.reason": "Please say why no tax is due.",
    "table.empty": "The file is empty.",
    "table.binary": "The file is not a table: it holds data that is not text.",
    "table.short": "The file holds no table: there is only one line without columns.",
    "table.image": "The file is a picture, not a table.",
    "table.pdf": "The file is a PDF document. Please send the table as CSV or XLSX.",
    "table.archive": "The file is a packed archive. Please unpack it and send the table in it.",
    "table.document": "The file is a text document. Please send the table as CSV or XLSX.",
    "table.web_page": "The file is a web page. Please open it in a spreadsheet and save it as XLSX.",
    "table.structured": "The file holds JSON or XML, not a table. Please send it as CSV or XLSX.",
    "table.encrypted": "The workbook is protected with a password. Please save it without one.",
    "table.damaged": "The workbook is damaged and cannot be opened.",
    "table.too_large": "The unpacked workbook is too large: the limit is {limit}.",
    "table.no_sheet": "The workbook holds no sheet with data.",
    "table.no_such_sheet": "The workbook has no sheet named “{sheet}”.",
    "table.no_card": "The file holds no contact card.",
    "row.too_long": "The row has {found} values, but the table has {expected} columns.",
    "row.too_short": "The row has {found} values, but the table has {expected} columns.",
    "row.json": "The line is no JSON: it cannot be read from character {at} on.",
    "row.no_object": "The line holds no JSON object with the fields of a record.",
    "row.quote": "A quotation mark in this row is opened and never closed.",
    "row.nul": "The row contained invisible NUL characters; they were removed.",
    "row.huge": "The row is too large to be read.",
    "card.damaged": "The contact card is damaged: it has a beginning but no end.",
    "sheet.too_many_rows": "A worksheet holds at most {limit} rows. Please export as CSV.",
}


class Unreadable(ValueError):
    """A text that does not mean what it was taken for; carries a code of `SENTENCES` and its details."""

    def __init__(self, code: str, **details: object) -> None:
        self.code = code
        self.details: Mapping[str, object] = details
        self.message = SENTENCES[code].format(**details)
        super().__init__(self.message)
