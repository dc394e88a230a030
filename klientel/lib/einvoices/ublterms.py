"""Where UBL 2.1 says the terms of EN 16931-1 (CEN/TS 16931-3-2)."""

from klientel.lib.einvoices.terms import Shape

_SELLER, _BUYER = "AccountingSupplierParty/Party", "AccountingCustomerParty/Party"
_AGENT, _THERE, _TOTAL = "TaxRepresentativeParty", "Delivery/DeliveryLocation/Address", "LegalMonetaryTotal"
_CHANGE = "AllowanceCharge[ChargeIndicator={}]"
_CODE = "Country/IdentificationCode"

_HEAD = {
    "BT-3": "InvoiceTypeCode | CreditNoteTypeCode", "BT-5": "DocumentCurrencyCode", "BT-6": "TaxCurrencyCode",
    "BT-7": "TaxPointDate", "BT-8": "InvoicePeriod/DescriptionCode",
    "BT-9": "DueDate | PaymentMeans/PaymentDueDate | PaymentTerms/PaymentDueDate", "BT-10": "BuyerReference",
    "BT-20": "PaymentTerms/Note", "BT-24": "CustomizationID",
    "BG-14": "InvoicePeriod", "BT-73": "InvoicePeriod/StartDate", "BT-74": "InvoicePeriod/EndDate",
}  # fmt: skip
_PARTIES = {
    "BT-27": f"{_SELLER}/PartyLegalEntity/RegistrationName",
    "BT-29": f"{_SELLER}/PartyIdentification/ID[@schemeID!=SEPA]", "BT-30": f"{_SELLER}/PartyLegalEntity/CompanyID",
    "BT-31": f"{_SELLER}/PartyTaxScheme[TaxScheme/ID=VAT]/CompanyID",
    "BT-32": f"{_SELLER}/PartyTaxScheme[TaxScheme/ID!=VAT]/CompanyID",
    "BT-34": f"{_SELLER}/EndpointID", "BT-34-1": f"{_SELLER}/EndpointID/@schemeID",
    "BG-5": f"{_SELLER}/PostalAddress", "BT-37": f"{_SELLER}/PostalAddress/CityName",
    "BT-38": f"{_SELLER}/PostalAddress/PostalZone", "BT-40": f"{_SELLER}/PostalAddress/{_CODE}",
    "BG-6": f"{_SELLER}/Contact", "BT-41": f"{_SELLER}/Contact/Name", "BT-42": f"{_SELLER}/Contact/Telephone",
    "BT-43": f"{_SELLER}/Contact/ElectronicMail",
    "BT-44": f"{_BUYER}/PartyLegalEntity/RegistrationName", "BT-47": f"{_BUYER}/PartyLegalEntity/CompanyID",
    "BT-48": f"{_BUYER}/PartyTaxScheme[TaxScheme/ID=VAT]/CompanyID", "BT-49": f"{_BUYER}/EndpointID",
    "BT-49-1": f"{_BUYER}/EndpointID/@schemeID", "BG-8": f"{_BUYER}/PostalAddress",
    "BT-52": f"{_BUYER}/PostalAddress/CityName", "BT-53": f"{_BUYER}/PostalAddress/PostalZone",
    "BT-55": f"{_BUYER}/PostalAddress/{_CODE}",
    "BG-10": "PayeeParty", "BT-59": "PayeeParty/PartyName/Name",
    "BG-11": _AGENT, "BT-62": f"{_AGENT}/PartyName/Name", "BT-63": f"{_AGENT}/PartyTaxScheme/CompanyID",
    "BG-12": f"{_AGENT}/PostalAddress", "BT-69": f"{_AGENT}/PostalAddress/{_CODE}",
    "BT-72": "Delivery/ActualDeliveryDate", "BG-15": _THERE, "BT-77": f"{_THERE}/CityName",
    "BT-78": f"{_THERE}/PostalZone", "BT-80": f"{_THERE}/{_CODE}",
    "BT-90": f"{_SELLER}/PartyIdentification/ID[@schemeID=SEPA] | PayeeParty/PartyIdentification/ID[@schemeID=SEPA]",
}  # fmt: skip
_SUMS = {
    "BT-106": f"{_TOTAL}/LineExtensionAmount", "BT-107": f"{_TOTAL}/AllowanceTotalAmount",
    "BT-108": f"{_TOTAL}/ChargeTotalAmount", "BT-109": f"{_TOTAL}/TaxExclusiveAmount",
    "BT-112": f"{_TOTAL}/TaxInclusiveAmount", "BT-113": f"{_TOTAL}/PrepaidAmount",
    "BT-114": f"{_TOTAL}/PayableRoundingAmount", "BT-115": f"{_TOTAL}/PayableAmount",
}  # fmt: skip
_PAYMENT = Shape({
    "BT-81": "PaymentMeansCode", "BT-84": "PayeeFinancialAccount/ID", "BG-17": "PayeeFinancialAccount",
    "BG-18": "CardAccount", "BT-87": "CardAccount/PrimaryAccountNumberID", "BG-19": "PaymentMandate",
    "BT-89": "PaymentMandate/ID", "BT-91": "PaymentMandate/PayerFinancialAccount/ID",
})  # fmt: skip
_ITEM = {
    "BT-126": "ID", "BT-129": "InvoicedQuantity | CreditedQuantity",
    "BT-130": "InvoicedQuantity/@unitCode | CreditedQuantity/@unitCode", "BT-131": "LineExtensionAmount",
    "BG-26": "InvoicePeriod", "BT-134": "InvoicePeriod/StartDate", "BT-135": "InvoicePeriod/EndDate",
    "BT-146": "Price/PriceAmount", "BT-148": "Price/AllowanceCharge/BaseAmount",
    "BT-151": "Item/ClassifiedTaxCategory[TaxScheme/ID=VAT]/ID",
    "BT-152": "Item/ClassifiedTaxCategory[TaxScheme/ID=VAT]/Percent", "BT-153": "Item/Name",
    "BT-157": "Item/StandardItemIdentification/ID", "BT-157-1": "Item/StandardItemIdentification/ID/@schemeID",
}  # fmt: skip


