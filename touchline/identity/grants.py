"""Which links count where somebody took back the consent to be linked: a pure function of what was said, in any order.

A link may rest on a grant. Such a link counts for nothing if at its time linking is withdrawn

- for its grant, by whom all links make one person with its ends, those included that count for nothing, or
- by whom it would make one person. Of two identifiers that name persons, or of two devices, these are the persons of both; of a person and
  a device the person, and whoever is on the device while nobody has logged in there. Who has it by an earlier login is somebody else.
  These persons are taken as the links of earlier times make them that count themselves.

Of each the newest statement decides that holds by then; at the same time the withdrawal wins. So links are judged one after another by
their times, and nothing is circular. A link of two keys of one identifier rests on nothing: who withdrew stays who they are.

Why: docs/decisions/0190.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from touchline.identity.links import Event, Identifier, Link, Pair, is_rotated, pair_of
from touchline.identity.persons import Persons

Moment = tuple[int, Pair]
"""(time in µs, pair): what is linked when."""


class Told(NamedTuple):
    """What an event of a person says of consent. `grant` is the id of the one that it names, `purposes` what it names beside. `rests`: what
    it says of who belongs together rests on that grant. A statement about consent is `granted` or `withdrawn` and holds from `from_us` on;
    of all other events the state is empty. On a shared device `time_us` tells who said it."""

    event: Event
    identifier: Identifier
    time_us: int
    grant: str
    purposes: Collection[str]
    rests: bool
    state: str = ""
    from_us: int = 0


def counting(
    links: Mapping[Pair, Sequence[int]],
    said: Iterable[Link],
    told: Collection[Told],
    persons: Persons,
    purpose: str,
    devices: Collection[str],
) -> dict[Pair, list[int]]:
    """Those of the links of whole components that count, with their times in order. `links` are as `Components.links` has them and
    `persons` as they make them; `said` tells by whom they were said (others are passed over), `told` all that was told of consent under
    identifiers of the components."""
    statements = _statements(told, purpose)
    first_us = min((one.from_us for one in statements if one.is_withdrawn), default=None)
    if first_us is None:
        return {pair: list(times_us) for pair, times_us in links.items()}
    grants = _grants(links, said, told)
    known = _Known(devices)
    found: defaultdict[Pair, list[int]] = defaultdict(list)
    at_that_time: defaultdict[int, list[Pair]] = defaultdict(list)
    for pair, times_us in links.items():
        for time_us in times_us:
            at_that_time[time_us].append(pair)
    for time_us in sorted(at_that_time):
        moments = [(time_us, pair) for pair in at_that_time[time_us]]
        permitted = [
            one[1]
            for one in moments
            if time_us < first_us or one not in grants or _is_permitted(one, grants[one], statements, persons, known)
        ]
        for pair in permitted:
            known.link(pair, time_us)
            found[pair].append(time_us)
    return dict(found)


class _Statement(NamedTuple):
    """A statement about linking."""

    from_us: int
    is_withdrawn: bool
    grant: str
    identifier: Identifier
    time_us: int


def _statements(told: Iterable[Told], purpose: str) -> list[_Statement]:
    """Those about the purpose. One without purposes is about all that its grant ever named."""
    named = {one.grant for one in told if one.state != "withdrawn" and purpose in one.purposes}
    return [
        _Statement(one.from_us, one.state == "withdrawn", one.grant, one.identifier, one.time_us)
        for one in told
        if one.state and (purpose in one.purposes if one.purposes else one.grant in named)
    ]


def _grants(
    links: Mapping[Pair, Sequence[int]], said: Iterable[Link], told: Iterable[Told]
) -> Mapping[Moment, Collection[str]]:
    """The grants on which the links rest; those are left out that rest on none, by one of the events that say them. An event of which
    nothing was told is about to go, or to come: its links do not count for sure."""
    free_events: set[tuple[Event, int]] = set()
    grants_of: defaultdict[tuple[Event, int], set[str]] = defaultdict(set)
    for one in told:
        if one.rests:
            grants_of[one.event, one.time_us].add(one.grant)
        else:
            free_events.add((one.event, one.time_us))
    resting: defaultdict[Moment, set[str]] = defaultdict(set)
    free: set[Moment] = set()
    for link in said:
        moment, event = (link.time_us, pair_of(link.one, link.other)), (link.event, link.time_us)
        if moment[1] in links and (event in free_events or is_rotated(*moment[1])):
            free.add(moment)
        elif moment[1] in links:
            resting[moment] |= grants_of.get(event, {""})
    return {moment: grants for moment, grants in resting.items() if moment not in free}


def _is_permitted(
    moment: Moment, grants: Collection[str], statements: Iterable[_Statement], persons: Persons, known: _Known
) -> bool:
    time_us, pair = moment
    held = [one for one in statements if one.from_us <= time_us]
    would_be_one = known.would_be_one(pair, time_us)
    if _is_withdrawn([one for one in held if known.person_at(one.identifier, one.time_us) in would_be_one]):
        return False
    by_all = {persons.person_at(end, time_us) for end in pair}
    theirs = [one for one in held if persons.person_at(one.identifier, one.time_us) in by_all]
    return any(not _is_withdrawn([one for one in theirs if one.grant == grant]) for grant in grants)


def _is_withdrawn(statements: Sequence[_Statement]) -> bool:
    return bool(statements) and max(one[:2] for one in statements)[1]


class _Known:
    """The persons by the links so far, which come in the order of their times."""

    def __init__(self, devices: Collection[str]) -> None:
        self._devices = devices
        self._parents: dict[Identifier, Identifier] = {}
        self._logins: defaultdict[Identifier, list[tuple[int, Identifier]]] = defaultdict(list)
        """Of a group of devices, by its root: when who logged in."""

    def link(self, pair: Pair, time_us: int) -> None:
        """One more link."""
        one, device = self._in_order(pair)
        if self._is_device(one) != self._is_device(device):
            self._logins[self._root(device)].append((time_us, one))
            return
        low, high = sorted((self._root(one), self._root(device)))
        if low != high:
            self._parents[high] = low
            if high in self._logins:
                self._logins[low] = sorted([*self._logins[low], *self._logins.pop(high)])

    def would_be_one(self, pair: Pair, time_us: int) -> set[Identifier]:
        """The persons whom a link at that time would make one."""
        one, device = self._in_order(pair)
        if self._is_device(one) == self._is_device(device):
            return {self.person_at(end, time_us) for end in pair}
        root = self._root(device)
        return {self._root(one)} if root in self._logins else {self._root(one), root}

    def person_at(self, identifier: Identifier, time_us: int) -> Identifier:
        """The smallest identifier that is surely of the person to whom an event of the identifier at that time belongs (see `persons`)."""
        root = self._root(identifier)
        logins = self._logins.get(root)
        if logins is None:
            return root
        moment_us = logins[max(bisect_right(logins, time_us, key=_time) - 1, 0)][0]
        first, last = (bisect_right(logins, last_us, key=_time) for last_us in (moment_us - 1, moment_us))
        return min(self._root(one) for _, one in logins[first:last])

    def _in_order(self, pair: Pair) -> Pair:
        """A device last, if one of the two is one."""
        return pair[::-1] if self._is_device(pair[0]) else pair

    def _is_device(self, identifier: Identifier) -> bool:
        return identifier.type in self._devices

    def _root(self, identifier: Identifier) -> Identifier:
        parents = self._parents
        while (parent := parents.get(identifier, identifier)) != identifier:
            parents[identifier] = parents.get(parent, parent)
            identifier = parent
        return identifier


def _time(login: tuple[int, Identifier]) -> int:
    return login[0]
