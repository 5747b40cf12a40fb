"""Receipts of a POSLog (ARTS / IXRetail, version 6 and those before): one row a sale, one for each receipt that goods came back from.

Money is the receipt's own total, so discounts and taxes are in it whatever the lines say. Where goods were bought and brought back at
once, what came back is the sum of its lines, and what was bought the rest: together they are the total. What was voided before it ended,
practised, or put aside has no row; what was voided afterwards (`PostVoided`) is taken back from the orders of the receipt it names. A
void that does not say what it takes back is a damaged row: the sale that it means still counts, and somebody must hear of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element

from touchline.producers.imports.exports.expand import Cells, LeftOut, RowsOver, amount_of, damaged
from touchline.producers.imports.exports.poslog_lines import (
    POST_VOIDED,
    SALES,
    TOTAL,
    Goods,
    Unclear,
    first_of,
    goods_of,
    has_lines,
    is_set,
    joined,
    line_amount,
    link_of,
    link_of_returns,
    require_clear,
    status_of,
    store_of,
    sum_of,
    text_of,
    total_element,
    total_of,
)
from touchline.producers.imports.rows.row import Row
from touchline.producers.imports.rows.xml_items import XmlItems

_TRANSACTION: Final = ("POSLog", "Transaction")
_RETAIL: Final = "RetailTransaction"
_VOID: Final = "PostVoidTransaction"
_UNDONE: Final = ("void", "cancel")
"""A status that has one of these and that is not known says that there was no sale, or there is none any more."""
_NOT_DONE: Final = {
    "voided": "voided receipts", "suspended": "suspended receipts", "suspendeddeleted": "suspended receipts",
    "inprocess": "receipts in process", "failed": "failed receipts",
}  # fmt: skip
_CARDS: Final = ("LoyaltyID", "MembershipID")
_CUSTOMERS: Final = ("CustomerID",)
COLUMNS: Final = (
    "key", "kind", "time", "begin", "end", "day", "store", "workstation", "number", "order", "amount", "currency", "items", "loyalty",
    "customer",
)  # fmt: skip
_HINT: Final = "complete it where the till writes it"
_VOID_HINT: Final = (
    "write it as a receipt with TransactionStatus PostVoided, the lines of the voided one and a TransactionLink with its SequenceNumber, "
    "or take the sale back by a file of your own: docs/senders/stores.md"
)


class PoslogRows(RowsOver[XmlItems]):
    """An open POSLog."""

    def __init__(self, path: Path) -> None:
        """Raises WrongUsage where the file cannot be read."""
        super().__init__(XmlItems(path, frozenset((_TRANSACTION,))))
        self.columns = list(COLUMNS)
        self.left_out = LeftOut()

    def __iter__(self) -> Iterator[Row]:
        """Raises FileDamaged where the document breaks off, WrongUsage where it is none or declares entities."""
        self.left_out.counts.clear()
        for line, _, transaction, _ in self._items:
            receipt = next((one for one in transaction if one.tag in (_RETAIL, _VOID)), None)
            reason = _left_out(transaction, receipt)
            if reason:
                self.left_out(reason)
            elif receipt is not None:
                try:
                    for cells in _rows(transaction, receipt):
                        yield Row(line, cells) if cells.get("amount") is not None else _without_total(line, cells)
                except Unclear as error:
                    yield damaged(line, _named(_common(transaction, receipt)[0]), str(error), error.hint)


def _without_total(line: int, cells: Cells) -> Row:
    what = f"the receipt has no total that is a number ({TOTAL}), or what was brought back no ExtendedAmount"
    return damaged(line, _named(cells), what, _HINT)


def _named(cells: Cells) -> bytes:
    return repr({name: cells[name] for name in ("store", "workstation", "number", "day")}).encode()


def _left_out(transaction: Element, receipt: Element | None) -> str:
    """Why a transaction has no row; empty where it has one."""
    if is_set(transaction, "TrainingModeFlag"):
        return "receipts of training"
    if receipt is None:
        return "transactions of other kinds"
    status = status_of(receipt)
    if status in _NOT_DONE:
        return _NOT_DONE[status]
    if is_set(transaction, "CancelFlag") or is_set(receipt, "CancelFlag"):
        return "cancelled receipts"
    if is_set(transaction, "VoidFlag") or is_set(receipt, "VoidFlag"):
        return _NOT_DONE["voided"]
    if receipt.tag == _RETAIL and not any(one in status for one in _UNDONE) and not has_lines(receipt):
        return "receipts without goods"
    return ""


def _voided(receipt: Element, day: str | None) -> str | None:
    """The order of the receipt that this one voids; None where it voids none. Raises Unclear where it does not say which, or what it
    came to."""
    status = status_of(receipt)
    if receipt.tag == _VOID:
        raise Unclear(f"a {_VOID} does not say what the receipt came to that it voids", _VOID_HINT)
    if status == POST_VOIDED:
        if (voided := link_of(receipt, day)) is None:
            raise Unclear("the receipt voids another one and names none (TransactionLink)", _VOID_HINT)
        return voided
    if any(one in status for one in _UNDONE):
        raise Unclear("the receipt has a TransactionStatus of a void that is not known", _VOID_HINT)
    return None


def _rows(transaction: Element, receipt: Element) -> Iterator[Cells]:
    """Raises Unclear."""
    common, day, own = _common(transaction, receipt)
    if (voided := _voided(receipt, day)) is not None:
        for number, (order, amount) in enumerate(_reversed(receipt, day, voided).items(), start=1):
            key = common["key"] and (common["key"] if number == 1 else f"{common['key']}/void-{number}")
            yield {**common, "key": key, "kind": "void", "order": order, "amount": amount_of(amount)}
        return
    goods = goods_of(receipt)
    require_clear(receipt, goods)
    bought, back = _split(receipt, goods, day, own, total_of(receipt, *goods))
    if goods.sales:
        yield {**common, "kind": "sale", "order": own, "amount": amount_of(bought), "items": str(len(goods.sales))}
    for number, (order, amount) in enumerate(back.items(), start=1):
        cells = {**common, "kind": "return", "order": order, "amount": amount_of(None if amount is None else -amount)}
        key = common["key"] and f"{common['key']}/return-{number}"
        yield {**cells, "key": key, "items": str(len(goods.returns))}


def _reversed(receipt: Element, day: str | None, voided: str) -> dict[str, Decimal | None]:
    """What takes a voided receipt back, by order: its sale from the receipt itself, its returns from those that their lines name. The
    lines are read as those of the voided receipt, so they alone say which way its total went. Raises Unclear."""
    goods = goods_of(receipt)
    is_voided_whole = not any(goods)  # else some lines alone were voided, before the voided receipt ended
    goods = goods_of(receipt, with_voided=True) if is_voided_whole else goods
    require_clear(receipt, goods, with_voided=is_voided_whole)
    if any(line.tag in SALES for line in goods.returns):
        raise Unclear(
            "the receipt voids another by sales below zero, which may be what was brought back, or what undoes a sale",
            "write the lines of a PostVoided receipt as the voided one has them: what was brought back as Return",
        )
    total = total_of(receipt, *goods)
    if total is not None:
        bought, back = sum_of(goods.sales), sum_of(goods.returns)
        is_back = goods.returns and (not goods.sales or (bought is not None and back is not None and bought < back))
        total = -abs(total) if is_back else abs(total)
    sold, returned = _split(receipt, goods, day, voided, total)
    orders: dict[str, Decimal | None] = {} if goods.returns and not goods.sales else {voided: _minus(sold)}
    for order, amount in returned.items():
        before = orders.get(order, Decimal(0))
        orders[order] = None if before is None or amount is None else before + amount
    return orders


def _split(
    receipt: Element, goods: Goods, day: str | None, own: str, total: Decimal | None
) -> tuple[Decimal | None, dict[str, Decimal | None]]:
    """What was bought, and what came back of which order: together they are the total."""
    back = _returned(receipt, goods.returns, day, own, None if goods.sales else total)
    if total is None or None in back.values():
        return None, back
    return total + sum((one or Decimal(0) for one in back.values()), Decimal(0)), back


def _minus(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else -amount


def _returned(
    receipt: Element, returns: list[Element], day: str | None, own: str, total: Decimal | None
) -> dict[str, Decimal | None]:
    """What came back of which receipt, above zero. Where nothing was bought it comes to the `total`: what that has beyond the lines
    (taxes, discounts) is the last receipt's."""
    back: dict[str, Decimal | None] = {}
    for line in returns:
        order = link_of(line, day) or link_of_returns(receipt, day) or own
        before, amount = back.get(order, Decimal(0)), line_amount(line)
        back[order] = None if before is None or amount is None else before + amount
    if total is not None and len(back) == 1:
        return {order: abs(total) for order in back}
    if total is not None and back and None not in back.values():
        *_, last = back
        back[last] = abs(total) - sum((one or Decimal(0) for order, one in back.items() if order != last), Decimal(0))
    return back


def _common(transaction: Element, receipt: Element) -> tuple[Cells, str | None, str]:
    """What all rows of a receipt share, its day, and its order."""
    begin, end = text_of(transaction, "BeginDateTime"), text_of(transaction, "EndDateTime")
    time = end or begin or text_of(receipt, "ReceiptDateTime") or text_of(transaction, "POSLogDateTime")
    day = text_of(transaction, "BusinessDayDate")
    total = total_element(receipt)
    named = None if total is None else total.get("CurrencyCode") or total.get("Currency")
    number = text_of(transaction, "SequenceNumber") or text_of(transaction, "ReceiptNumber")
    store, workstation = store_of(transaction), text_of(transaction, "WorkstationID")
    day_of_order = day or (time or "")[:10] or None
    order = joined(store, workstation, day_of_order, number)
    cells: Cells = {
        **dict.fromkeys(COLUMNS),
        "key": order if store and number else None,
        "time": time,
        "begin": begin,
        "end": end,
        "day": day,
        "store": store,
        "workstation": workstation,
        "number": number,
        "currency": named or text_of(transaction, "CurrencyCode"),
        "loyalty": first_of(receipt, _CARDS),
        "customer": first_of(receipt, _CUSTOMERS),
    }
    return cells, day_of_order, order
