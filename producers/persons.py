"""Persons of an event: the identifiers that a sender knows become person keys, and raw values stay with the sender."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from touchline.errors import WrongUsage
from touchline.producers.errors import EventRejected
from touchline.producers.rotation import RotationLinks
from touchline.schemas.identifiers import IdentifierRejected, NobodyNamed, PersonKeys, order_of
from touchline.schemas.markers import Markers
from touchline.schemas.nobody import is_nobody
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import Rejection, shape_of
from touchline.schemas.sources import Sources

_PERSONS_KEPT: Final = 50_000
"""About 20 MB at most; a full table starts anew."""
_PAIR_FIELDS: Final = frozenset(("type", "value"))
_EMPTY: Final[tuple[Any, ...]] = ([], {})
"""What some languages make of an absent value."""


class _Readings(NamedTuple):
    """How a source reads identifiers in its own way."""

    markers: Markers | None
    country: str | None


_Known = dict[tuple[str, str], dict[str, str]]
_COMMON: Final = _Readings(None, None)


class PersonMaker:
    """Makes persons of identifiers; threads may share one. `person_keys` is needed only where there are identifiers. The sources say which
    texts stand for nobody there, and in which country their telephone numbers are."""

    def __init__(self, person_keys: PersonKeys | None, sources: Sources | None) -> None:
        self._person_keys = person_keys
        self.rotation = RotationLinks(person_keys)
        self._readings = {
            name: _Readings(one.markers if one.nobody else None, one.country)
            for name, one in (sources or {}).items()
            if one.nobody or one.country
        }
        self._persons: _Known = {}
        self._phones: dict[str, _Known] = {one.country: {} for one in self._readings.values() if one.country}

    def keyed(self, identifiers: Any, source: object) -> list[dict[str, str]]:
        """Persons (type and key), strongest first; who is nobody is left out, also by the source's own texts. Raises EventRejected."""
        if identifiers is None:
            return []
        markers, country = (
            self._readings.get(source, _COMMON) if self._readings and isinstance(source, str) else _COMMON
        )
        if not isinstance(identifiers, list | tuple):
            raise _wrong_identifiers(identifiers)
        if markers is None and (persons := self._met(identifiers, country)) is not None:
            return persons
        pairs = _pairs(identifiers)
        if markers is not None:
            pairs = [pair for pair in pairs if not markers.name_nobody(*pair, country)]
        if len(pairs) > 1:
            pairs.sort(key=lambda pair: order_of(pair[0]))
        if country is None:
            known = self._persons
            found = [known.get(pair) or self._person(*pair, None, known) for pair in pairs]
        else:
            found = [self._person_of(*pair, country) for pair in pairs]
        return [person for person in found if person is not None]

    def _met(self, identifiers: Sequence[Any], country: str | None) -> list[dict[str, str]] | None:
        """The persons where all of them were here before, as most were; None where one needs a closer look."""
        known = self._persons
        try:
            persons = [known[(one["type"], one["value"]) if type(one) is dict else one] for one in identifiers]
        except (KeyError, TypeError):  # a value that is no text may have no hash
            return None
        if country is not None and any(person["type"] == "phone" for person in persons):
            return None
        if len(persons) > 1:
            persons.sort(key=_rank_of)
        return persons

    def keyed_or_marked(self, identifiers: Any, source: object) -> list[dict[str, str]]:
        """Person keys; an identifier that none can be made of becomes a key that no reader takes, never its value."""
        persons = []
        for one in identifiers if isinstance(identifiers, list | tuple) else ():
            try:
                persons += self.keyed([one], source)
            except EventRejected:
                persons.append({"type": "refused", "key": ""})
        return persons

    def _forget(self, known: _Known) -> None:
        """Of a full table; while keys are rotated of all of them, since whom a table knows is linked already."""
        tables = (self._persons, *self._phones.values()) if self.rotation.is_needed else (known,)
        for table in tables:
            table.clear()
        self.rotation.forget()

    def _person_of(self, kind: str, value: str, country: str) -> dict[str, str] | None:
        """The person of a source with a country, by which its telephone numbers alone are read."""
        if kind != "phone":
            return self._persons.get((kind, value)) or self._person(kind, value, None, self._persons)
        known = self._phones[country]
        return known.get((kind, value)) or self._person(kind, value, country, known)

    def _person(self, kind: str, value: str, country: str | None, known: _Known) -> dict[str, str] | None:
        """Type and key, None for nobody; kept, since a person mostly comes back, and a key costs as much as all checks of an event."""
        if self._person_keys is None:
            raise WrongUsage(
                "the event has identifiers, but there is no person key to make person keys with",
                "give the producer person_keys=PersonKeys.from_file(...); touchline up makes the file that the settings name",
            )
        try:
            person = {"type": kind, "key": self._person_keys.key(kind, value, country)}
        except NobodyNamed:
            return None
        except IdentifierRejected as error:
            raise EventRejected(Rejection(Reason.WRONG_TYPE, "identifiers"), error.what, error.hint) from None
        except UnicodeEncodeError:
            raise EventRejected(Rejection(Reason.NOT_UTF8, "identifiers")) from None
        if len(known) >= _PERSONS_KEPT:
            self._forget(known)
        if self.rotation.is_needed:
            self.rotation.learn(person["key"], kind, value, country)
        known[kind, value] = person
        return person


def _rank_of(person: dict[str, str]) -> tuple[int, str]:
    return order_of(person["type"])


def _pairs(identifiers: Sequence[Any]) -> list[tuple[str, str]]:
    """Type and value of `[{"type": ..., "value": ...}]` or `[(type, value)]`, without those that have no value."""
    pairs = []
    for identifier in identifiers:
        if isinstance(identifier, dict):
            kind, value = identifier.get("type"), identifier.get("value")
            if value is None and not identifier.keys() <= _PAIR_FIELDS:  # the value stands under another name
                raise _wrong_identifiers(identifier)
        elif isinstance(identifier, tuple | list) and len(identifier) == 2:
            kind, value = identifier
        elif identifier is None:
            continue
        else:
            raise _wrong_identifiers(identifier)
        if value is None or value in _EMPTY or (isinstance(value, bool | int | float) and is_nobody(str(value))):
            continue
        if not isinstance(kind, str) or not isinstance(value, str):
            raise _wrong_identifiers(value)
        pairs.append((kind, value))
    return pairs


def _wrong_identifiers(given: object) -> EventRejected:
    return EventRejected(
        Rejection(Reason.WRONG_TYPE, "identifiers"),
        shape_of(given),
        'write identifiers as [{"type": "mail", "value": "..."}]',
    )
