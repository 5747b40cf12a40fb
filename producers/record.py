"""From an event as its sender knows it to the Kafka record: keys instead of identifiers, checked, one JSON object.

What the sender wrote is sent as it stands, without the defaults of the model: the payload hash covers it, and a later
version of this package with one default more must not turn a repeated event into a conflict.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError, from_json, to_json

from touchline.producers.errors import EventRejected, SourceUndeclared, remedy_of, shape_at
from touchline.producers.persons import PersonMaker
from touchline.schemas.addresses import cut_addresses, may_hold_addresses
from touchline.schemas.checking import check_sent
from touchline.schemas.credibility import fault_of
from touchline.schemas.depth import DEPTH_MAX, are_bytes_too_deep
from touchline.schemas.events import ANSWER, Event
from touchline.schemas.identifiers import PersonKeys, strongest
from touchline.schemas.nulls import drop_nulls
from touchline.schemas.permission import lacks_consent
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import Rejection, rejection_of, shape_of
from touchline.schemas.sources import Source, Sources
from touchline.schemas.times import EARLIEST_US, LATEST_US, format_time

_plain_json: Callable[[Any], bytes] = to_json
with suppress(ImportError):  # the base install has three packages and not this one (docs/decisions/0002)
    import orjson

    _plain_json = orjson.dumps

MAX_VALUE_BYTES: Final = 900_000
"""Below Kafka's default limit of a record batch (1 MiB), so that a large event is refused here, with its reason."""

_UNDECLARED: Final = Source(legal_basis="consent")
_OBJECTS: Final = ("properties", "order", "amount", "consent", "about")
_NUMBERS: Final = ("score", "sampling_probability")
_JSON_TYPES: Final = frozenset((str, int, float, bool, type(None), dict, list, tuple))
_N, _I = b"NI"
_NAME_LENGTH_MAX: Final = 256
_SPEC_VERSION: Final = ("ce_specversion", b"1.0")


class PreparedRecord(NamedTuple):
    """A record as it goes to Kafka; of the event the fields that are headers."""

    event_id: str
    key: bytes
    value: bytes
    source: str
    type: str
    time: str
    is_suppressed: bool = False
    """By what the sender knows of its sources: the pipeline will keep its position only, for want of consent."""

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        """CloudEvents 1.0, binary mode. `ce_time` must have an offset there, so a time without one is left out."""
        headers = [
            ("ce_id", self.event_id.encode()),
            ("ce_source", self.source.encode()),
            ("ce_type", self.type.encode()),
            _SPEC_VERSION,
        ]
        if has_offset(self.time):
            headers.append(("ce_time", self.time.encode()))
        return headers


def has_offset(time: str) -> bool:
    """Whether a time says its offset, as every reader of RFC 3339 understands it (`Z` or `+01:00`)."""
    return time[-1:] == "Z" or time[-6:-5] in ("+", "-")


