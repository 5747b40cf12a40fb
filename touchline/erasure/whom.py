"""Who is meant: a person named in one word becomes all identifiers that are that person, by the rules of `touchline person`.

What several persons share is not erased as a whole. Of a device that is one person's for a time, that time is meant. A household is
nobody's alone, nor is a hub: their links with the person go, they stay.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from clickhouse_driver import Client

from touchline.erasure.values import BEFORE_ALL_US, Subject, Target, whole_of
from touchline.errors import WrongUsage
from touchline.person.ask import ask_of_keys
from touchline.person.belongings import read_belongings
from touchline.person.known import known_keys
from touchline.person.values import Belonging, SharedDevice
from touchline.schemas.events import CONSENT
from touchline.schemas.identifiers import MERGE_NOBODY
from touchline.wording import counted

_FAULTS_TOLD: Final = 20
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Named(NamedTuple):
    """A person as it was named: person keys, or beginnings of such, the likeliest first; the type and value of a raw identifier, empty
    where a key was given; and the line of the file in which it stands, 0 where there is none."""

    keys: Sequence[str]
    identifier_type: str = ""
    raw: str = ""
    line: int = 0


def with_whole_keys(client: Client, names: Sequence[Named]) -> list[Named]:
    """The same with the whole keys of beginnings that an event names. Raises WrongUsage where several keys begin so."""
    return _whole(names, known_keys(client, [key for named in names for key in named.keys]))


def subjects_of(client: Client, names: Sequence[Named], until_us: int) -> list[Subject]:
    """All of the persons up to that time, each under every key by which it was named; several names of one person make one. Left out is who
    was named by a key that no event names.

    Raises WrongUsage where a name is not one person: several keys begin so, a shared device, a household, a hub.
    """
    found = known_keys(client, [key for named in names for key in named.keys])
    known_at_all = {key for keys in found.values() for key in keys}
    names = _whole(names, found)
    known = [_known_of(named, known_at_all) for named in names]
    belongings = read_belongings(client, [key for keys in known for key in keys])
    faults = Faults()
    subjects = []
    for named, keys in zip(names, known, strict=True):
        if not keys and not named.raw:
            continue
        with faults.of(named):
            persons = [belongings[key] for key in keys if key in belongings]
            # Keys of before a rotation, too: a sender may still make them.
            bare = {*keys, *(named.keys if named.raw else ())}
            subjects.append(united([(one, targets_of(one, until_us)) for one in persons], bare, named, until_us))
    faults.raise_any()
    return one_each(subjects)


def _whole(names: Sequence[Named], found: Mapping[str, Sequence[str]]) -> list[Named]:
    faults = Faults()
    for named in names:
        with faults.of(named):
            if any(len(found[key]) > 1 for key in named.keys):
                raise WrongUsage("several person keys begin so", "give more digits of the one that is meant")
    faults.raise_any()
    return [
        named._replace(keys=list(dict.fromkeys(whole for key in named.keys for whole in found[key] or [key])))
        for named in names
    ]


def _known_of(named: Named, known_at_all: Collection[str]) -> list[str]:
    """The keys that an event names; of a name that is itself a key the likeliest alone."""
    known = [key for key in named.keys if key in known_at_all]
    return known if named.raw else known[:1]


class Faults:
    """Gathers what is wrong with names, so that a long file is mended in one go. A line is told by its number, never by what stands there:
    it may be somebody's."""

    def __init__(self) -> None:
        self._found: list[tuple[int, WrongUsage]] = []

    @contextmanager
    def of(self, named: Named) -> Iterator[None]:
        """Keep what is wrong with this one."""
        try:
            yield
        except WrongUsage as error:
            self.add(named.line, error)

    def add(self, line: int, error: WrongUsage) -> None:
        """Something is wrong in that line; 0 where there is no file."""
        self._found.append((line, error))

    def raise_any(self) -> None:
        """Raises WrongUsage with all of it, the first some in full."""
        if not self._found:
            return
        told = [f"line {line}: {error.what}" if line else error.what for line, error in self._found[:_FAULTS_TOLD]]
        rest = len(self._found) - len(told)
        hints = dict.fromkeys(error.hint for _, error in self._found)
        raise WrongUsage("\n".join([*told, f"and {counted(rest, 'more line')}"] if rest else told), "; ".join(hints))


def withdrawn(client: Client, subjects: Sequence[Subject]) -> list[Subject]:
    """Those of whom a consent was ever withdrawn under one of the identifiers."""
    keys = {key for one in subjects for key in one.identifiers}
    found = {key for (key,) in ask_of_keys(client, _WITHDRAWALS, sorted(keys))}
    return [one for one in subjects if not found.isdisjoint(one.identifiers)]


