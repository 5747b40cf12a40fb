"""Receipts of a POSLog (ARTS / IXRetail, version 6 and those before): one row a sale, one for each receipt that goods came back from.

Money is the receipt's own total, so discounts and taxes are in it whatever the lines say. Where goods were bought and brought back at
once, what came back is the sum of its lines, and what was bought the rest: together they are the total. What was voided before it ended,
practised, or put aside has no row; what was voided afterwards (`PostVoided`) is taken back from the orders of the receipt it names.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element

from touchline.producers.imports.exports.expand import Cells, LeftOut, amount_of, damaged, decimal_of
from touchline.producers.imports.rows.row import Row
from touchline.producers.imports.rows.xml_items import XmlItems

_TRANSACTION: Final = ("POSLog", "Transaction")
_RETAIL: Final = "RetailTransaction"
_POST_VOIDED: Final = "PostVoided"
_SALES: Final = ("Sale", "SaleForPickup", "SaleForDelivery", "StoredValueFundSale")
_RETURN: Final = "Return"
_EXTENDED: Final = "ExtendedAmount"
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


class _Goods(NamedTuple):
    """Lines of a receipt by the way that goods went."""

    sales: list[Element]
    returns: list[Element]


class _Unclear(ValueError):
    """A receipt of which nothing says what it comes to; with a remedy."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.hint = hint


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
                try:
                    for cells in _rows(transaction, receipt):
                        yield Row(line, cells) if cells.get("amount") is not None else _without_total(line, cells)
                except _Unclear as error:
                    yield damaged(line, _named(_common(transaction, receipt)[0]), str(error), error.hint)


def _without_total(line: int, cells: Cells) -> Row:
    what = f"the receipt has no total that is a number ({_TOTAL}), or what was brought back no ExtendedAmount"
    return damaged(line, _named(cells), what, _HINT)


def _named(cells: Cells) -> bytes:
    return repr({name: cells[name] for name in ("store", "workstation", "number", "day")}).encode()


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
    if status == _POST_VOIDED and _link(receipt, None) is None:
        return "voids that name no receipt"
    if status != _POST_VOIDED and not _has_lines(receipt):
        return "receipts without goods"
    return ""


def _has_lines(receipt: Element) -> bool:
    """Whether a line that was not voided comes to money."""
    lines = (one for line in receipt if line.tag == "LineItem" and not _is_voided(line) for one in line)
    return any(one.tag in (*_SALES, _RETURN) or _text(one, _EXTENDED) is not None for one in lines)


def _rows(transaction: Element, receipt: Element) -> Iterator[Cells]:
    """Raises _Unclear."""
    common, day, own = _common(transaction, receipt)
    if receipt.get("TransactionStatus") == _POST_VOIDED:
        voided = _link(receipt, day) or own
        for number, (order, amount) in enumerate(_reversed(receipt, day, voided).items(), start=1):
            key = common["key"] and (common["key"] if number == 1 else f"{common['key']}/void-{number}")
            yield {**common, "key": key, "kind": "void", "order": order, "amount": amount_of(amount)}
        return
    goods = _goods(receipt)
    _require_clear(receipt, goods)
    bought, back = _split(receipt, goods, day, own, _total(receipt, *goods))
    if goods.sales:
        yield {**common, "kind": "sale", "order": own, "amount": amount_of(bought), "items": str(len(goods.sales))}
    for number, (order, amount) in enumerate(back.items(), start=1):
        cells = {**common, "kind": "return", "order": order, "amount": amount_of(None if amount is None else -amount)}
        key = common["key"] and f"{common['key']}/return-{number}"
        yield {**cells, "key": key, "items": str(len(goods.returns))}


def _reversed(receipt: Element, day: str | None, voided: str) -> dict[str, Decimal | None]:
    """What takes a voided receipt back, by order: its sale from the receipt itself, its returns from those that their lines name. The
    lines are read as those of the voided receipt, so they alone say which way its total went. Raises _Unclear."""
    goods = _goods(receipt)
    is_voided_whole = not any(goods)  # else some lines alone were voided, before the voided receipt ended
    goods = _goods(receipt, with_voided=True) if is_voided_whole else goods
    _require_clear(receipt, goods, with_voided=is_voided_whole)
    if any(line.tag in _SALES for line in goods.returns):
        raise _Unclear(
            "the receipt voids another by sales below zero, which may be what was brought back, or what undoes a sale",
            "write the lines of a PostVoided receipt as the voided one has them: what was brought back as Return",
        )
    total = _total(receipt, *goods)
    if total is not None:
        bought, back = _sum(goods.sales), _sum(goods.returns)
        is_back = goods.returns and (not goods.sales or (bought is not None and back is not None and bought < back))
        total = -abs(total) if is_back else abs(total)
    sold, returned = _split(receipt, goods, day, voided, total)
    orders: dict[str, Decimal | None] = {} if goods.returns and not goods.sales else {voided: _minus(sold)}
    for order, amount in returned.items():
        before = orders.get(order, Decimal(0))
        orders[order] = None if before is None or amount is None else before + amount
    return orders


