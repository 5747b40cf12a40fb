"""Asks the long way of an event what the quick way of a mapping may take for granted."""

from __future__ import annotations

import math
from typing import Any, Final, Self

from touchline.producers.errors import EventRejected
from touchline.producers.imports.mapping.mapper import Filled, Mapper
from touchline.producers.imports.mapping.model import SourceColumn
from touchline.producers.imports.mapping.parts import NAME_LENGTH_MAX, json_of
from touchline.producers.record import RecordMaker
from touchline.schemas.addresses import names_addresses
from touchline.schemas.events import TOUCHPOINT

_WORD: Final = "x"
_LONGEST: Final = _WORD * NAME_LENGTH_MAX
_PAST: Final = "2020-01-01T00:00:00.000000Z"
_NEEDED: Final = {"order": "id", "consent": "id"}
"""What an object of a touchpoint cannot do without."""
_REFUND: Final = ("order.kind", "refund")
_VALUES: Final = frozenset((str, int, bool))


class Probe:
    """Of one mapping: an event that has what is the same in all rows, and words where each row has its own."""

    def __init__(self, maker: RecordMaker, event: dict[str, Any]) -> None:
        """Raises EventRejected where the constants break the contract."""
        self._maker = maker
        self._event = event
        self.source: str = event["source"]
        self.is_suppressed = maker.make(event).is_suppressed

    @classmethod
    def of(cls, mapper: Mapper, maker: RecordMaker) -> Self | None:
        """None where the events of a mapping are not plain: they are no touchpoints, their ids need the whole row, their time may stand
        in one of two columns, their source differs by row or asks for more, a grant decides what is kept of each, constants are
        personal, or say that money goes back."""
        mapping, source = mapper.mapping, mapper.mapping.source
        if (
            mapping.type != TOUCHPOINT
            or mapping.id.content
            or mapping.time.otherwise is not None
            or isinstance(source, SourceColumn)
            or not maker.is_plain(source)
        ):
            return None
        if names_addresses(dict.fromkeys(mapping.properties)) or (
            mapping.amount and any(_says_refund(one) for one in mapper.fields)
        ):
            return None
        by_row = any(one.group == "consent" and one.column is not None for one in mapper.fields)
        try:
            found = cls(maker, _event_of(mapper, source))
        except EventRejected:
            return None
        return None if (by_row and maker.needs_consent(source)) or not found._is_as_sent(found._event) else found

    def takes(self, one: Filled, value: Any) -> bool:
        """Whether an event may have that value there, and has it as it stands."""
        if one.path == "properties":
            is_number = type(value) is float and math.isfinite(value) and json_of(value) == repr(value)
            return (is_number or type(value) in _VALUES) and not self._maker.may_be_personal(
                {one.name: value}, self.source
            )
        if (one.path, value) == _REFUND:
            return False
        inner = {**self._event.get(one.group, {}), one.name: value}
        return self._is_as_sent({**self._event, **({one.group: inner} if one.group else inner)})

    def is_name(self, one: Filled) -> bool:
        """Whether a field takes any text up to the usual length."""
        return self.takes(one, _LONGEST) and not self.takes(one, _LONGEST + _WORD)

    def _is_as_sent(self, event: dict[str, Any]) -> bool:
        try:
            value = self._maker.make(event).value
        except EventRejected:
            return False
        return value.decode().startswith(f'{(json_of(event) or "")[:-1]},"received_at"')


def _says_refund(one: Filled) -> bool:
    return one.column is None and (one.path, one.constant) == _REFUND


def _event_of(mapper: Mapper, source: str) -> dict[str, Any]:
    event: dict[str, Any] = {"type": TOUCHPOINT, "source": source, "id": _WORD, "time": _PAST, "touchpoint": _WORD}
    if mapper.mapping.zone is not None:
        event["zone"] = mapper.mapping.zone
    for one in mapper.fields:
        place = event.setdefault(one.group, {}) if one.group else event
        if one.name == _NEEDED.get(one.group):
            place[one.name] = _WORD
        if one.column is None:
            place[one.name] = one.constant
    if mapper.properties:
        event["properties"] = {one.name: _WORD if one.column else one.constant for one in mapper.properties}
    return event
