"""Orders of Shopify's REST Admin API: one row for the order, one for each refund by which money went back.

An order is what was paid at its purchase (`total_price`); refunds take back from it. Of an order that was cancelled before anything was
paid the row has no order and no amount: under the id of the purchase that it was, and with a later revision, it takes the sale away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from touchline.producers.imports.exports.expand import Cells, NoRecord, amount_of, decimal_of, objects

WRAPPERS: Final = ("orders",)
_NEEDED: Final = ("id", "created_at", "total_price")
_UNPAID: Final = frozenset(("pending", "authorized", "voided", "expired"))
"""Of `financial_status`: nothing was paid, or it was given up."""
_REFUND: Final = "refund"
_SUCCESS: Final = "success"


def order_rows(order: Mapping[str, Any]) -> Iterator[Cells]:
    """Purchase and refunds of an order, or that it was cancelled. Every row has the order's own cells, too. Raises NoRecord."""
    missing = [name for name in _NEEDED if name not in order]
    if missing:
        raise NoRecord(
            "it is an order of the GraphQL API, of which only the REST form is read"
            if "totalPriceSet" in order or "__parentId" in order
            else f"it is no order of the REST Admin API: it has no {missing[0]}"
        )
    refunds = list(_refunds(order))
    is_off = bool(order.get("cancelled_at")) and order.get("financial_status") in _UNPAID and not refunds
    is_sale = not is_off and order.get("financial_status") != "voided"
    common = {
        **order,
        "customer_id": order.get("customer.id"),
        "customer_mail": order.get("email") or order.get("customer.email"),
        "is_test": order.get("test") is True,
        "revision": order.get("updated_at"),
        "status": order.get("financial_status"),
        "store": order.get("location_id"),
        "sold_by": order.get("source_name"),
    }
    yield {
        **common,
        "record": "order",
        "kind": "purchase" if is_sale else "cancel",
        "number": order["id"],
        "time": order.get("processed_at") or order["created_at"],
        "order": order["id"] if is_sale else None,
        "amount": (amount_of(decimal_of(order["total_price"])) or order["total_price"]) if is_sale else None,
        "amount_currency": order.get("currency"),
    }
    for refund, amount, currency in refunds:
        yield {
            **common,
            "record": _REFUND,
            "kind": _REFUND,
            "number": refund.get("id"),
            "time": refund.get("processed_at") or refund.get("created_at"),
            "order": order["id"],
            "amount": amount,
            "amount_currency": currency,
            "status": None,  # of the order
        }


def _refunds(order: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str, str | None]]:
    """Those by which money went back: refund, amount below zero, currency."""
    for refund in objects(order.get("refunds")):
        done = [
            one
            for one in objects(refund.get("transactions"))
            if one.get("kind") == _REFUND and one.get("status") == _SUCCESS
        ]
        currencies = {one.get("currency") or order.get("currency") for one in done}
        if not done:
            continue
        total = _sum([one.get("amount") for one in done])
        if len(currencies) > 1 or total is None:
            yield refund, "unreadable", None
        elif total:
            yield refund, amount_of(-total) or "", currencies.pop()


def _sum(amounts: list[Any]) -> Decimal | None:
    """None where one is no number."""
    numbers = [decimal_of(one) for one in amounts]
    return None if None in numbers else sum((one or Decimal(0) for one in numbers), Decimal(0))
