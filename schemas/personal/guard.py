"""Keeps personal values out of an event: IP addresses are cut, fields that sources.yaml names personal are left out, and what looks
personal in comments, properties and fields of the sender's own is masked. One guard for all ways in, and for the worker.

What the contract names is not searched (an order's number, a place): a number there is the business's own. Mail addresses alone are
looked for in these, too: `in_names`.

Why: docs/decisions/0188.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final, NamedTuple

from touchline.schemas.addresses import cut_addresses
from touchline.schemas.checking import FIELD_NAMES, NESTED_FIELD_NAMES, PERSON_FIELD_NAMES
from touchline.schemas.identifiers import is_person_key
from touchline.schemas.personal import mails
from touchline.schemas.personal.find import LEAST_LENGTH, LEAST_NUMBER, glance, is_bare, mask, mask_number, may_hold
from touchline.schemas.personal.kinds import NAMED, Kind
from touchline.schemas.personal.names import Says, folded, said_by
from touchline.schemas.personal.policy import Rules

_NAMES_KEPT: Final = 4_096
_VALUES_KEPT: Final = 4_096
"""Of properties that hold nothing personal; a full table starts anew."""
_NAME_SHOWN: Final = re.compile(r"[^\W\d](?:[\w.-]{0,39}[^\W_])?")
_DIGITS_SHOWN: Final = 5
_FREE_NAMES: Final = (
    "place", "brand", "campaign", "persona", "segment", "action", "channel", "variant", "language", "owner", "expected_kpi", "rule_version",
    "cause",
)  # fmt: skip
"""Names that an event may do without, so a mail address in them is masked."""
_NEEDED_NAMES: Final = (
    "source",
    "id",
    "touchpoint",
    "survey",
    "question",
    "kpi",
    "consent_id",
    "initiative",
    "case",
    "rule",
)
_NEEDED_WITHIN: Final = (("order", "id"), ("about", "touchpoint"), ("about", "event_id"), ("consent", "id"))
_REFUSED: Final = {"type": "refused", "key": ""}
_CONTRACT: Final = frozenset().union(*FIELD_NAMES.values())


class Finding(NamedTuple):
    """So many values of one kind stood in one field. Never a value; the name of a property only where it looks like a name."""

    field: str
    kind: str
    values: int

    def __str__(self) -> str:
        times = "" if self.values == 1 else f" ({self.values})"
        return f"{self.kind} in {self.field}{times}"


class Cleaned(NamedTuple):
    """An event without personal values, and what was taken out of it (nothing, where addresses were cut only)."""

    event: dict[str, Any]
    findings: tuple[Finding, ...]


_Counts = Counter[tuple[str, str]]


class Guard:
    """The guard of one source. Threads may share one."""

    def __init__(self, rules: Rules) -> None:
        self.refuses = rules.refuses
        self._rules = rules
        self._kinds_of = dict(rules.kinds_of)
        self.has_personal_fields = not rules.personal.isdisjoint(map(folded, _CONTRACT))
        """Whether a field of the contract is declared personal; else an event without properties and comment needs no look."""
        self._plain_names: set[object] = set()
        self._plain_values: set[object] = set()

    def clean(self, event: dict[str, Any], *, is_open: bool) -> Cleaned | None:
        """The event without personal values; None where it has none. The given event stays as it is.

        It keeps the contract. `is_open`: it may have fields that the contract does not name, or properties for addresses. Raises
        RecursionError of a field that holds itself.
        """
        properties = event.get("properties")
        comment = event.get("comment")
        if (
            not is_open
            and not self.has_personal_fields
            and (not properties or self._is_plain(properties))
            and (comment is None or glance(comment) is None or not may_hold(comment))
        ):
            return None
        return self._searched(event, is_open)

    def _is_plain(self, properties: dict[str, Any]) -> bool:
        """Whether nothing in the properties is worth a closer look: most events end here. Values come again, so most are known."""
        if not properties.keys() <= self._plain_names and not self._are_plain(properties):
            return False
        known = self._plain_values
        try:
            if known.issuperset(properties.values()):
                return True
        except TypeError:  # a value that is no value of the contract, and cannot be hashed
            return False
        looked_at = False
        for name, value in properties.items():
            kind = type(value)
            if kind is str:
                is_suspect = len(value) >= LEAST_LENGTH and glance(value) is not None and may_hold(value)
            elif kind is int or kind is float:
                is_suspect = value >= LEAST_NUMBER
            else:  # a truth value; or a text of a class of its own, a Decimal
                is_suspect = kind is not bool
            if is_suspect:
                looked_at = True
                is_number = said_by(name) is Says.NUMBERS and (kind is not str or is_bare(value))
                if not is_number and self._value(name, value, "properties", Counter()) is not value:
                    return False
        if not looked_at:  # whatever its field's name says
            if len(known) >= _VALUES_KEPT:
                known.clear()
            known.update(properties.values())
        return True

    def _are_plain(self, names: dict[str, Any]) -> bool:
        for name in names:
            if self._is_personal(name, "properties") or may_hold(str(name)):
                return False
        if len(self._plain_names) < _NAMES_KEPT:
            self._plain_names.update(names)
        return True

    def _searched(self, event: dict[str, Any], is_open: bool) -> Cleaned | None:
        counts: _Counts = Counter()
        cleaned = dict(event)
        is_cut = is_open and cut_addresses(cleaned)
        for name in [name for name in cleaned if self._is_personal(name, "")]:
            if cleaned.pop(name) not in (None, ""):
                counts[_shown("", name), NAMED] += 1
        if cleaned.get("properties"):
            cleaned["properties"] = self._object(cleaned["properties"], "properties", counts)
        if isinstance(cleaned.get("comment"), str):  # of an event that has none, the field may hold anything
            cleaned["comment"] = self._text("comment", cleaned["comment"], "comment", counts)
        if is_open:
            self._search_unknown(cleaned, counts)
        return Cleaned(cleaned, _findings(counts)) if counts or is_cut else None

    def _search_unknown(self, event: dict[str, Any], counts: _Counts) -> None:
        """All that the contract does not name: fields of the event, of its objects, beside its person keys."""
        known = FIELD_NAMES[event["type"]]
        for name in [name for name in event if name not in known]:
            value = event.pop(name)
            event[self._name(name, "", counts)] = self._value(name, value, _shown("", name), counts)
        for name, inner in NESTED_FIELD_NAMES[event["type"]]:
            if event.get(name) and not event[name].keys() <= inner:
                event[name] = self._object(event[name], name, counts, inner)
        persons = event.get("persons") or ()
        if any(len(person) > len(PERSON_FIELD_NAMES) for person in persons):
            event["persons"] = [self._object(person, "persons[]", counts, PERSON_FIELD_NAMES) for person in persons]

    def in_names(self, event: dict[str, Any]) -> Cleaned | None:
        """The same of mail addresses in the names that a checked event gives (its place, its order). Asked of events with an `@` only.

        What an event cannot do without stays: `must_refuse` says which findings these are.
        """
        counts: _Counts = Counter()
        cleaned = dict(event)
        for name in _FREE_NAMES:
            text = event.get(name)
            if isinstance(text, str) and "@" in text:
                cleaned[name] = self._text(name, text, name, counts)
        for path, text in _needed_names(event):
            if "mail" in self._kinds(path, path) and mails.spans(text):
                counts[path, "mail"] += 1
        return Cleaned(cleaned, _findings(counts)) if counts else None

    def finds(self, name: str, text: str) -> bool:
        """Whether something personal stands in the text of a field; then it can be told nowhere."""
        return may_hold(text) and bool(mask(text, self._kinds(name, name), self._rules.country, said_by(name)).counts)

    def clean_refused(self, event: dict[str, Any]) -> dict[str, Any]:
        """An event that breaks the contract, for the quarantine: everything in it is searched, and what stands where a person key should
        be and is none goes. Raises RecursionError of a field that holds itself."""
        counts: _Counts = Counter()
        cleaned = dict(event)
        cut_addresses(cleaned)
        if "persons" in cleaned:
            cleaned["persons"] = _with_keys_only(cleaned["persons"])
        return self._object(cleaned, "", counts)

    def _object(
        self, value: dict[str, Any], path: str, counts: _Counts, known: frozenset[str] = frozenset()
    ) -> dict[str, Any]:
        cleaned: dict[str, Any] = {}
        for name, member in value.items():
            if name in known:
                cleaned[name] = member
            elif self._is_personal(name, path):
                counts[_shown(path, name), NAMED] += 1
            else:
                cleaned[self._name(name, path, counts)] = self._value(name, member, _shown(path, name), counts)
        return cleaned

    def _value(self, name: str, value: Any, path: str, counts: _Counts) -> Any:
        if isinstance(value, str | Decimal):
            text = str.__str__(value) if isinstance(value, str) else str(value)
            if len(text) < LEAST_LENGTH or not may_hold(text):
                return value
            masked = self._text(name, text, path, counts)
            return value if masked == text else masked
        if isinstance(value, int | float):
            return self._number(name, value, path, counts)
        if isinstance(value, dict):
            return self._object(value, path, counts)
        if isinstance(value, list | tuple):
            return [self._value(name, member, path, counts) for member in value]
        return value

    def _text(self, name: str, text: str, path: str, counts: _Counts) -> str:
        masked, found = mask(
            text, self._kinds(name, path), self._rules.country, said_by(name), is_comment=name == "comment"
        )
        for kind, count in found.items():
            counts[path, kind] += count
        return masked

    def _number(self, name: str, value: int | float, path: str, counts: _Counts) -> Any:
        if value < LEAST_NUMBER:
            return value
        masked = mask_number(value, self._kinds(name, path), said_by(name))
        if masked is None:
            return value
        counts[path, masked[1:-1]] += 1
        return masked

    def _name(self, name: str, path: str, counts: _Counts) -> str:
        """The name of a field: a sender may have put a value there."""
        if name in self._plain_names or not may_hold(str(name)):
            return name
        masked, found = mask(str(name), self._rules.kinds, self._rules.country)
        for kind, count in found.items():
            counts[_shown(path, ""), kind] += count
        return masked

    def _is_personal(self, name: str, path: str) -> bool:
        """Whether a field is declared personal, by its name or with the object that it stands in (`user.name`)."""
        personal = self._rules.personal
        return bool(personal) and (folded(name) in personal or folded(path + str(name)) in personal)

    def _kinds(self, name: str, path: str) -> frozenset[Kind]:
        """What is looked for in a field, by its name or its path."""
        if not self._kinds_of:
            return self._rules.kinds
        return self._kinds_of.get(folded(name), self._kinds_of.get(folded(path), self._rules.kinds))


def field_of(finding: Finding) -> str:
    """The field of the contract in which a value was found, for a rejection; empty for one of the sender's own."""
    name = finding.field.partition(".")[0]
    return name if name in _CONTRACT else ""


