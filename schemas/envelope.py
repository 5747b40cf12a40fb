"""What every event carries, whatever its kind.

Identity is (source, id). Two records with the same (source, id):

* same payload hash: the later one is a duplicate;
* another payload: a *revision*. The highest `revision` counts, whatever came first; the losers are superseded. A till
  correction is a revision. With equal revisions the more complete answer counts (versions.py); of other events the
  smallest payload hash, and the other is a conflict.

Unknown fields are kept and counted, never a reason for quarantine; within a version fields are only added. Values are
taken as they are (strict): the string "5" is not the number 5.

Why: docs/decisions/0020.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from touchline.schemas.identifiers import PersonRef
from touchline.schemas.times import TIMESTAMP_PATTERN

Name = Annotated[str, Field(max_length=256)]
RequiredName = Annotated[str, Field(min_length=1, max_length=256)]
# The pattern goes to the JSON Schema only: the text is read once, by times.parse_time, which also needs the zone.
Timestamp = Annotated[str, Field(max_length=40, json_schema_extra={"pattern": TIMESTAMP_PATTERN})]
Property = Annotated[str | int | Annotated[float, Field(allow_inf_nan=False)] | bool, Field(union_mode="left_to_right")]


class Contract(BaseModel):
    """Base of all wire models: strict, unchangeable once read, unknown fields kept in `model_extra`."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)


class ConsentGrant(Contract):
    """The consent under which an event was recorded; a new grant has a new id."""

    id: RequiredName
    purposes: list[RequiredName] = Field(default_factory=list, max_length=64)


class Envelope(Contract):
    """Fields common to all events.

    `time` is when it happened: RFC 3339, an offset is required unless the source declares a zone. `received_at` is set
    once, by the sender's side, and does not count for the payload hash. `zone` is the IANA zone of the place.
    `persons` are keys, never raw identifiers; none is valid (a poster, an anonymous answer).
    """

    id: RequiredName = Field(description="Unique within the source; from a natural key where there is one")
    source: RequiredName = Field(description="Declared in sources.yaml")
    time: Timestamp = Field(description="When it happened, RFC 3339")
    received_at: Timestamp | None = Field(default=None, description="Set once by the sender's side; not hashed")
    revision: int = Field(default=0, ge=0, lt=2**32, description="Of one (source, id) the highest counts")
    persons: list[PersonRef] = Field(default_factory=list, max_length=32, description="Keyed identifiers, first = key")
    simulated: bool = Field(default=False, description="Simulated event; the mark goes through to every view")
    consent: ConsentGrant | None = None
    place: Name | None = Field(default=None, description="Store, branch, call centre ...")
    zone: Name | None = Field(default=None, description="IANA zone of the place; decides the local date")
    brand: Name | None = None
    campaign: Name | None = None
    persona: Name | None = Field(default=None, description="Persona as of the event")
    segment: Name | None = Field(default=None, description="Segment as of the event")
    properties: dict[str, Property] = Field(default_factory=dict, description="Flat facts that map rules may use")
