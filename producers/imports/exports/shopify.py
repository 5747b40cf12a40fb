"""Orders of Shopify's REST Admin API: one row for the order, one for each refund by which money went back.

An order is what was paid at its purchase; refunds take back from it. While nothing is paid, or where it was called off before, the row has
no order and no amount: it has the id of the purchase, so of the order's states the one that was changed last counts.

Transactions are in the currency that the customer saw (presentment), prices in that of the shop: where refunds are in the former, the
purchase is taken in it, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from touchline.producers.imports.exports.expand import Cells, NoRecord, amount_of, decimal_of, objects

WRAPPERS: Final = ("orders",)
_NEEDED: Final = ("id", "created_at", "total_price")
_PAID: Final = frozenset(("paid", "partially_paid", "partially_refunded", "refunded"))
"""Of `financial_status`: money came. Of all others (pending, authorized, expired, voided) nothing did, or it was given up."""
_PARTLY: Final = "partially_paid"
_PRESENTED: Final = "total_price_set.presentment_money."
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
    is_sale = order.get("financial_status") in _PAID
    price, currency = _price(order, {one for _, _, one in refunds if one is not None})
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
        "kind": "purchase" if is_sale else "cancel" if _is_off(order) else "open",
        "number": order["id"],
        "time": order.get("processed_at") or order["created_at"],
        "order": order["id"] if is_sale else None,
        "amount": price if is_sale else None,
        "amount_currency": currency,
    }
    foreign = sorted({one for _, _, one in refunds if one not in (None, currency)})
    for refund, amount, back_in in refunds:
        if back_in in foreign:
            continue
        yield {
            **common,
            "record": _REFUND,
            "kind": _REFUND,
            "number": refund.get("id"),
            "time": refund.get("processed_at") or refund.get("created_at"),
            "order": order["id"],
            "amount": amount,
            "amount_currency": back_in,
            "status": None,  # of the order
        }
    if foreign:  # after the refunds that can be taken
        raise NoRecord(
            f"money of the order went back in {' and '.join(foreign)}, and what was paid is in {currency or 'no currency'}",
            "export the order with its prices as the customer saw them (total_price_set)",
        )


def _is_off(order: Mapping[str, Any]) -> bool:
    """Whether it was called off before anything was paid."""
    return bool(order.get("cancelled_at")) or order.get("financial_status") in ("voided", "expired")


def _price(order: Mapping[str, Any], back_in: set[str]) -> tuple[Any, Any]:
    """What was paid and its currency: that of the refunds where the order has its price in it, too. Raises NoRecord."""
    price, currency, asked = order["total_price"], order.get("currency"), order.get("total_outstanding")
    presented = order.get(_PRESENTED + "currency_code")
    if back_in and back_in != {currency} and back_in == {presented}:
        price, currency = order.get(_PRESENTED + "amount"), presented
        if order.get("financial_status") == _PARTLY and decimal_of(asked):
            raise NoRecord(
                "part of the order is paid, in another currency than that of the shop", "import it when it is paid"
            )
    number, outstanding = decimal_of(price), decimal_of(asked)
    if order.get("financial_status") == _PARTLY and number is not None and outstanding is not None:
        number -= outstanding
    return amount_of(number) or price, currency


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
