"""All records of a run, in the order in which they are sent: what the seed makes, the same in every run.

Customers of `tests/support/invariance` (late, twice, revised, linked, unlinked, under other keys), bytes that are no event, and groups of
persons who are erased on the way: these are sent early, and again at the end, when they must stay away.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from tests.support.invariance.arrivals import arrivals_of
from tests.support.invariance.events import Version, versions_of

POISON_SHARE: Final = 0.005
POISON_LEAST: Final = 12
VERSIONS_PER_GROUP: Final = 60
LEFT_BY: Final = 0.3
"""By this share of the records all is sent of those who are erased."""
AGAIN_FROM: Final = 0.75
PARTITIONS: Final = 4
PHANTOMS: Final = 8
BIG_BYTES: Final = 100_000


class Of(StrEnum):
    """Whose record it is."""

    CUSTOMER = "customer"
    POISON = "poison"
    ERASED = "erased"


class Item(NamedTuple):
    """One record to be sent: a version of an event, or bytes. `group` is that of the persons who are erased, else -1."""

    of: Of
    version: Version | None
    data: bytes | None = None
    key: bytes | None = None
    group: int = -1


class World(NamedTuple):
    """`items` as they are sent; `versions` those of the customers who stay; `leaving` by group the identifiers of those who do not."""

    items: list[Item]
    versions: list[Version]
    leaving: list[list[tuple[str, str]]]

    @property
    def all_versions(self) -> list[Version]:
        """Of those who are erased, too: nobody ever sees more."""
        erased = [one.version for one in self.items if one.of is Of.ERASED and one.version is not None]
        return [*self.versions, *erased]


def world_of(seed: int, events: int, groups: int) -> World:
    """At least `events` versions of events, poison, and so many groups."""
    rng = random.Random(f"records {seed}")
    versions = versions_of(seed, events)
    items = [Item(Of.CUSTOMER, one) for one in arrivals_of(versions, seed).shuffled]
    poison = list(_poison(rng, max(POISON_LEAST, int(len(items) * POISON_SHARE))))
    items = _mixed(rng, items, poison, 0.0, 1.0)
    leaving = []
    for group in range(groups):
        persons = group_of(seed, group)
        leaving.append(_identifiers(persons))
        own = [Item(Of.ERASED, one, group=group) for one in persons]
        items = _mixed(rng, items, own, 0.0, LEFT_BY)
        items = _mixed(rng, items, own, AGAIN_FROM, 1.0)
    return World(items, versions, leaving)


def group_of(seed: int, group: int) -> list[Version]:
    """Two people or three with all their events, who share nothing with anybody else: they can be erased as if they had never been."""
    found = []
    contents: dict[tuple[str, str], dict[str, Any]] = {}
    for one in versions_of(seed * 1_000 + group + 500, VERSIONS_PER_GROUP):
        event = _renamed(one.event, f"gone{group}-")
        is_contested = contents.setdefault((event["source"], event["id"]), event) != event and "revision" not in event
        if event.get("identifiers") and not is_contested:
            found.append(Version(event, one.partition))
    return found


def phantoms(seed: int, number: int) -> list[Version]:
    """Events of a transaction that is aborted: none of them may ever be seen."""
    versions = versions_of(seed * 1_000 + number + 900_000, PHANTOMS)[:PHANTOMS]
    return [Version(_renamed(one.event, f"phantom{number}-"), one.partition) for one in versions]


def _renamed(event: dict[str, Any], prefix: str) -> dict[str, Any]:
    """The same event of other people, under another id."""
    made = {**event, "id": prefix + event["id"]}
    made["identifiers"] = [[kind, prefix + value] for kind, value in event.get("identifiers", [])]
    if "event_id" in event.get("about", {}):
        made["about"] = {**event["about"], "event_id": prefix + event["about"]["event_id"]}
    return made


def _identifiers(versions: Sequence[Version]) -> list[tuple[str, str]]:
    return sorted({(kind, value) for one in versions for kind, value in one.event["identifiers"]})


def _mixed(rng: random.Random, items: Sequence[Item], more: Sequence[Item], after: float, before: float) -> list[Item]:
    """`items` with `more` among them, in their order, between two shares of the way."""
    places = sorted(rng.uniform(after, before) for _ in more)
    merged = [(number / len(items), 0, number, one) for number, one in enumerate(items)]
    merged += [(place, 1, number, one) for number, (place, one) in enumerate(zip(places, more, strict=True))]
    return [one for *_, one in sorted(merged, key=lambda at: at[:3])]


def _poison(rng: random.Random, count: int) -> Iterator[Item]:
    """Bytes that are no event: random, cut off, nested, of a wrong type, none at all."""
    whole = b'{"type":"touchline.touchpoint.v1","source":"retail-pos","id":"p","time":"2025-03-01T00:00:00Z"}'
    for number in range(count):
        kinds: list[bytes | None] = [
            rng.randbytes(rng.randint(1, 300)), whole[: rng.randint(1, len(whole) - 1)], b"", None, b"null", b"[]", b"\xff\xfe" + whole,
            b"[" * rng.randint(10, 5_000), whole.replace(b'"p"', b"7"), whole.replace(b"2025-03", b"2025-13"),
            whole.replace(b"retail-pos", b"nobody-knows-%d" % number), whole + b"\x00", b'{"id":"%s"}' % (b"x" * rng.randint(1, BIG_BYTES)),
            whole.replace(b"v1", b"v%d" % rng.randint(2, 9)), b'{"type":"touchline.answer.v1","score":NaN}', rng.randbytes(BIG_BYTES),
        ]  # fmt: skip
        data = kinds[number % len(kinds)]
        # A record of neither key nor value is refused by the client itself.
        key = rng.choice((None, b"", rng.randbytes(8))) if data is not None else rng.randbytes(8)
        yield Item(Of.POISON, None, data, key)
