"""From an event as its sender knows it to the Kafka record: keys instead of identifiers, checked, one JSON object.

What the sender wrote is sent as it stands, without the defaults of the model: the payload hash covers it, and a later
version of this package with one default more must not turn a repeated event into a conflict.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError, from_json, to_json

from touchline.producers.errors import EventRejected, SourceUndeclared, remedy_of, shape_at
from touchline.producers.guarding import Guarding
from touchline.producers.persons import PersonMaker
from touchline.schemas.addresses import may_hold_addresses
from touchline.schemas.checking import check_sent
from touchline.schemas.credibility import fault_of
from touchline.schemas.depth import DEPTH_MAX, are_bytes_too_deep
from touchline.schemas.events import ANSWER, TOUCHPOINT, Event
from touchline.schemas.identifiers import PersonKeys, strongest
from touchline.schemas.nulls import drop_nulls
from touchline.schemas.permission import lacks_consent
from touchline.schemas.personal.guard import Finding
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import Rejection, rejection_of, shape_of
from touchline.schemas.sources import Source, Sources
from touchline.schemas.times import EARLIEST_US, LATEST_US, format_time

_plain_json: Callable[[Any], bytes] = to_json
with suppress(ImportError):  # the base install has three packages and not this one (docs/decisions/0002)
    import orjson

    _plain_json = orjson.dumps

plain: Any = None
with suppress(ImportError):
    from touchline.producers import plain

MAX_VALUE_BYTES: Final = 900_000
"""Below Kafka's default limit of a record batch (1 MiB), so that a large event is refused here, with its reason."""

