"""Receipts of a POSLog (ARTS / IXRetail, version 6 and those before): one row a sale, one for each receipt that goods came back from.

Money is the receipt's own total, so discounts and taxes are in it whatever the lines say. Where goods were bought and brought back at
once, what came back is the sum of its lines, and what was bought the rest: together they are the total. What was voided before it ended,
practised, or put aside has no row; what was voided afterwards (`PostVoided`) is money that goes back for the receipt it names.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element

from touchline.producers.imports.exports.expand import Cells, LeftOut, amount_of, damaged, decimal_of
from touchline.producers.imports.rows.row import Row
from touchline.producers.imports.rows.xml_items import XmlItems

_TRANSACTION: Final = ("POSLog", "Transaction")
_RETAIL: Final = "RetailTransaction"
_POST_VOIDED: Final = "PostVoided"
_NOT_DONE: Final = {
    "Voided": "voided receipts", "Suspended": "suspended receipts", "SuspendedDeleted": "suspended receipts",
    "InProcess": "receipts in process", "Failed": "failed receipts",
}  # fmt: skip
_NEGATIVE: Final = "NegativeTotalFlag"
_TOTAL: Final = "TransactionGrandAmount"
_CARDS: Final = ("LoyaltyID", "MembershipID")
_CUSTOMERS: Final = ("CustomerID",)
COLUMNS: Final = (
    "key", "kind", "time", "begin", "end", "day", "store", "workstation", "number", "order", "amount", "currency", "items", "loyalty",
    "customer",
)  # fmt: skip
_HINT: Final = "complete it where the till writes it"


class PoslogRows:
    """An open POSLog."""

    unit = "bytes"
    columns: list[str] | None

    def __init__(self, path: Path) -> None:
        """Raises WrongUsage where the file cannot be read."""
        self._items = XmlItems(path, frozenset((_TRANSACTION,)))
        self.size = self._items.size
        self.columns = list(COLUMNS)
        self.left_out = LeftOut()

    @property
    def position(self) -> int:
        """Bytes read."""
        return self._items.position

    def close(self) -> None:
        """Let go of the file."""
        self._items.close()

    def __iter__(self) -> Iterator[Row]:
        """Raises FileDamaged where the document breaks off, WrongUsage where it is none or declares entities."""
        self.left_out.counts.clear()
        for line, _, transaction, _ in self._items:
            receipt = next((one for one in transaction if one.tag == _RETAIL), None)
            reason = _left_out(transaction, receipt)
            if reason:
                self.left_out(reason)
            elif receipt is not None:
                for cells in _rows(transaction, receipt):
                    yield Row(line, cells) if cells.get("amount") is not None else _without_total(line, cells)


def _without_total(line: int, cells: Cells) -> Row:
    raw = repr({name: cells[name] for name in ("store", "workstation", "number", "day")}).encode()
    what = f"the receipt has no total that is a number ({_TOTAL}), or what was brought back no ExtendedAmount"
    return damaged(line, raw, what, _HINT)


def _left_out(transaction: Element, receipt: Element | None) -> str:
    """Why a transaction has no row; empty where it has one."""
    if _is(transaction, "TrainingModeFlag"):
        return "receipts of training"
    if receipt is None:
        return "transactions of other kinds"
    status = receipt.get("TransactionStatus", "")
    if status in _NOT_DONE:
        return _NOT_DONE[status]
    if _is(transaction, "CancelFlag") or _is(receipt, "CancelFlag"):
        return "cancelled receipts"
    if status != _POST_VOIDED and not any(_goods(receipt)):
        return "receipts without goods"
    return ""


def _rows(transaction: Element, receipt: Element) -> Iterator[Cells]:
    common, own = _common(transaction, receipt), _receipt_of(transaction)
    if receipt.get("TransactionStatus") == _POST_VOIDED:
        sales, returns = _goods(receipt, with_voided=True)
        total = _total(receipt, sales, returns)
        sign = 1 if returns and not sales else -1  # of a return that is voided the money comes back
        amount = None if total is None else sign * abs(total)
        yield {**common, "kind": "void", "order": _link(receipt) or own, "amount": amount_of(amount)}
        return
    sales, returns = _goods(receipt)
    total = _total(receipt, sales, returns)
    back = _returned(receipt, returns, own, None if sales else total)
    if sales:
        known = None if total is None or None in back.values() else total
        bought = None if known is None else known + sum((one or Decimal(0) for one in back.values()), Decimal(0))
        yield {**common, "kind": "sale", "order": own, "amount": amount_of(bought), "items": str(len(sales))}
    for number, (order, amount) in enumerate(back.items(), start=1):
        cells = {**common, "kind": "return", "order": order, "amount": amount_of(None if amount is None else -amount)}
        key = common["key"] and f"{common['key']}/return-{number}"
        yield {**cells, "key": key, "items": str(len(returns))}


def _returned(receipt: Element, returns: list[Element], own: str, total: Decimal | None) -> dict[str, Decimal | None]:
    """What came back of which receipt, above zero. Where nothing was bought it comes to the `total`: what that has beyond the lines
    (taxes, discounts) is the last receipt's."""
    back: dict[str, Decimal | None] = {}
    for line in returns:
        order = _link(line) or _link(receipt) or own
        before, amount = back.get(order, Decimal(0)), _line_amount(line)
        back[order] = None if before is None or amount is None else before + amount
    if total is not None and len(back) == 1:
        return {order: abs(total) for order in back}
    if total is not None and back and None not in back.values():
        *_, last = back
        back[last] = abs(total) - sum((one or Decimal(0) for order, one in back.items() if order != last), Decimal(0))
    return back


