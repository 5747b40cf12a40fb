"""What each record of a plan says, by the real contract: its fact, and which version of which event it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tests.support.identity_world.plan import Event, Key, Plan, in_order_of_types, place_of
from tests.support.identity_world.staging import Place
from touchline.processors.steps.cipher import Cipher
from touchline.processors.steps.decode import decode
from touchline.processors.steps.properties import UnknownFields
from touchline.processors.steps.validate import Validated, Validator
from touchline.processors.values.records import Fact, position_of
from touchline.schemas.sources import Source, Sources

CIPHER = Cipher("p1", bytes(32))

Id = tuple[tuple[int, str], str]
"""((place, name of the type), key): identifiers in their order, strongest type first."""


class Version(NamedTuple):
    """One version of one event, and where it was received first."""

    key: Key
    revision: int
    completeness: int
    payload_hash: int
    place: Place
    event: Event
    fact: Fact

    @property
    def identity(self) -> tuple[Key, int, int]:
        """Records that are equal in it are the same version."""
        return (self.key, self.revision, self.payload_hash)

    @property
    def rank(self) -> tuple[int, int, int]:
        """Of one event the version with the highest rank counts."""
        return (self.revision, self.completeness, -self.payload_hash)

    @property
    def ids(self) -> list[Id]:
        """Its identifiers, the one that it is sent under first."""
        return [id_of(person["type"], person["key"]) for person in in_order_of_types(self.event["persons"])]


def id_of(identifier_type: str, key: str) -> Id:
    """An identifier with its place in the order."""
    return (place_of(identifier_type), key)


def sources_of(plan: Plan) -> Sources:
    """What is declared of the one source."""
    return {"shop": Source(legal_basis="consent" if plan.is_under_consent else "contract")}


def said(plan: Plan) -> dict[Place, Version]:
    """By place what the record there says, duplicates included."""
    validator = Validator(sources_of(plan), "UTC", CIPHER)
    found: dict[Place, Version] = {}
    for partition, (records, events) in enumerate(zip(plan.log, plan.events, strict=True)):
        into = Validated([], [], UnknownFields())
        validator.validate(records, decode(records), into)
        for record, event, fact in zip(records, events, into.outcomes, strict=True):
            assert isinstance(fact, Fact), fact
            place = (partition, record.offset)
            found[place] = Version(
                (fact.source, fact.event_id), fact.revision, fact.completeness, fact.payload_hash, place, event, fact
            )
    return found


def first_positions(said: Mapping[Place, Version]) -> dict[int, int]:
    """By position of a record that of the first one of the same version."""
    first: dict[object, Place] = {}
    return {position_of(*place): position_of(*first.setdefault(said[place].identity, place)) for place in sorted(said)}
