"""Makes rows of records that are none yet: an order with its refunds, a visit with its actions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final, Generic, Protocol, TypeVar

from touchline.producers.imports.rows.json_items import JsonItems
from touchline.producers.imports.rows.row import Row, RowFault, RowFile
from touchline.schemas.reasons import Reason

Cells = dict[str, Any]
Expand = Callable[[Mapping[str, Any]], Iterator[Cells]]
"""From one record to the cells of its rows. Raises NoRecord where it is another thing."""
_HINT: Final = "see docs/senders/stores.md for what the format holds"


class NoRecord(ValueError):
    """What stands there is no record of the format, or one of which nothing says what it comes to; says what it lacks."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.hint = hint or _HINT


class LeftOut:
    """Counts what a file holds beside rows, by what it is: told when the file has been read."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def __call__(self, what: str) -> None:
        self.counts[what] += 1

    def sentence(self) -> str:
        """For people."""
        return f"not read: {', '.join(f'{count:,} {what}' for what, count in sorted(self.counts.items()))}"


def damaged(number: int, raw: bytes, what: str, hint: str = _HINT) -> Row:
    """A row that is none."""
    return Row(number, None, RowFault(Reason.MISSING_FIELD, "id", what, hint), raw)


class Reader(Protocol):
    """What an open file is read by."""

    size: int
    unit: str

    @property
    def position(self) -> int: ...
    def close(self) -> None: ...


Items = TypeVar("Items", bound=Reader)


class RowsOver(Generic[Items]):
    """An open file whose rows are made of what a reader gives: size and position are the reader's."""

    columns: list[str] | None = None

    def __init__(self, items: Items) -> None:
        self._items = items
        self.unit, self.size = items.unit, items.size

    @property
    def position(self) -> int:
        """How much was read, in `unit`s."""
        return self._items.position

    def close(self) -> None:
        """Let go of the file."""
        self._items.close()


class ExpandedRows(RowsOver[RowFile]):
    """Rows of a file of rows, each of which holds one record."""

    def __init__(self, inner: RowFile, expand: Expand) -> None:
        super().__init__(inner)
        self._expand = expand

    def __iter__(self) -> Iterator[Row]:
        for row in self._items:
            if row.cells is None:
                yield row
                continue
            try:
                for cells in self._expand(row.cells):
                    yield Row(row.number, cells)
            except NoRecord as error:
                yield damaged(row.number, repr(dict(row.cells)).encode("utf-8", "replace"), str(error), error.hint)


class JsonRows(RowsOver[JsonItems]):
    """Objects of a JSON document as rows, nested ones with dotted names. Rows are numbered by the objects."""

    def __init__(self, path: Path, wrappers: Iterable[str] = ()) -> None:
        """`wrappers` are fields of an object whose lists hold the rows. Raises WrongUsage where the file cannot be read."""
        self._fields = frozenset(("", *wrappers))
        super().__init__(JsonItems(path, frozenset(wrappers)))

    def __iter__(self) -> Iterator[Row]:
        for item in self._items:
            if item.field not in self._fields:
                continue
            if isinstance(item.value, dict):
                yield Row(item.number, flat(item.value))
            else:
                what = f"the object is no JSON: {item.fault}" if item.fault else "this is no JSON object"
                yield damaged(item.number, item.raw or repr(item.value).encode("utf-8", "replace"), what)


def flat(value: Mapping[str, Any], prefix: str = "") -> Cells:
    """Members of objects within the object, by dotted names."""
    cells: Cells = {}
    for name, one in value.items():
        if isinstance(one, dict):
            cells |= flat(one, f"{prefix}{name}.")
        else:
            cells[prefix + name] = one
    return cells


def objects(value: object) -> list[Mapping[str, Any]]:
    """The objects of a list; none where it is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def decimal_of(value: object) -> Decimal | None:
    """The number in a text or a number; None where there is none."""
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def kind_of(order: object, amount: object, *, is_back: bool) -> str | None:
    """As a cell of an order's kind: a refund, also one that says no amount, and money below zero; None where there is no order."""
    number = decimal_of(amount)
    if order is None or not str(order).strip():
        return None
    return "refund" if is_back or (number is not None and number < 0) else "purchase"


def amount_of(number: Decimal | None) -> str | None:
    """As a cell of money: without zeros that end it, so without a question how many decimals the currency has."""
    return None if number is None else f"{number.normalize():f}"
