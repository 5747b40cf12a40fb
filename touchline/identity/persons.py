"""The persons of a component: devices may be shared, and what happened on a shared device belongs to somebody by time.

Types are of three kinds. Most name a person: a login, a mail address, a card. Two of these that are linked are one person. Others name a
device: a cookie, an installed app. Devices that are linked with each other form a group. A link of a person with a device is a *login*
there. An event of a device belongs to the person of the last login in its group at or before it; before the first login to the person of
that one. A group without a login is a person of its own. Types that merge nobody (a household) do not matter here: their links never count.

So two logins one after the other on one device are two people, and whoever logs in later does not take what the first one did.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from touchline.identity.components import unite
from touchline.identity.links import Identifier, Pair


class TimeLine(NamedTuple):
    """To whom the events of a shared device belong: from `from_us[i]` on, in µs, to `persons[i]`; before the first moment to the first
    person, too. Neighbours in it differ."""

    from_us: tuple[int, ...]
    persons: tuple[Identifier, ...]

    def at(self, time_us: int) -> Identifier:
        """To whom an event at that time belongs."""
        return self.persons[max(bisect_right(self.from_us, time_us) - 1, 0)]


class Persons(NamedTuple):
    """`whole` gives the person of each identifier that belongs to one person at any time, `shared` the time line of each other one.

    A person is named by the smallest identifier that belongs to it wholly: its own, and those of the devices that lead to nobody else.
    """

    whole: dict[Identifier, Identifier]
    shared: dict[Identifier, TimeLine]

    def person_at(self, identifier: Identifier, time_us: int) -> Identifier:
        """The person to whom an event of the identifier at that time belongs."""
        line = self.shared.get(identifier)
        return self.whole[identifier] if line is None else line.at(time_us)


def persons_of(
    identifiers: Collection[Identifier], links: Mapping[Pair, Sequence[int]], devices: Collection[str]
) -> Persons:
    """The persons of whole components: of these identifiers, by the links that count with all times of each (`Components.links`). `devices`
    are the types that name a device.

    Where two persons log in at one instant, it belongs to the one with the smaller identifier: nothing depends on the order of arrival.
    """
    known = [one for one in identifiers if one.type not in devices]
    person_like = unite(known, (pair for pair in links if _devices_in(pair, devices) == 0))
    group_of = unite(
        (one for one in identifiers if one.type in devices), (pair for pair in links if _devices_in(pair, devices) == 2)
    )
    logins: defaultdict[Identifier, list[tuple[int, Identifier]]] = defaultdict(list)
    for pair, times_us in links.items():
        if _devices_in(pair, devices) == 1:
            one, device = pair if pair[1].type in devices else pair[::-1]
            logins[group_of[device]] += [(time_us, person_like[one]) for time_us in times_us]
    lines = {group: _time_line(some) for group, some in logins.items()}

    named = {one: one for one in person_like.values()}
    for group, line in lines.items():
        if len(line.persons) == 1:
            named[line.persons[0]] = min(named[line.persons[0]], group)
    whole = {one: named[person] for one, person in person_like.items()}
    shared: dict[Identifier, TimeLine] = {}
    for device, group in group_of.items():
        line = lines.get(group, TimeLine((), (group,)))
        if len(line.persons) == 1:
            whole[device] = named.get(line.persons[0], group)
        else:
            shared[device] = TimeLine(line.from_us, tuple(named[one] for one in line.persons))
    return Persons(whole, shared)


def _time_line(logins: Sequence[tuple[int, Identifier]]) -> TimeLine:
    from_us: list[int] = []
    persons: list[Identifier] = []
    last_us: int | None = None
    for time_us, person in sorted(logins):
        if time_us != last_us and (not persons or person != persons[-1]):
            from_us.append(time_us)
            persons.append(person)
        last_us = time_us
    return TimeLine(tuple(from_us), tuple(persons))


def _devices_in(pair: Pair, devices: Collection[str]) -> int:
    return sum(one.type in devices for one in pair)
