"""From the cells of a row to its amount: what stands there, in which currency, and whether it is money that goes back."""

from __future__ import annotations

from typing import Any, Final

from touchline.producers.imports.mapping.amounts import minor_of
from touchline.producers.imports.mapping.cells import (
    CellUnreadable,
    fault_of,
    is_empty,
    is_nothing,
    require_readable,
    text_of,
    value_of,
)
from touchline.producers.imports.mapping.model import FieldColumn, Money
from touchline.producers.imports.mapping.read_before import ReadBefore
from touchline.producers.imports.rows.row import RowFault
from touchline.schemas.reasons import Reason

_REFUND: Final = "refund"
_TEXTS: Final = frozenset((str, type(None)))


class _Unreadable(CellUnreadable):
    """With as much of the amount as there is, and the column that is to blame."""

    def __init__(self, error: CellUnreadable, amount: dict[str, Any], field: str, column: str) -> None:
        super().__init__(error.what, error.hint, error.reason)
        self.amount, self.field, self.column = amount, field, column


class Pricing:
    """The amounts of one mapping."""

    def __init__(self, money: Money) -> None:
        self.money = money
        refund = money.refund
        self.columns = (money.column, money.currency.column, None if refund is None else refund.column)
        self._refunds = frozenset(text.strip().casefold() for text in (refund.values if refund is not None else ()))
        """Whatever their capitals: a return that is written RETURN must not count as a sale."""
        self._known = ReadBefore(self._read)

    def put(self, cells: Any, event: dict[str, Any], faults: list[RowFault]) -> None:
        """Into the event, whose order is a refund where money goes back and nothing else is said of it."""
        get = cells.get
        try:
            amount = self.amount_of(tuple([get(column) for column in self.columns]))
        except _Unreadable as error:
            faults.append(fault_of(error, error.field, error.column))
            event["amount"] = error.amount
            return
        if amount is None:
            return
        event["amount"], is_back = amount
        if is_back and (order := event.get("order")) is not None and "kind" not in order:
            order["kind"] = _REFUND

    def amount_of(self, cells: tuple[Any, ...]) -> tuple[dict[str, Any], bool] | None:
        """Of the cells of `columns`: the amount and whether it goes back, None where there is none. Raises CellUnreadable."""
        value, currency, kind = cells
        if is_empty(value):
            return None
        is_known = type(value) is str and type(currency) in _TEXTS and type(kind) in _TEXTS
        return self._known[cells] if is_known else self._read(cells)

    def _read(self, cells: tuple[Any, ...]) -> tuple[dict[str, Any], bool] | None:
        """Raises _Unreadable."""
        money = self.money
        value, code, kind = cells
        if money.null_values and text_of(value) in money.null_values:
            return None
        currency = ""
        is_refund = kind is not None and text_of(kind).casefold() in self._refunds
        try:
            if not is_refund:
                require_readable(kind)
            currency = _currency_of(money.currency, code)
            minor = minor_of(money, value, currency)
            if is_refund and minor < 0:
                raise CellUnreadable(
                    "the amount of a refund is negative, and `refund` says that it is positive",
                    "leave `refund` out of the mapping where amounts have their sign",
                )
        except CellUnreadable as error:
            is_currency = error.reason is Reason.UNKNOWN_CURRENCY
            field = "amount.currency" if is_currency else "amount.amount_minor"
            column = (money.currency.column or money.column) if is_currency else money.column
            amount = {"amount_minor": 0 if is_currency else [text_of(value)], "currency": currency}
            raise _Unreadable(error, amount, field, column) from None
        return {"amount_minor": -minor if is_refund else minor, "currency": currency}, is_refund or minor < 0


def _currency_of(cell: FieldColumn, value: Any) -> str:
    """The code in capitals; empty where the cell is. Raises CellUnreadable."""
    if cell.column is None:
        return str(cell.constant)
    if is_nothing(cell, value):
        value = cell.default
    elif cell.sent:
        value = value_of(cell, value, "text")
    return "" if value is None else text_of(value).upper()
