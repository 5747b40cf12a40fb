"""The slow and obvious answer, written without the package's functions: look at every pair, then relabel until nothing changes."""

from __future__ import annotations

from itertools import combinations

from touchline.identity.links import History, Identifier

Persons = dict[Identifier, Identifier]


def linked_pairs(history: History, among: set[Identifier]) -> set[frozenset[Identifier]]:
    """Pairs with a link that is newer than everything that could end it."""
    pairs = set()
    for pair in map(frozenset, combinations(among, 2)):
        ends = [unlink.time_us for unlink in history.unlinks if {unlink.one, unlink.other} == pair]
        ends += [erasure.time_us for erasure in history.erasures if erasure.identifier in pair]
        times = [link.time_us for link in history.links if {link.one, link.other} == pair]
        if any(all(time > end for end in ends) for time in times):
            pairs.add(pair)
    return pairs


def oracle(history: History, neighbours_max: int) -> tuple[Persons, set[Identifier]]:
    """(person of each identifier that is named, hubs)"""
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