def must_refuse(findings: tuple[Finding, ...]) -> Finding | None:
    """The first finding in a field that the event cannot do without."""
    needed = {*_NEEDED_NAMES, *map(".".join, _NEEDED_WITHIN)}
    return next((one for one in findings if one.field in needed), None)


def _needed_names(event: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name in _NEEDED_NAMES:
        text = event.get(name)
        if isinstance(text, str) and "@" in text:
            yield name, text
    for outer, inner in _NEEDED_WITHIN:
        part = event.get(outer)
        text = part.get(inner) if isinstance(part, dict) else None
        if isinstance(text, str) and "@" in text:
            yield f"{outer}.{inner}", text


def _with_keys_only(persons: Any) -> Any:
    """Persons that are none become a key that no reader takes: it may be the raw identifier."""
    if not isinstance(persons, list | tuple):
        return persons if persons is None else [_REFUSED]
    return [one if isinstance(one, dict) and is_person_key(one.get("key")) else _REFUSED for one in persons]


def _shown(path: str, name: str) -> str:
    """The path of a field as it may be told: names that look like names only, and two levels of them."""
    if "." in path:
        return path
    text = str(name)
    is_plain = _NAME_SHOWN.fullmatch(text) is not None and sum(map(str.isdigit, text)) <= _DIGITS_SHOWN
    if not is_plain:
        return path or "a field of the sender's own"
    return f"{path}.{text}" if path else text


def _findings(counts: _Counts) -> tuple[Finding, ...]:
    return tuple(Finding(field, kind, count) for (field, kind), count in sorted(counts.items()))
