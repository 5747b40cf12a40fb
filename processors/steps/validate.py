"""Third step: JSON objects to facts. What breaks the contract is rejected, what may not be kept is suppressed; both with a reason."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError

from touchline.processors.steps.cipher import Cipher
from touchline.processors.steps.decode import Decoded
from touchline.processors.steps.facts import TOO_DEEP, fact_of, is_unlink, linked_identifiers
from touchline.processors.steps.properties import UnknownFields
from touchline.processors.values.records import Fact, Invalid, KafkaRecord, RecordOutcome, Suppressed
from touchline.schemas.checking import check_event
from touchline.schemas.depth import is_too_deep
from touchline.schemas.nulls import drop_nulls
from touchline.schemas.permission import lacks_consent
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import Rejection, rejection_of
from touchline.schemas.sources import SOURCE_ID_PATTERN, Sources

NO_CONSENT = "no_consent"
_UNKNOWN_SOURCE = Rejection(Reason.UNKNOWN_SOURCE, "source")
_NOT_UTF8 = Rejection(Reason.NOT_UTF8, "")
_is_source_id = re.compile(SOURCE_ID_PATTERN).fullmatch
_ID_LENGTH_MAX = 256
_US_PER_MS = 1_000


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
        self._sources = {name: (one, one.needs_consent, one.terms) for name, one in sources.items()}
        self._company_zone = company_zone
        self._cipher = cipher

    def validate(self, records: Sequence[KafkaRecord], decoded: Sequence[Decoded], into: Validated) -> None:
        """Append one outcome per record, in order."""
        outcomes, links, unknown_fields = into
        sources, zone, cipher = self._sources, self._company_zone, self._cipher
        for record, value in zip(records, decoded, strict=True):
            if type(value) is Invalid:
                outcomes.append(value)
                continue
            assert type(value) is dict
            try:
                event = check_event(value)
            except ValidationError as error:
                repaired = _checked_without_nulls(value, error)
                if type(repaired) is Rejection:
                    outcomes.append(_invalid(repaired, value, record))
                    continue
                assert type(repaired) is dict
                event = repaired
            declared = sources.get(event["source"])
            if declared is None:
                outcomes.append(_invalid(_UNKNOWN_SOURCE, value, record))
                continue
            source, needs_consent, terms = declared
            if needs_consent and lacks_consent(event, source):
                outcomes.append(Suppressed(NO_CONSENT, event["source"]))
                continue
            try:
                fact = fact_of(event, value, terms, record.timestamp * _US_PER_MS, zone, cipher, unknown_fields)
            except ValueError:
                fact = _NOT_UTF8
            if type(fact) is Rejection:
                outcomes.append(_invalid(fact, value, record))
                continue
            assert type(fact) is Fact
            outcomes.append(fact)
            if len(event["persons"]) > 1:
                kind = "unlink" if is_unlink(event) else "link"
                links.extend(StatedLink(record.offset, kind, fact, *one) for one in linked_identifiers(event, fact))


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


def _invalid(rejection: Rejection, value: dict[str, Any], record: KafkaRecord) -> Invalid:
    """With source and id where they have the form of one: anything else may hold whatever broke, personal values included."""
    source = value.get("source")
    event_id = value.get("id")
    return Invalid(
        rejection.reason,
        rejection.field,
        source if isinstance(source, str) and _is_source_id(source) else "",
        record.value or b"",
        event_id if isinstance(event_id, str) and len(event_id) <= _ID_LENGTH_MAX else "",
    )