class RecordMaker:
    """Makes records; threads may share one.

    `person_keys` is needed only for events with identifiers. With `sources` an undeclared source is refused and times
    without offset are understood where the source declares its zone, and a record says whether it will be
    suppressed. `clock_us` gives the time of reception.
    """

    def __init__(self, person_keys: PersonKeys | None, sources: Sources | None, clock_us: Callable[[], int]) -> None:
        self._persons = PersonMaker(person_keys, sources)
        self._sources = sources
        self._clock_us = clock_us
        self._last_received = (-1, "")

    def takes(self, source: str) -> bool:
        """Whether events of that source are not refused for its name: it is declared, or nobody knows what is."""
        return self._sources is None or source in self._sources

    def make(self, given: Event | Mapping[str, Any]) -> PreparedRecord:
        """The record of one complete event. Raises EventRejected; WrongUsage where identifiers meet no person key."""
        payload = given.copy() if type(given) is dict else _as_dict(given)
        now_us = self._clock_us()
        if payload.get("type") == ANSWER and payload.get("anonymous") is True:
            # Who answered must not reach Kafka, in the record's key either.
            payload.pop("identifiers", None)
            payload.pop("persons", None)
        if "identifiers" in payload:
            given_identifiers = payload.pop("identifiers")
            keyed = self._persons.keyed(given_identifiers, payload.get("source"))
            if payload.get("persons") is None:
                if keyed or given_identifiers == []:  # where nobody is known, it is the event without identifiers
                    payload["persons"] = keyed
            elif isinstance(payload["persons"], list | tuple):  # else the check refuses it
                payload["persons"] = [*payload["persons"], *keyed]
        sent = self._checked(payload, now_us)
        has_unchecked_fields = len(sent) < len(payload)
        if sent.get("received_at") is None:
            self._write_received(payload, now_us)
        is_open = has_unchecked_fields or may_hold_addresses(payload)  # else all that stands there is known, and flat
        if not (is_open or payload.get("properties") or sent["type"] == ANSWER):
            value = _encode_plain(payload)
        else:
            has_unchecked_fields = has_unchecked_fields or _holds_foreign_types(payload)
            value = _encode(payload, is_open=is_open, has_unchecked_fields=has_unchecked_fields)
        if len(value) > MAX_VALUE_BYTES:
            raise EventRejected(Rejection(Reason.TOO_LARGE, ""), f"{len(value):,} bytes")
        if is_open and are_bytes_too_deep(value):
            raise EventRejected(Rejection(Reason.TOO_DEEP, ""), f"more than {DEPTH_MAX} levels")
        persons, source, event_id = sent.get("persons"), sent["source"], sent["id"]
        key = strongest(persons)["key"] if persons else f"{source}/{event_id}"
        is_suppressed = self._sources is not None and lacks_consent(sent, self._sources[source])
        fields = (event_id, key.encode(), value, source, sent["type"], sent["time"], is_suppressed)
        return tuple.__new__(PreparedRecord, fields)  # half the time of PreparedRecord(*fields)

    def make_refused(self, given: Event | Mapping[str, Any]) -> PreparedRecord | None:
        """The record of an event that `make` refuses, for the quarantine. None where it would be too large for Kafka, or where it would
        pass after all. Raises as `make` does where identifiers meet no person key."""
        payload = given.copy() if type(given) is dict else _as_dict(given)
        now_us = self._clock_us()
        if (
            payload.get("type") == ANSWER and payload.get("anonymous", False) is not False
        ):  # also where it is unreadable
            payload.pop("identifiers", None)
            payload.pop("persons", None)
        persons = self._persons.keyed_or_marked(payload.pop("identifiers", None), payload.get("source"))
        drop_nulls(payload)  # as `make` does: they are not what it refuses
        if persons and isinstance(payload.get("persons", []), list | tuple):
            payload["persons"] = [*payload.get("persons", ()), *persons]
        if "received_at" not in payload:
            self._write_received(payload, now_us)
        try:
            cut_addresses(payload)
            value = _encode_refused(payload)
        except (ValueError, RecursionError):  # a field that holds itself
            return None
        if len(value) > MAX_VALUE_BYTES or not self._is_refused(payload, value, now_us):
            return None
        event_id, source, kind, time = (_header_text(payload.get(name)) for name in ("id", "source", "type", "time"))
        return PreparedRecord(event_id, f"{source}/{event_id}".encode(), value, source, kind, time)

    def _is_refused(self, payload: dict[str, Any], value: bytes, now_us: int) -> bool:
        try:
            from_json(value, allow_inf_nan=False)
            self._checked(payload, now_us)
        except (EventRejected, ValueError):
            return True
        return False

    def _checked(self, payload: dict[str, Any], now_us: int) -> dict[str, Any]:
        """The known fields of what is sent."""
        try:
            sent = check_sent(payload)
        except ValidationError as error:
            if _write_moments(payload) or drop_nulls(payload):
                return self._checked(payload, now_us)
            raise _rejected(rejection_of(error), payload) from None
        source = _UNDECLARED if self._sources is None else self._sources.get(sent["source"])
        if source is None:
            raise SourceUndeclared(sent["source"], self._sources or ())
        fault = fault_of(sent, source.terms, now_us)
        if fault is not None:
            raise _rejected(fault, payload)
        return sent

    def _write_received(self, payload: dict[str, Any], now_us: int) -> None:
        """Nothing where the clock stands where no time of receipt can be, as one does without its battery: the readers would refuse it."""
        if EARLIEST_US <= now_us < LATEST_US:
            payload["received_at"] = self._received_at(now_us)
        else:
            payload.pop("received_at", None)

    def _received_at(self, now_us: int) -> str:
        """Text of the present, to the millisecond; many events share one."""
        now_ms = now_us // 1_000
        last_ms, text = self._last_received
        if last_ms != now_ms:
            text = format_time(now_ms * 1_000)[:-4] + "Z"
            self._last_received = (now_ms, text)
        return text