def _change(amount: str, category: str, rate: str, reason: str, code: str) -> Shape:
    return Shape({
        amount: "Amount", category: "TaxCategory[TaxScheme/ID=VAT]/ID", rate: "TaxCategory[TaxScheme/ID=VAT]/Percent",
        reason: "AllowanceChargeReason", code: "AllowanceChargeReasonCode",
    })  # fmt: skip


_LINE = Shape(
    _ITEM,
    {
        "BG-27": (_CHANGE.format("false"), Shape({"BT-136": "Amount", "BT-139": "AllowanceChargeReason",
                                                  "BT-140": "AllowanceChargeReasonCode"})),
        "BG-28": (_CHANGE.format("true"), Shape({"BT-141": "Amount", "BT-144": "AllowanceChargeReason",
                                                 "BT-145": "AllowanceChargeReasonCode"})),
        "BG-32": ("Item/AdditionalItemProperty", Shape({"BT-160": "Name", "BT-161": "Value"})),
    },
)  # fmt: skip
_TAX = {"BT-116": "TaxableAmount", "BT-117": "TaxAmount", "BT-118": "TaxCategory[TaxScheme/ID=VAT]/ID",
        "BT-119": "TaxCategory[TaxScheme/ID=VAT]/Percent", "BT-120": "TaxCategory/TaxExemptionReason",
        "BT-121": "TaxCategory/TaxExemptionReasonCode"}  # fmt: skip

SHAPE = Shape(
    _HEAD | _PARTIES | _SUMS,
    {
        "BG-3": ("BillingReference", Shape({"BT-25": "InvoiceDocumentReference/ID"})),
        "BG-16": ("PaymentMeans", _PAYMENT),
        "BG-20": (_CHANGE.format("false"), _change("BT-92", "BT-95", "BT-96", "BT-97", "BT-98")),
        "BG-21": (_CHANGE.format("true"), _change("BT-99", "BT-102", "BT-103", "BT-104", "BT-105")),
        "BG-22": ("TaxTotal/TaxAmount", Shape({"amount": ".", "currency": "./@currencyID"})),
        "BG-23": ("TaxTotal/TaxSubtotal", Shape(_TAX)),
        "BG-24": ("AdditionalDocumentReference[DocumentTypeCode!=130]",
                  Shape({"BT-122": "ID", "BT-125-2": "Attachment/EmbeddedDocumentBinaryObject/@filename"})),
        "BG-25": ("InvoiceLine | CreditNoteLine", _LINE),
    },
)  # fmt: skip
