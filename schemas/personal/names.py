"""What the name of a field or property tells of its value, whatever its spelling: `order_number`, `orderNumber`, `Order-Number`."""

from __future__ import annotations

import re
from enum import Enum, auto
from functools import lru_cache
from typing import Final

from touchline.schemas.addresses import holds_addresses

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z\u00df-\u00ff]+|[0-9]+")
_NAMES_KEPT: Final = 4_096

_TEXT: Final = frozenset(
    ("note", "notes", "comment", "comments", "text", "message", "remark", "remarks", "reason", "subject", "description", "feedback",
     "notiz", "kommentar", "bemerkung", "nachricht", "grund", "card", "karte", "kreditkarte", "creditcard", "pan", "cc", "credit",
     "kredit", "payment", "zahlung")
)  # fmt: skip
"""Whatever else the name says: people write there, or it is about them."""
_PHONE: Final = frozenset(
    ("phone", "phones", "telephone", "telefon", "telefonnummer", "tel", "mobile", "mobil", "mobilnummer", "cell", "cellphone",
     "mobilephone", "handy", "handynummer", "fax", "whatsapp", "msisdn", "rufnummer", "phonenumber", "telno")
)  # fmt: skip
_NO_PHONE: Final = frozenset(
    ("model", "type", "brand", "os", "app", "version", "count", "duration", "seconds", "ms", "cents", "price", "id", "calls", "orders")
)  # fmt: skip
_NUMBERS: Final = frozenset(
    ("order", "orders", "bestellung", "bestellnummer", "auftrag", "auftragsnummer", "receipt", "beleg", "belegnummer", "bon", "invoice",
     "rechnung", "rechnungsnummer", "tracking", "trackingnumber", "parcel", "paket", "shipment", "sendung", "sendungsnummer", "delivery",
     "waybill", "sku", "ean", "gtin", "upc", "isbn", "asin", "barcode", "article", "artikel", "artikelnummer", "product", "produkt",
     "item", "items", "serial", "seriennummer", "session", "transaction", "basket", "cart", "ticket", "case", "campaign", "ad", "ads",
     "coupon", "voucher", "version", "build", "release", "firmware", "shelf", "regal", "section", "code", "hash", "checksum", "uuid",
     "guid", "time", "timestamp", "ts", "date", "at", "ms", "us", "ns", "epoch", "price", "amount", "total", "revenue", "value",
     "quantity", "count", "id", "ids", "uid", "cents", "minor", "lat", "lon", "latitude", "longitude", "batch", "lot", "sscc", "vin",
     "imei", "iccid", "revision", "sequence", "offset")
)  # fmt: skip


class Says(Enum):
    """What is known of a value by its field's name."""

    NOTHING = auto()
    PHONE = auto()
    """It is a telephone number, also without any mark of one."""
    NUMBERS = auto()
    """It numbers or measures something: digits without a mark are left alone."""
    ADDRESSES = auto()
    """It holds IP addresses, which are cut (`schemas/addresses.py`)."""


@lru_cache(maxsize=_NAMES_KEPT)
def said_by(name: str) -> Says:
    """What the name of a field says."""
    text = str(name)  # a Python sender may name a property by a number
    words = {word.lower() for word in _WORD.findall(text)}
    words |= {re.sub(r"[\W_0-9]", "", text.lower())}
    if holds_addresses(text):
        return Says.ADDRESSES
    if words & _PHONE and not words & _NO_PHONE:
        return Says.PHONE
    return Says.NUMBERS if words & _NUMBERS and not words & _TEXT else Says.NOTHING


def folded(name: str) -> str:
    """The one spelling of a name: `customer_name`, `customerName` and `Customer-Name` are one field."""
    return re.sub(r"[\W_]", "", str(name)).casefold()