_UNDECLARED: Final = Source(legal_basis="consent")
_AT: Final = b"@"
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
    masked: tuple[Finding, ...] = ()
    """Personal values that do not stand in it any more."""
    links: tuple[PreparedRecord, ...] = ()
    """Go before it: they link its persons to their keys of before a rotation."""

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
        self._rotates = self._persons.rotation.is_needed
        self._sources = sources
        self._guarding = Guarding(sources)
        self._clock_us = clock_us
        self._last_received = (-1, "")
        self._declared_of: Any = None if plain is None else plain.declared_of(sources)

    def takes(self, source: str) -> bool:
        """Whether events of that source are not refused for its name: it is declared, or nobody knows what is."""
        return self._sources is None or source in self._sources

    def is_plain(self, source: str) -> bool:
        """Whether an event of the source needs no look beyond its own values: its times are as they stand, no field of the contract is
        declared personal, and no keys are being rotated."""
        declared = _UNDECLARED if self._sources is None else self._sources.get(source)
        return not (
            declared is None
            or declared.terms.clock_correction_us
            or self._guarding.takes_fields(source)
            or self._persons.rotation.is_needed
        )

    def needs_consent(self, source: str) -> bool:
        """Whether a grant decides what is kept of its events."""
        return self._sources is not None and self._sources[source].needs_consent

    def person_of(self, kind: str, value: str, source: str) -> dict[str, str] | None:
        """Type and key, None for nobody. Raises as `make` does."""
        return next(iter(self._persons.keyed([(kind, value)], source)), None)

    def may_be_personal(self, properties: dict[str, Any], source: str) -> bool:
        """Whether the values of properties need a closer look."""
        event = {"type": TOUCHPOINT, "properties": properties}
        try:
            return self._guarding.clean(event, source, is_open=False)[0] is not event
        except EventRejected:
            return True

    def received_now(self) -> tuple[int, str] | None:
        """The present in microseconds, and as records have it; None where the clock stands where no time of receipt can be."""
        now_us, stamp = self._clock_us(), dict[str, Any]()
        self._write_received(stamp, now_us)
        return (now_us, stamp["received_at"]) if stamp else None

    def make(self, given: Event | Mapping[str, Any]) -> PreparedRecord:
        """The record of one complete event. Raises EventRejected; WrongUsage where identifiers meet no person key."""
        now_us = self._clock_us()
        if type(given) is dict:
            if self._declared_of is not None and (made := self._made_plainly(given, now_us)) is not None:
                return made
            payload = given.copy()
        else:
            payload = _as_dict(given)
        if payload.get("type") == ANSWER and payload.get("anonymous") is True:
            # Who answered must not reach Kafka, in the record's key either.
            payload.pop("identifiers", None)
            payload.pop("persons", None)
        if "identifiers" in payload:
            self._key_persons(payload)
        sent = self._checked(payload, now_us)
        has_unchecked_fields = len(sent) < len(payload)
        if sent.get("received_at") is None:
            self._write_received(payload, now_us)
        is_open = has_unchecked_fields or may_hold_addresses(payload)  # else all that stands there is known, and flat
        masked: tuple[Finding, ...] = ()
        if is_open or "properties" in payload or "comment" in payload or self._guarding.has_personal_fields:
            payload, masked = self._guarding.clean(payload, sent["source"], is_open=is_open)
        is_plain = not (is_open or payload.get("properties") or sent["type"] == ANSWER)
        value = _encode_checked(payload, is_plain, has_unchecked_fields)
        if _AT in value and (guarded := self._guarding.clean_names(payload, sent["source"])) is not None:
            payload, more = guarded
            masked += more
            value = _encode_checked(payload, is_plain, has_unchecked_fields)
        if len(value) > MAX_VALUE_BYTES:
            raise EventRejected(Rejection(Reason.TOO_LARGE, ""), f"{len(value):,} bytes")
        if is_open and are_bytes_too_deep(value):
            raise EventRejected(Rejection(Reason.TOO_DEEP, ""), f"more than {DEPTH_MAX} levels")
        persons, source, event_id = sent.get("persons"), sent["source"], sent["id"]
        key = strongest(persons)["key"] if persons else f"{source}/{event_id}"
        is_suppressed = self._sources is not None and lacks_consent(sent, self._sources[source])
        links: tuple[PreparedRecord, ...] = ()
        if self._rotates and persons and not is_suppressed:
            links = tuple(self.make(link) for link in self._persons.rotation.links_of(sent))
        fields = (event_id, key.encode(), value, source, sent["type"], sent["time"], is_suppressed, masked, links)
        return tuple.__new__(PreparedRecord, fields)  # half the time of PreparedRecord(*fields)

    def _made_plainly(self, given: dict[str, Any], now_us: int) -> PreparedRecord | None:
        """The same record by the quick way (plain.py); None where a closer look is needed."""
        source = given.get("source")
        declared = self._declared_of(source) if type(source) is str else None
        if declared is None or not plain.is_plain(given, declared, now_us):
            return None
        payload, kind = given.copy(), given["type"]
        persons: Sequence[dict[str, str]] = ()
        if "identifiers" in payload:
            identifiers = payload.pop("identifiers")
            persons = self._persons.keyed(identifiers, source)
            if persons or identifiers == []:
                payload["persons"] = persons
        least, most = plain.PERSONS[kind]
        if not least <= len(persons) <= most:
            return None
        if payload.get("received_at") is None:
            self._write_received(payload, now_us)
        event_id = payload["id"]
        try:
            value = _plain_json(payload) if kind != ANSWER else _encode(payload, has_unchecked_fields=False)
        except (TypeError, PydanticSerializationError):
            return None
        if _AT in value or len(value) > MAX_VALUE_BYTES:
            return None
        key = persons[0]["key"] if persons else f"{source}/{event_id}"
        is_suppressed = declared.needs_consent and lacks_consent(payload, declared.source)
        links: tuple[PreparedRecord, ...] = ()
        if self._rotates and persons and not is_suppressed:
            links = tuple(self.make(link) for link in self._persons.rotation.links_of(check_sent(payload)))
        fields = (event_id, key.encode(), value, source, kind, payload["time"], is_suppressed, (), links)
        return tuple.__new__(PreparedRecord, fields)  # half the time of PreparedRecord(*fields)

    def _key_persons(self, payload: dict[str, Any]) -> None:
        """Persons instead of the identifiers of an event."""
        given_identifiers = payload.pop("identifiers")
        keyed = self._persons.keyed(given_identifiers, payload.get("source"))
        if payload.get("persons") is None:
            if keyed or given_identifiers == []:  # where nobody is known, it is the event without identifiers
                payload["persons"] = keyed
        elif isinstance(payload["persons"], list | tuple):  # else the check refuses it
            payload["persons"] = [*payload["persons"], *keyed]

    def forget_links(self) -> None:
        """Some that were made may not have arrived: they are made again for whoever is seen next."""
        self._persons.rotation.unlink()

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
            payload = self._guarding.clean_refused(payload)
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


def _not_json() -> EventRejected:
    return EventRejected(Rejection(Reason.NOT_JSON, ""), "a field holds what JSON cannot write")


def _encode_checked(payload: dict[str, Any], is_plain: bool, has_unchecked_fields: bool) -> bytes:
    if is_plain:
        return _encode_plain(payload)
    return _encode(payload, has_unchecked_fields=has_unchecked_fields or _holds_foreign_types(payload))


def _encode_plain(payload: dict[str, Any]) -> bytes:
    """The same bytes as `_encode` where all that stands there is known and checked, and no number is a float: orjson, which is used
    where it is installed and takes a quarter of the time, would write NaN as null."""
    try:
        return _plain_json(payload)
    except (TypeError, PydanticSerializationError):  # what pydantic takes for text or a number, and orjson does not
        return _encode(payload, has_unchecked_fields=_holds_foreign_types(payload))


def _encode(payload: dict[str, Any], *, has_unchecked_fields: bool) -> bytes:
    try:
        if not has_unchecked_fields:
            value = to_json(payload)
            # NaN and Infinity, in an unknown field of an order, say; looking for a letter first takes a tenth of the time.
            if not (_N in value or _I in value) or not (b"NaN" in value or b"Infinity" in value):
                return value
        # Unknown fields are kept, so nobody has checked that they are JSON: Python's encoder refuses NaN and objects.
        _write_moments(payload)
        return json.dumps(payload, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()
    except (ValueError, TypeError, RecursionError, PydanticSerializationError):
        raise _not_json() from None


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