def _common(transaction: Element, receipt: Element) -> Cells:
    """What all rows of a receipt share."""
    begin, end = _text(transaction, "BeginDateTime"), _text(transaction, "EndDateTime")
    time = end or begin or _text(receipt, "ReceiptDateTime") or _text(transaction, "POSLogDateTime")
    day = _text(transaction, "BusinessDayDate")
    total = _total_element(receipt)
    named = None if total is None else total.get("CurrencyCode") or total.get("Currency")
    number = _text(transaction, "SequenceNumber") or _text(transaction, "ReceiptNumber")
    parts = (_store(transaction), _text(transaction, "WorkstationID"), day or (time or "")[:10] or None, number)
    return {
        **dict.fromkeys(COLUMNS),
        "key": "/".join(one.replace("/", "%2F") for one in parts if one) if parts[0] and number else None,
        "time": time,
        "begin": begin,
        "end": end,
        "day": day,
        "store": parts[0],
        "workstation": parts[1],
        "number": number,
        "currency": _text(transaction, "CurrencyCode") or named,
        "loyalty": _first(receipt, _CARDS),
        "customer": _first(receipt, _CUSTOMERS),
    }


def _goods(receipt: Element, *, with_voided: bool = False) -> tuple[list[Element], list[Element]]:
    """Sales and returns of the lines, without those that were voided unless they are asked for."""
    sales, returns = list[Element](), list[Element]()
    for line in receipt:
        if line.tag == "LineItem" and (with_voided or not _is_voided(line)):
            sales += [one for one in line if one.tag == "Sale"]
            returns += [one for one in line if one.tag == "Return"]
    return sales, returns


def _link(element: Element) -> str | None:
    """The receipt that a return or a void names."""
    link = next((one for one in element.iterfind("TransactionLink") if _text(one, "SequenceNumber")), None)
    return None if link is None else _receipt_of(link)


def _receipt_of(element: Element) -> str:
    """Store, workstation and number: what a link to a receipt can name, and so the number of an order."""
    number = _text(element, "SequenceNumber") or _text(element, "ReceiptNumber")
    return "/".join(one for one in (_store(element), _text(element, "WorkstationID"), number) if one)


def _store(element: Element) -> str | None:
    return _text(element, "RetailStoreID") or _text(element, "BusinessUnit/UnitID")


def _total_element(receipt: Element) -> Element | None:
    return next((one for one in receipt.iterfind("Total") if one.get("TotalType") == _TOTAL), None)


def _total(receipt: Element, sales: list[Element], returns: list[Element]) -> Decimal | None:
    """With its sign, which many tills leave out: where more came back than was bought it is negative. None where there is none."""
    element = _total_element(receipt)
    total = None if element is None else decimal_of(element.text)
    if total is None or total < 0:
        return total
    bought, back = _sum(sales), _sum(returns)
    is_back = _is(receipt, _NEGATIVE) or (element is not None and _is(element, _NEGATIVE))
    return -total if is_back or (bought is not None and back is not None and bought < back) else total


def _sum(lines: list[Element]) -> Decimal | None:
    """Of what the lines come to; None where one says nothing of it."""
    amounts = [_line_amount(line) for line in lines]
    return None if None in amounts else sum((one or Decimal(0) for one in amounts), Decimal(0))


def _line_amount(line: Element) -> Decimal | None:
    amount = decimal_of(_text(line, "ExtendedAmount"))
    return None if amount is None else abs(amount)


def _first(receipt: Element, names: tuple[str, ...]) -> str | None:
    """Of the lines that were not voided, and of what stands beside them: the first of the names that is filled."""
    found: dict[str, str] = {}
    for part in receipt:
        if part.tag == "LineItem" and _is_voided(part):
            continue
        for one in part.iter():
            if one.tag in names and one.text and (text := one.text.strip()):
                found.setdefault(one.tag, text)
    return next((found[name] for name in names if name in found), None)


def _text(element: Element, way: str) -> str | None:
    return (element.findtext(way) or "").strip() or None


def _is_voided(line: Element) -> bool:
    return _is(line, "VoidFlag") or _is(line, "CancelFlag")


def _is(element: Element, flag: str) -> bool:
    value = element.get(flag)
    return value is not None and value.strip().lower() in ("true", "1")
