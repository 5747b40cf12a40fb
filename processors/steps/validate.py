"""Third step: JSON objects to facts. What breaks the contract is rejected, what may not be kept is suppressed; both with a reason."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError

from touchline.processors.steps.cipher import Cipher
from touchline.processors.steps.consent import PurposesOf, purposes_in
from touchline.processors.steps.decode import Decoded, decode_one
from touchline.processors.steps.facts import TOO_DEEP, fact_of, is_unlink, linked_identifiers
from touchline.processors.steps.plain import Declared, PlainTouchpoint, fact_of_plain
from touchline.processors.steps.properties import UnknownFields
from touchline.processors.values.records import Fact, Invalid, KafkaRecord, RecordOutcome, Suppressed
from touchline.schemas.addresses import may_hold_addresses
from touchline.schemas.checking import FIELD_NAMES, CheckedEvent, check_event, refilled
from touchline.schemas.depth import is_too_deep
from touchline.schemas.nulls import drop_nulls
from touchline.schemas.permission import PROFILING, lacks_consent, may_link
from touchline.schemas.personal.guard import Guard, field_of, must_refuse
from touchline.schemas.personal.kinds import NAMED
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import Rejection, rejection_of
from touchline.schemas.retention import terms_of
from touchline.schemas.sources import SOURCE_ID_PATTERN, Source, Sources, Terms

NO_CONSENT = "no_consent"
_UNKNOWN_SOURCE = Rejection(Reason.UNKNOWN_SOURCE, "source")
_NOT_UTF8 = Rejection(Reason.NOT_UTF8, "")
_is_source_id = re.compile(SOURCE_ID_PATTERN).fullmatch
_ID_LENGTH_MAX = 256
_US_PER_MS = 1_000
_COMMON = Source(legal_basis="consent").guard
"""Of a record whose source is not known."""
_AT, _ESCAPE = b"@\\"  # as numbers: looking for one sign takes a tenth of the time that bytes take
_ESCAPED_AT = b"\\u0040"
"""Without either no mail address stands in a name that the contract has: one look at the bytes, instead of one at each field."""


class StatedLink(NamedTuple):
    """Two identifiers of one event that belong together (`kind` link) or do not (unlink)."""

    offset: int
    kind: str
    fact: Fact
    linked_identifier: str
    linked_identifier_type: str


class Validated(NamedTuple):
    """What a batch became so far: `outcomes[i]` of the i-th record."""

    outcomes: list[RecordOutcome]
    links: list[StatedLink]
    unknown_fields: UnknownFields


class Validator:
    """The contract with what is declared of the sources."""

    def __init__(self, sources: Sources, company_zone: str, cipher: Cipher) -> None:
        self._sources = {name: Declared(one, one.needs_consent, one.terms, one.guard) for name, one in sources.items()}
        self.purposes: PurposesOf = {
            name: purposes_in(",".join(one.purposes)) for name, one in sources.items() if one.needs_consent
        }
        """Of each source under consent."""
        self.terms = tuple(
            term for name, one in sorted(sources.items()) for term in terms_of(name, one.kept_days, one.when_expired)
        )
        """Of each source that ends its events after a term."""
        self._company_zone = company_zone
        self._cipher = cipher

    def validate(
        self, records: Sequence[KafkaRecord], decoded: Sequence[Decoded | PlainTouchpoint], into: Validated
    ) -> None:
        """Append one outcome per record, in order."""
        outcomes, links, unknown_fields = into
        sources, zone, cipher = self._sources, self._company_zone, self._cipher
        for record, value in zip(records, decoded, strict=True):
            if type(value) is PlainTouchpoint:
                plain = self._plain(value, record, links)
                if plain is not None:
                    outcomes.append(plain)
                    continue
                value = decode_one(record.value)
            if type(value) is Invalid:
                outcomes.append(value)
                continue
            assert type(value) is dict
            try:
                event = check_event(value)
            except ValidationError as error:
                repaired = _checked_without_nulls(value, error)
                if type(repaired) is Rejection:
                    outcomes.append(_invalid(repaired, value, record, self._guard_of(value)))
                    continue
                assert type(repaired) is dict
                event = repaired
            declared = sources.get(event["source"])
            if declared is None:
                outcomes.append(_invalid(_UNKNOWN_SOURCE, value, record, _COMMON))
                continue
            source, needs_consent, terms, guard = declared
            if needs_consent and lacks_consent(event, source):
                outcomes.append(Suppressed(NO_CONSENT, event["source"]))
                continue
            try:
                fact = fact_of(event, value, terms, record.timestamp * _US_PER_MS, zone, cipher, unknown_fields)
            except ValueError:
                fact = _NOT_UTF8
            if type(fact) is Rejection:
                outcomes.append(_invalid(fact, value, record, guard))
                continue
            assert type(fact) is Fact
            is_text = fact.properties or event.get("comment") or guard.has_personal_fields or _holds_at(record.value)
            if is_text:  # free text that is stored, or a name with a mail address in it
                fact = self._without_values(fact, event, value, terms, guard, record, unknown_fields.masked)
                if type(fact) is Rejection:
                    outcomes.append(_invalid(fact, value, record, guard))
                    continue
                assert type(fact) is Fact
            outcomes.append(fact)
            if len(event["persons"]) > 1 and may_link(event, source):
                kind = "unlink" if is_unlink(event) else "link"
                links.extend(StatedLink(record.offset, kind, fact, *one) for one in linked_identifiers(event, fact))

    def _plain(self, event: Any, record: KafkaRecord, links: list[StatedLink]) -> Fact | None:
        """The fact of a plain touchpoint, whose links are added; None where a closer look is needed."""
        declared = self._sources.get(event.source)
        if declared is None or _holds_at(record.value):
            return None
        fact = fact_of_plain(event, record.timestamp * _US_PER_MS, declared, self._company_zone)
        persons = event.persons
        if fact is None or not persons or len(persons) == 1:
            return fact
        if (
            not declared.needs_consent or PROFILING in event.consent.purposes
        ):  # a grant without purposes permits nothing
            others = {person.key: person.type for person in persons if person.key != fact.identifier}
            links.extend(StatedLink(record.offset, "link", fact, *one) for one in sorted(others.items()))
        return fact

    def _guard_of(self, value: dict[str, Any]) -> Guard:
        """That of the source which an event names that breaks the contract."""
        source = value.get("source")
        declared = self._sources.get(source) if isinstance(source, str) else None
        return _COMMON if declared is None else declared.guard

    def _without_values(
        self,
        fact: Fact,
        event: CheckedEvent,
        value: dict[str, Any],
        terms: Terms,
        guard: Guard,
        record: KafkaRecord,
        counts: Counter[str],
    ) -> Fact | Rejection:
        """The fact without personal values, which a sender of our own would not have sent, or the rejection where its source refuses them.

        The payload hash stays that of the event as sent.
        """
        is_open = len(event) > len(FIELD_NAMES[event["type"]]) or may_hold_addresses(event)
        kept, findings = guard.clean(event, is_open=is_open) or (event, ())
        if _holds_at(record.value) and (named := guard.in_names(kept)) is not None:
            if (needed := must_refuse(named.findings)) is not None:
                return Rejection(Reason.PERSONAL_VALUE, field_of(needed))
            kept, findings = named.event, findings + named.findings
        if kept is event:
            return fact
        if guard.refuses and (found := next((one for one in findings if one.kind != NAMED), None)) is not None:
            return Rejection(Reason.PERSONAL_VALUE, field_of(found))
        for finding in findings:
            counts[finding.kind] += finding.values
        time_us, zone = record.timestamp * _US_PER_MS, self._company_zone
        again = fact_of(refilled(kept), value, terms, time_us, zone, self._cipher, UnknownFields())
        assert type(again) is Fact
        return again._replace(payload_hash=fact.payload_hash)


def _checked_without_nulls(value: dict[str, Any], error: ValidationError) -> dict[str, Any] | Rejection:
    """The event without nulls, which count as absent in every way in; the payload hash then covers what is left."""
    if is_too_deep(value):
        return TOO_DEEP
    if not drop_nulls(value):
        return rejection_of(error)
    try:
        return check_event(value)
    except ValidationError as later:
        return rejection_of(later)


def _holds_at(value: bytes | None) -> bool:
    return value is not None and (_AT in value or (_ESCAPE in value and _ESCAPED_AT in value))


def _invalid(rejection: Rejection, value: dict[str, Any], record: KafkaRecord, guard: Guard) -> Invalid:
    """With source and id where they have the form of one and hold nothing personal: anything else may hold whatever broke."""
    source, event_id = _text(value, "source"), _text(value, "id")
    if _is_source_id(source) is None or guard.finds("source", source):
        source = ""
    if len(event_id) > _ID_LENGTH_MAX or guard.finds("id", event_id):
        event_id = ""
    return Invalid(rejection.reason, rejection.field, source, record.value or b"", event_id)


def _text(value: dict[str, Any], name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""
