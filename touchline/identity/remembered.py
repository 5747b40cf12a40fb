"""What a partition has judged and stored, remembered to tell news from repetition.

Apps state login and cookie with every event, so most links say again what is known. A repeated link need not be judged:

- of two that name persons, or of two devices, whenever the pair is linked already;
- of a person and a device, if the pair is linked already *and* the device belongs to that person at the time of the link. So where a device
  leads to one person alone, every repetition is skipped; where it leads to several, those that do not move a moment of its time line;
- of a pair with a hub at one end, if the pair is linked already.

Everything else is news: unlinks, erasures, whatever is retracted, and each link of a pair that is not remembered. So it does no harm to
forget, and after a start nothing is remembered. Nor is anything of whoever withdrew a consent: a repeated link may be the first that counts
(`grants`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from touchline.identity.components import Components
from touchline.identity.links import History, Identifier, Link, Pair, changed_by, joins, pair_of
from touchline.identity.neighbourhood import Hubs
from touchline.identity.persons import Persons, TimeLine

NEAR_MAX = 1_000
"""Identifiers that are read ahead; a component of more is read as it is found."""
PAIRS_MAX = 200_000
"""Some 100 bytes each. The pairs that were judged longest ago are forgotten first."""


class Remembered:
    """Per pair that is linked: what a repeated link is compared with. And which identifiers were hubs."""

    def __init__(self, devices: Collection[str], apart: Collection[str] = (), pairs_max: int = PAIRS_MAX) -> None:
        self._devices = devices
        self._apart = apart
        self._pairs_max = pairs_max
        self._pairs: dict[Pair, tuple[TimeLine, Identifier] | None] = {}
        self._pairs_of: defaultdict[str, set[Pair]] = defaultdict(set)
        """By the key of either end."""
        self._hubs: set[Identifier] = set()

    def is_news(self, link: Link) -> bool:
        """Whether the link can change anything."""
        if not joins(link.one, link.other, self._apart):
            return False
        pair = pair_of(link.one, link.other)
        if pair not in self._pairs:
            return True
        shared = self._pairs[pair]
        return shared is not None and shared[0].at(link.time_us) != shared[1]

    def changed_by(self, said: History, retracted: History) -> tuple[set[Identifier], Hubs]:
        """The identifiers about which these rows say anything new, and what is known of hubs: `changed` and `hubs` of `components_around`.

        `said` and `retracted` are all that a turn read, of sign 1 and -1.
        """
        links = [link for link in said.links if self.is_news(link)]
        changed = changed_by(said._replace(links=links)) | changed_by(retracted)
        erased = {erasure.identifier for erasure in (*said.erasures, *retracted.erasures)}
        adds_only = not (said.unlinks or said.erasures or any(retracted))
        return changed, Hubs(before=self._hubs - erased, still=frozenset(self._hubs) if adds_only else ())

    def judged(
        self,
        changed: Collection[Identifier],
        found: Components,
        persons: Persons,
        by_consent: Collection[Identifier] = (),
    ) -> None:
        """What `components_around` found for these changed identifiers, and `persons_of` in it, is stored now. `by_consent` are those whose
        links count only as far as `grants` says."""
        for identifier in found.component_of:
            for pair in self._pairs_of.pop(identifier.key, ()):
                self._pairs.pop(pair, None)
        # A look-up may show a hub before this partition has read the link that made it one: who was merged through it is judged then.
        hubs = {one for one in found.hubs if one in changed or one in self._hubs}
        self._hubs = self._hubs.difference(found.component_of) | hubs
        for pair in found.links:
            if pair[0] not in by_consent:
                self._remember(pair, self._to_compare(pair, persons))
        for pair in found.cut:
            if all(one in self._hubs or (one in found.component_of and one not in found.hubs) for one in pair):
                self._remember(pair, None)
        while len(self._pairs) > self._pairs_max:
            self._forget(next(iter(self._pairs)))

    def _to_compare(self, pair: Pair, persons: Persons) -> tuple[TimeLine, Identifier] | None:
        """Of a person and a device that is not his alone: its time line and the person."""
        one, other = pair
        if (one.type in self._devices) == (other.type in self._devices):
            return None
        person, device = (one, other) if other.type in self._devices else (other, one)
        line = persons.shared.get(device) or TimeLine((), (persons.whole[device],))
        return None if line.persons == (persons.whole[person],) else (line, persons.whole[person])

    def near(self, keys: Collection[str]) -> set[str]:
        """The keys of others that were linked with these when they were judged last, at one remove or more: what a judgement will probably
        read. Nothing follows from it: they may be linked no more, and some may be left out."""
        found, growing = set(keys), list(keys)
        while growing and len(found) < NEAR_MAX:
            for pair in self._pairs_of.get(growing.pop(), ()):
                if self._hubs.isdisjoint(pair):
                    growing += {one.key for one in pair} - found
                    found.update(one.key for one in pair)
        return found.difference(keys)

    def _remember(self, pair: Pair, compared: tuple[TimeLine, Identifier] | None) -> None:
        self._pairs[pair] = compared
        for one in pair:
            self._pairs_of[one.key].add(pair)

    def _forget(self, pair: Pair) -> None:
        del self._pairs[pair]
        for one in pair:
            pairs = self._pairs_of[one.key]
            pairs.discard(pair)
            if not pairs:
                del self._pairs_of[one.key]
