"""What stands in a receipt of a POSLog: lines by the way that goods went, its total, links to other receipts, who it was."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element

from touchline.producers.imports.exports.expand import decimal_of

POST_VOIDED: Final = "postvoided"
SALES: Final = ("Sale", "SaleForPickup", "SaleForDelivery", "StoredValueFundSale")
_RETURN: Final = "Return"
_EXTENDED: Final = "ExtendedAmount"
_NEGATIVE: Final = "NegativeTotalFlag"
TOTAL: Final = "TransactionGrandAmount"


class Goods(NamedTuple):
    """Lines of a receipt by the way that goods went."""

    sales: list[Element]
    returns: list[Element]


class Unclear(ValueError):
    """A receipt of which nothing says what it comes to; with a remedy."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.hint = hint


def has_lines(receipt: Element) -> bool:
    """Whether a line that was not voided comes to money."""
    lines = (one for line in receipt if line.tag == "LineItem" and not _is_voided(line) for one in line)
    return any(one.tag in (*SALES, _RETURN) or text_of(one, _EXTENDED) is not None for one in lines)


def require_clear(receipt: Element, goods: Goods, *, with_voided: bool = False) -> None:
    """Where goods came back the total is shared out by the lines, so each must say what it is. Raises Unclear."""
    kinds = sorted(
        {
            one.tag
            for line in receipt
            if line.tag == "LineItem" and (with_voided or not _is_voided(line))
            for one in line
            if one.tag not in (*SALES, _RETURN) and text_of(one, _EXTENDED) is not None
        }
    )
    if kinds and (goods.returns or not goods.sales):
        raise Unclear(
            "the receipt has lines of which nobody knows whether they are sales",
            f"write {', '.join(kinds)} as one of {', '.join(SALES)}, or as {_RETURN}",
        )


def goods_of(receipt: Element, *, with_voided: bool = False) -> Goods:
    """Sales and returns of the lines, without those that were voided unless they are asked for. A sale below zero came back."""
    goods = Goods([], [])
    for line in receipt:
        if line.tag == "LineItem" and (with_voided or not _is_voided(line)):
            for one in line:
                if one.tag == _RETURN or (one.tag in SALES and _is_below_zero(one)):
                    goods.returns.append(one)
                elif one.tag in SALES:
                    goods.sales.append(one)
    return goods


def _is_below_zero(line: Element) -> bool:
    numbers = (decimal_of(text_of(line, one)) for one in ("Quantity", _EXTENDED))
    return any(one is not None and one < 0 for one in numbers)


def link_of(element: Element, day: str | None) -> str | None:
    """The order of the receipt that a return or a void names; of that `day` where the link has none."""
    link = next((one for one in element.iterfind("TransactionLink") if text_of(one, "SequenceNumber")), None)
    return None if link is None else _order_of(link, day)


def _order_of(link: Element, day: str | None) -> str:
    day = text_of(link, "BusinessDayDate") or day
    return joined(store_of(link), text_of(link, "WorkstationID"), day, text_of(link, "SequenceNumber"))


def link_of_returns(receipt: Element, day: str | None) -> str | None:
    """The order that what came back is of; where the receipt voids another its first link is that, and a second one this."""
    links = [one for one in receipt.iterfind("TransactionLink") if text_of(one, "SequenceNumber")]
    if status_of(receipt) == POST_VOIDED:
        links = links[1:]
    return _order_of(links[0], day) if links else None


def status_of(receipt: Element) -> str:
    """What became of a receipt, in lower case; empty where nothing is said."""
    return receipt.get("TransactionStatus", "").strip().lower()


def joined(*parts: str | None) -> str:
    """Store, workstation, business day and number: numbers begin anew each day."""
    return "/".join(one.replace("/", "%2F") for one in parts if one)


def store_of(element: Element) -> str | None:
    """The number of the store."""
    return text_of(element, "RetailStoreID") or text_of(element, "BusinessUnit/UnitID")


def total_element(receipt: Element) -> Element | None:
    """What was paid, and in which currency."""
    return next((one for one in receipt.iterfind("Total") if one.get("TotalType") == TOTAL), None)


def total_of(receipt: Element, sales: list[Element], returns: list[Element]) -> Decimal | None:
    """With its sign, which many tills leave out: where more came back than was bought it is negative. None where there is none."""
    element = total_element(receipt)
    total = None if element is None else decimal_of(element.text)
    if total is None or total < 0:
        return total
    bought, back = sum_of(sales), sum_of(returns)
    is_back = is_set(receipt, _NEGATIVE) or (element is not None and is_set(element, _NEGATIVE))
    return -total if is_back or (bought is not None and back is not None and bought < back) else total


def sum_of(lines: list[Element]) -> Decimal | None:
    """Of what the lines come to; None where one says nothing of it."""
    amounts = [line_amount(line) for line in lines]
    return None if None in amounts else sum((one or Decimal(0) for one in amounts), Decimal(0))


def line_amount(line: Element) -> Decimal | None:
    """What a line comes to, without its sign."""
    amount = decimal_of(text_of(line, _EXTENDED))
    return None if amount is None else abs(amount)


def first_of(receipt: Element, names: tuple[str, ...]) -> str | None:
    """Of the lines that were not voided, and of what stands beside them: the first of the names that is filled."""
    found: dict[str, str] = {}
    for part in receipt:
        if part.tag == "LineItem" and _is_voided(part):
            continue
        for one in part.iter():
            if one.tag in names and one.text and (text := one.text.strip()):
                found.setdefault(one.tag, text)
    return next((found[name] for name in names if name in found), None)


def text_of(element: Element, way: str) -> str | None:
    """What stands in an element below; None where nothing does."""
    return (element.findtext(way) or "").strip() or None


def _is_voided(line: Element) -> bool:
    return is_set(line, "VoidFlag") or is_set(line, "CancelFlag")


def is_set(element: Element, flag: str) -> bool:
    """Whether an attribute says yes."""
    value = element.get(flag)
    return value is not None and value.strip().lower() in ("true", "1")
