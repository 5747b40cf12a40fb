"""The slow and obvious answer, written without the package's functions: look at every pair, then relabel until nothing changes."""

from __future__ import annotations

from itertools import combinations

from touchline.identity.links import History, Identifier, Link, Unlink

Components = dict[Identifier, Identifier]


def linked_pairs(history: History, among: set[Identifier]) -> set[frozenset[Identifier]]:
    """Pairs with a link that is newer than everything that could end it."""
    pairs = set()
    history = not_erased(history)
    for pair in map(frozenset, combinations(among, 2)):
        ends = [unlink.time_us for unlink in history.unlinks if {unlink.one, unlink.other} == pair]
        times = [link.time_us for link in history.links if {link.one, link.other} == pair]
        if any(all(time > end for end in ends) for time in times):
            pairs.add(pair)
    return pairs


def effective_links(history: History) -> list[Link]:
    """The links that are newer than everything that could end them."""
    found = []
    history = not_erased(history)
    for link in history.links:
        pair = {link.one, link.other}
        ends = [unlink.time_us for unlink in history.unlinks if {unlink.one, unlink.other} == pair]
        if len(pair) == 2 and all(link.time_us > end for end in ends):
            found.append(link)
    return found


def not_erased(history: History) -> History:
    """What was said and is not erased, as if nobody had ever been."""

    def stands(said: Link | Unlink) -> bool:
        return not any(
            erasure.identifier in (said.one, said.other) and erasure.after_us < said.time_us <= erasure.time_us
            for erasure in history.erasures
        )

    return History(list(filter(stands, history.links)), list(filter(stands, history.unlinks)))


def person_at(
    history: History, hubs: set[Identifier], devices: set[str], identifier: Identifier, time_us: int
) -> Identifier:
    """One of the identifiers of the person to whom an event of this one at that time belongs: always the same of one person."""
    links = [link for link in effective_links(history) if link.one not in hubs and link.other not in hubs]

    def reach(start: Identifier) -> set[Identifier]:
        """Over links among devices, or among others."""
        found: set[Identifier] = set()
        growing = {start}
        while growing:
            found |= growing
            growing = {
                two
                for link in links
                for one, two in ((link.one, link.other), (link.other, link.one))
                if one in growing and (two.type in devices) == (one.type in devices)
            } - found
        return found

    if identifier.type not in devices:
        return min(reach(identifier))
    group = reach(identifier)
    logins = [
        (link.time_us, min(reach(one)))
        for link in links
        for one, device in ((link.one, link.other), (link.other, link.one))
        if device in group and one.type not in devices
    ]
    if not logins:
        return min(group)
    earlier = [login for login in logins if login[0] <= time_us]
    moment = max(earlier)[0] if earlier else min(logins)[0]
    return min(person for time, person in logins if time == moment)


def oracle(history: History, neighbours_max: int) -> tuple[Components, set[Identifier]]:
    """(component of each identifier that is named, hubs)"""
    named = {erasure.identifier for erasure in history.erasures}
    for said in (*history.links, *history.unlinks):
        named |= {said[2], said[3]}
    pairs = linked_pairs(history, named)
    hubs = {one for one in named if sum(one in pair for pair in pairs) > neighbours_max}
    pairs = {pair for pair in pairs if not pair & hubs}
    labels = {one: one for one in named}
    while True:
        before = dict(labels)
        for pair in pairs:
            smallest = min(labels[one] for one in pair)
            labels |= dict.fromkeys(pair, smallest)
        if labels == before:
            return labels, hubs
