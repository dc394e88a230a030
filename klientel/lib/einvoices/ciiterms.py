"""Where UN/CEFACT CII D16B says the terms of EN 16931-1 (CEN/TS 16931-3-3); Factur-X and ZUGFeRD write it too."""

from klientel.lib.einvoices.terms import Shape

_TRADE = "SupplyChainTradeTransaction"
_AGREED, _GIVEN, _SETTLED = (
    f"{_TRADE}/ApplicableHeaderTrade{name}" for name in ("Agreement", "Delivery", "Settlement")
)
_SELLER, _BUYER = f"{_AGREED}/SellerTradeParty", f"{_AGREED}/BuyerTradeParty"
_AGENT, _PAYEE = f"{_AGREED}/SellerTaxRepresentativeTradeParty", f"{_SETTLED}/PayeeTradeParty"
_THERE, _TERMS = f"{_GIVEN}/ShipToTradeParty/PostalTradeAddress", f"{_SETTLED}/SpecifiedTradePaymentTerms"
_TOTAL = f"{_SETTLED}/SpecifiedTradeSettlementHeaderMonetarySummation"
_DAY = "DateTimeString"

_HEAD = {
    "BT-3": "ExchangedDocument/TypeCode", "BT-5": f"{_SETTLED}/InvoiceCurrencyCode",
    "BT-6": f"{_SETTLED}/TaxCurrencyCode", "BT-7": f"{_SETTLED}/ApplicableTradeTax/TaxPointDate/DateString",
    "BT-8": f"{_SETTLED}/ApplicableTradeTax/DueDateTypeCode", "BT-9": f"{_TERMS}/DueDateDateTime/{_DAY}",
    "BT-10": f"{_AGREED}/BuyerReference", "BT-20": f"{_TERMS}/Description",
    "BT-24": "ExchangedDocumentContext/GuidelineSpecifiedDocumentContextParameter/ID",
    "BG-14": f"{_SETTLED}/BillingSpecifiedPeriod",
    "BT-73": f"{_SETTLED}/BillingSpecifiedPeriod/StartDateTime/{_DAY}",
    "BT-74": f"{_SETTLED}/BillingSpecifiedPeriod/EndDateTime/{_DAY}",
}  # fmt: skip
_PARTIES = {
    "BT-27": f"{_SELLER}/Name", "BT-29": f"{_SELLER}/ID | {_SELLER}/GlobalID",
    "BT-30": f"{_SELLER}/SpecifiedLegalOrganization/ID",
    "BT-31": f"{_SELLER}/SpecifiedTaxRegistration/ID[@schemeID=VA]",
    "BT-32": f"{_SELLER}/SpecifiedTaxRegistration/ID[@schemeID=FC]",
    "BT-34": f"{_SELLER}/URIUniversalCommunication/URIID",
    "BT-34-1": f"{_SELLER}/URIUniversalCommunication/URIID/@schemeID",
    "BG-5": f"{_SELLER}/PostalTradeAddress", "BT-37": f"{_SELLER}/PostalTradeAddress/CityName",
    "BT-38": f"{_SELLER}/PostalTradeAddress/PostcodeCode", "BT-40": f"{_SELLER}/PostalTradeAddress/CountryID",
    "BG-6": f"{_SELLER}/DefinedTradeContact",
    "BT-41": f"{_SELLER}/DefinedTradeContact/PersonName | {_SELLER}/DefinedTradeContact/DepartmentName",
    "BT-42": f"{_SELLER}/DefinedTradeContact/TelephoneUniversalCommunication/CompleteNumber",
    "BT-43": f"{_SELLER}/DefinedTradeContact/EmailURIUniversalCommunication/URIID",
    "BT-44": f"{_BUYER}/Name", "BT-47": f"{_BUYER}/SpecifiedLegalOrganization/ID",
    "BT-48": f"{_BUYER}/SpecifiedTaxRegistration/ID[@schemeID=VA]",
    "BT-49": f"{_BUYER}/URIUniversalCommunication/URIID",
    "BT-49-1": f"{_BUYER}/URIUniversalCommunication/URIID/@schemeID",
    "BG-8": f"{_BUYER}/PostalTradeAddress", "BT-52": f"{_BUYER}/PostalTradeAddress/CityName",
    "BT-53": f"{_BUYER}/PostalTradeAddress/PostcodeCode", "BT-55": f"{_BUYER}/PostalTradeAddress/CountryID",
    "BG-10": _PAYEE, "BT-59": f"{_PAYEE}/Name",
    "BG-11": _AGENT, "BT-62": f"{_AGENT}/Name", "BT-63": f"{_AGENT}/SpecifiedTaxRegistration/ID[@schemeID=VA]",
    "BG-12": f"{_AGENT}/PostalTradeAddress", "BT-69": f"{_AGENT}/PostalTradeAddress/CountryID",
    "BT-72": f"{_GIVEN}/ActualDeliverySupplyChainEvent/OccurrenceDateTime/{_DAY}",
    "BG-15": _THERE, "BT-77": f"{_THERE}/CityName", "BT-78": f"{_THERE}/PostcodeCode", "BT-80": f"{_THERE}/CountryID",
    "BT-90": f"{_SETTLED}/CreditorReferenceID",
}  # fmt: skip
_SUMS = {
    "BT-106": f"{_TOTAL}/LineTotalAmount", "BT-107": f"{_TOTAL}/AllowanceTotalAmount",
    "BT-108": f"{_TOTAL}/ChargeTotalAmount", "BT-109": f"{_TOTAL}/TaxBasisTotalAmount",
    "BT-112": f"{_TOTAL}/GrandTotalAmount", "BT-113": f"{_TOTAL}/TotalPrepaidAmount",
    "BT-114": f"{_TOTAL}/RoundingAmount", "BT-115": f"{_TOTAL}/DuePayableAmount",
    "BT-89": f"{_TERMS}/DirectDebitMandateID",
}  # fmt: skip
_PAYMENT = Shape({
    "BT-81": "TypeCode", "BG-17": "PayeePartyCreditorFinancialAccount",
    "BT-84": "PayeePartyCreditorFinancialAccount/IBANID | PayeePartyCreditorFinancialAccount/ProprietaryID",
    "BG-18": "ApplicableTradeSettlementFinancialCard", "BT-87": "ApplicableTradeSettlementFinancialCard/ID",
    "BG-19": "PayerPartyDebtorFinancialAccount", "BT-91": "PayerPartyDebtorFinancialAccount/IBANID",
})  # fmt: skip
_PRICE, _LINE_SETTLED = "SpecifiedLineTradeAgreement", "SpecifiedLineTradeSettlement"
_GOODS, _PERIOD = "SpecifiedTradeProduct", f"{_LINE_SETTLED}/BillingSpecifiedPeriod"
_CHANGE = "SpecifiedTradeAllowanceCharge[ChargeIndicator/Indicator={}]"
_ITEM = {
    "BT-126": "AssociatedDocumentLineDocument/LineID", "BT-129": "SpecifiedLineTradeDelivery/BilledQuantity",
    "BT-130": "SpecifiedLineTradeDelivery/BilledQuantity/@unitCode",
    "BT-131": f"{_LINE_SETTLED}/SpecifiedTradeSettlementLineMonetarySummation/LineTotalAmount",
    "BG-26": _PERIOD, "BT-134": f"{_PERIOD}/StartDateTime/{_DAY}", "BT-135": f"{_PERIOD}/EndDateTime/{_DAY}",
    "BT-146": f"{_PRICE}/NetPriceProductTradePrice/ChargeAmount",
    "BT-148": f"{_PRICE}/GrossPriceProductTradePrice/ChargeAmount",
    "BT-151": f"{_LINE_SETTLED}/ApplicableTradeTax[TypeCode=VAT]/CategoryCode",
    "BT-152": f"{_LINE_SETTLED}/ApplicableTradeTax[TypeCode=VAT]/RateApplicablePercent",
    "BT-153": f"{_GOODS}/Name", "BT-157": f"{_GOODS}/GlobalID", "BT-157-1": f"{_GOODS}/GlobalID/@schemeID",
}  # fmt: skip