def _as_dict(given: Event | Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the event's own fields, at the top level."""
    if isinstance(given, BaseModel):
        return {"type": given.type, **given.model_dump(exclude_unset=True)}
    if not isinstance(given, Mapping):
        raise EventRejected(Rejection(Reason.NOT_JSON, ""), shape_of(given))
    return dict(given)


def _write_moments(payload: dict[str, Any]) -> bool:
    """Moments at the top level become text; whether there was one. Asked when a check fails, and not for each event."""
    moments = {name: value.isoformat() for name, value in payload.items() if isinstance(value, datetime)}
    payload.update(moments)
    return bool(moments)


def _holds_foreign_types(payload: dict[str, Any]) -> bool:
    """Whether a number or an object of the contract holds what JSON has no type for: pydantic takes a Decimal for a number, and would
    write it as text."""
    for name in _OBJECTS:
        value = payload.get(name)
        if value is not None and (type(value) is not dict or not _JSON_TYPES.issuperset(map(type, value.values()))):
            return True
    for name in _NUMBERS:  # noqa: SIM110 - twice as quick as any()
        if name in payload and type(payload[name]) not in _JSON_TYPES:
            return True
    return False


def _rejected(rejection: Rejection, payload: dict[str, Any]) -> EventRejected:
    return EventRejected(rejection, shape_at(payload, rejection.field), remedy_of(rejection, payload))


def _encode_plain(payload: dict[str, Any]) -> bytes:
    """The same bytes as `_encode` where all that stands there is known and checked, and no number is a float: orjson, which is used
    where it is installed and takes a quarter of the time, would write NaN as null."""
    try:
        return _plain_json(payload)
    except (TypeError, PydanticSerializationError):  # what pydantic takes for text or a number, and orjson does not
        return _encode(payload, is_open=False, has_unchecked_fields=_holds_foreign_types(payload))


def _encode(payload: dict[str, Any], *, is_open: bool, has_unchecked_fields: bool) -> bytes:
    try:
        if is_open:
            cut_addresses(payload)
        if not has_unchecked_fields:
            value = to_json(payload)
            # NaN and Infinity, in an unknown field of an order, say; looking for a letter first takes a tenth of the time.
            if not (_N in value or _I in value) or not (b"NaN" in value or b"Infinity" in value):
                return value
        # Unknown fields are kept, so nobody has checked that they are JSON: Python's encoder refuses NaN and objects.
        _write_moments(payload)
        return json.dumps(payload, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()
    except (ValueError, TypeError, RecursionError, PydanticSerializationError):
        raise EventRejected(Rejection(Reason.NOT_JSON, ""), "a field holds what JSON cannot write") from None


def _encode_refused(payload: dict[str, Any]) -> bytes:
    """JSON as near to what was given as can be: bytes that were no UTF-8 stand there as they were."""
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"), default=str)
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _header_text(value: object) -> str:
    """What may stand in a record's headers and key; empty for anything that is no name."""
    is_name = isinstance(value, str) and len(value) <= _NAME_LENGTH_MAX and _is_encodable(value)
    return str(value) if is_name else ""


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