def united(
    persons: Iterable[tuple[Belonging, Sequence[Target]]], bare: Iterable[str], named: Named, until_us: int
) -> Subject:
    """One subject of what was found under several keys; `bare` are keys that need not stand in any event."""
    targets: dict[tuple[str, int], Target] = {}
    left: dict[str, None] = {}
    is_on_its_way = False
    for person, own in persons:
        targets |= {(one.identifier, one.after_us): one for one in own}
        left |= dict.fromkeys(left_of(person, {one.identifier for one in own}))
        is_on_its_way |= person.is_on_its_way
    known = {identifier for identifier, _ in targets}
    for key in sorted(bare):
        if key not in known:
            targets[key, BEFORE_ALL_US] = Target(key, named.identifier_type, BEFORE_ALL_US, until_us)
    return Subject(sorted(targets.values()), (named.raw,) if named.raw else (), list(left), is_on_its_way)


def one_each(subjects: Sequence[Subject]) -> list[Subject]:
    """Where several names led to one person, they are one: subjects that share an identifier of which all is meant, in the order of the
    last name of each. (Union-find.)"""
    parents = list(range(len(subjects)))

    def root(place: int) -> int:
        while (parent := parents[place]) != place:
            parents[place] = parents[parent]
            place = parent
        return place

    first: dict[str, int] = {}
    for place, subject in enumerate(subjects):
        for identifier in whole_of(subject.targets):
            parents[root(place)] = root(first.setdefault(identifier, place))
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for place in range(len(subjects)):
        groups[root(place)].append(place)
    return [_together([subjects[place] for place in some]) for some in sorted(groups.values(), key=lambda one: one[-1])]


def _together(same: Sequence[Subject]) -> Subject:
    if len(same) == 1:
        return same[0]
    targets = sorted({target for one in same for target in one.targets})
    raw = dict.fromkeys(value for one in same for value in one.raw)
    left = dict.fromkeys(kind for one in same for kind in one.left)
    return Subject(targets, tuple(raw), list(left), any(one.is_on_its_way for one in same))


def targets_of(person: Belonging, until_us: int) -> list[Target]:
    """The identifiers that are this person's alone, and the times in which shared devices are the person's; by what the links say."""
    asked = next(one for one in person.identifiers if one.identifier == person.asked)
    if asked.belongs_to is None or len(person.persons) > 1:
        raise WrongUsage(
            "that is a shared device, of several persons", "name one of them: `touchline person` lists them"
        )
    if asked.type in MERGE_NOBODY:
        raise WrongUsage(
            f"a {asked.type} is not a person, and not one person's alone",
            "name its members, each by an identifier of their own",
        )
    if any(one.identifier == person.asked for one in person.hubs):
        raise WrongUsage(
            "that identifier has too many neighbours to be one person's (a hub)",
            "name the person by another identifier",
        )
    key = asked.belongs_to
    whole = [
        Target(one.identifier, one.type, BEFORE_ALL_US, until_us) for one in person.identifiers if one.belongs_to == key
    ]
    return sorted([*whole, *(span for device in person.shared for span in _spans(device, key, until_us))])


def left_of(person: Belonging, own: set[str]) -> Iterator[str]:
    """Types of what is linked with the person and stays, since it is not theirs alone."""
    hubs = {one.identifier for one in person.hubs}
    for one in person.evidence:
        for key, kind in ((one.identifier, one.identifier_type), (one.linked_identifier, one.linked_identifier_type)):
            if key and key not in own and (kind in MERGE_NOBODY or key in hubs):
                yield f"{kind or 'identifier'}{' (a hub)' if key in hubs else ''}"


def _spans(device: SharedDevice, key: str, until_us: int) -> Iterator[Target]:
    """The times in which the device belongs to the person; the first holding reaches back to the beginning."""
    starts = [_us(one.since) for one in device.holdings]
    for place, holding in enumerate(device.holdings):
        after_us = starts[place] - 1 if place else BEFORE_ALL_US
        ends_us = min(until_us, starts[place + 1] - 1) if place + 1 < len(starts) else until_us
        if holding.person == key and after_us < ends_us:
            yield Target(device.identifier, device.type, after_us, ends_us)


def _us(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


_WITHDRAWALS: Final = f"""
SELECT DISTINCT identifier FROM journey_raw.ledger
WHERE kind = 'received' AND identifier IN %(keys)s AND event_type = '{CONSENT}' AND action = 'withdrawn' AND fate = 'stored'"""