def _split(
    receipt: Element, goods: _Goods, day: str | None, own: str, total: Decimal | None
) -> tuple[Decimal | None, dict[str, Decimal | None]]:
    """What was bought, and what came back of which order: together they are the total."""
    back = _returned(receipt, goods.returns, day, own, None if goods.sales else total)
    if total is None or None in back.values():
        return None, back
    return total + sum((one or Decimal(0) for one in back.values()), Decimal(0)), back


def _require_clear(receipt: Element, goods: _Goods, *, with_voided: bool = False) -> None:
    """Where goods came back the total is shared out by the lines, so each must say what it is. Raises _Unclear."""
    kinds = sorted(
        {
            one.tag
            for line in receipt
            if line.tag == "LineItem" and (with_voided or not _is_voided(line))
            for one in line
            if one.tag not in (*_SALES, _RETURN) and _text(one, _EXTENDED) is not None
        }
    )
    if kinds and (goods.returns or not goods.sales):
        raise _Unclear(
            "the receipt has lines of which nobody knows whether they are sales",
            f"write {', '.join(kinds)} as one of {', '.join(_SALES)}, or as {_RETURN}",
        )


def _minus(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else -amount


def _returned(
    receipt: Element, returns: list[Element], day: str | None, own: str, total: Decimal | None
) -> dict[str, Decimal | None]:
    """What came back of which receipt, above zero. Where nothing was bought it comes to the `total`: what that has beyond the lines
    (taxes, discounts) is the last receipt's."""
    back: dict[str, Decimal | None] = {}
    for line in returns:
        order = _link(line, day) or _link_of_returns(receipt, day) or own
        before, amount = back.get(order, Decimal(0)), _line_amount(line)
        back[order] = None if before is None or amount is None else before + amount
    if total is not None and len(back) == 1:
        return {order: abs(total) for order in back}
    if total is not None and back and None not in back.values():
        *_, last = back
        back[last] = abs(total) - sum((one or Decimal(0) for order, one in back.items() if order != last), Decimal(0))
    return back


def _common(transaction: Element, receipt: Element) -> tuple[Cells, str | None, str]:
    """What all rows of a receipt share, its day, and its order."""
    begin, end = _text(transaction, "BeginDateTime"), _text(transaction, "EndDateTime")
    time = end or begin or _text(receipt, "ReceiptDateTime") or _text(transaction, "POSLogDateTime")
    day = _text(transaction, "BusinessDayDate")
    total = _total_element(receipt)
    named = None if total is None else total.get("CurrencyCode") or total.get("Currency")
    number = _text(transaction, "SequenceNumber") or _text(transaction, "ReceiptNumber")
    store, workstation = _store(transaction), _text(transaction, "WorkstationID")
    day_of_order = day or (time or "")[:10] or None
    order = _joined(store, workstation, day_of_order, number)
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
        "currency": named or _text(transaction, "CurrencyCode"),
        "loyalty": _first(receipt, _CARDS),
        "customer": _first(receipt, _CUSTOMERS),
    }
    return cells, day_of_order, order


def _goods(receipt: Element, *, with_voided: bool = False) -> _Goods:
    """Sales and returns of the lines, without those that were voided unless they are asked for. A sale below zero came back."""
    goods = _Goods([], [])
    for line in receipt:
        if line.tag == "LineItem" and (with_voided or not _is_voided(line)):
            for one in line:
                if one.tag == _RETURN or (one.tag in _SALES and _is_below_zero(one)):
                    goods.returns.append(one)
                elif one.tag in _SALES:
                    goods.sales.append(one)
    return goods


def _is_below_zero(line: Element) -> bool:
    numbers = (decimal_of(_text(line, one)) for one in ("Quantity", _EXTENDED))
    return any(one is not None and one < 0 for one in numbers)


def _link(element: Element, day: str | None) -> str | None:
    """The order of the receipt that a return or a void names; of that `day` where the link has none."""
    link = next((one for one in element.iterfind("TransactionLink") if _text(one, "SequenceNumber")), None)
    return None if link is None else _order_of(link, day)


def _order_of(link: Element, day: str | None) -> str:
    day = _text(link, "BusinessDayDate") or day
    return _joined(_store(link), _text(link, "WorkstationID"), day, _text(link, "SequenceNumber"))


def _link_of_returns(receipt: Element, day: str | None) -> str | None:
    """The order that what came back is of; where the receipt voids another its first link is that, and a second one this."""
    links = [one for one in receipt.iterfind("TransactionLink") if _text(one, "SequenceNumber")]
    if receipt.get("TransactionStatus") == _POST_VOIDED:
        links = links[1:]
    return _order_of(links[0], day) if links else None


def _joined(*parts: str | None) -> str:
    """Store, workstation, business day and number: numbers begin anew each day."""
    return "/".join(one.replace("/", "%2F") for one in parts if one)


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
    amount = decimal_of(_text(line, _EXTENDED))
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