def _change(amount: str, reason: str, code: str, **more: str) -> Shape:
    return Shape({amount: "ActualAmount", reason: "Reason", code: "ReasonCode"} | {
        term.replace("_", "-"): f"CategoryTradeTax[TypeCode=VAT]/{path}" for term, path in more.items()
    })  # fmt: skip


_LINE = Shape(
    _ITEM,
    {
        "BG-27": (f"{_LINE_SETTLED}/{_CHANGE.format('false')}", _change("BT-136", "BT-139", "BT-140")),
        "BG-28": (f"{_LINE_SETTLED}/{_CHANGE.format('true')}", _change("BT-141", "BT-144", "BT-145")),
        "BG-32": (f"{_GOODS}/ApplicableProductCharacteristic", Shape({"BT-160": "Description", "BT-161": "Value"})),
    },
)
_TAX = Shape({
    "BT-116": "BasisAmount", "BT-117": "CalculatedAmount", "BT-118": "CategoryCode", "BT-119": "RateApplicablePercent",
    "BT-120": "ExemptionReason", "BT-121": "ExemptionReasonCode",
})  # fmt: skip

SHAPE = Shape(
    _HEAD | _PARTIES | _SUMS,
    {
        "BG-3": (f"{_SETTLED}/InvoiceReferencedDocument", Shape({"BT-25": "IssuerAssignedID"})),
        "BG-16": (f"{_SETTLED}/SpecifiedTradeSettlementPaymentMeans", _PAYMENT),
        "BG-20": (f"{_SETTLED}/{_CHANGE.format('false')}",
                  _change("BT-92", "BT-97", "BT-98", BT_95="CategoryCode", BT_96="RateApplicablePercent")),
        "BG-21": (f"{_SETTLED}/{_CHANGE.format('true')}",
                  _change("BT-99", "BT-104", "BT-105", BT_102="CategoryCode", BT_103="RateApplicablePercent")),
        "BG-22": (f"{_TOTAL}/TaxTotalAmount", Shape({"amount": ".", "currency": "./@currencyID"})),
        "BG-23": (f"{_SETTLED}/ApplicableTradeTax", _TAX),
        "BG-24": (f"{_AGREED}/AdditionalReferencedDocument[TypeCode=916]",
                  Shape({"BT-122": "IssuerAssignedID", "BT-125-2": "AttachmentBinaryObject/@filename"})),
        "BG-25": (f"{_TRADE}/IncludedSupplyChainTradeLineItem", _LINE),
    },
)  # fmt: skip
