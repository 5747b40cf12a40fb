"""Customers of a chain with a web shop, and all that its systems say of them, every version of every event.

A customer browses anonymously, logs in, pays with a card, gets mail and answers surveys. Some events name two identifiers, a register links
and un-links them, now and then two customers use one device. 3 % of the events are revised, a third of these under another key. All of it
follows from the seed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from touchline.schemas.times import format_time, parse_time

EVENTS_PER_CUSTOMER: Final = 22
BEGIN_US: Final = parse_time("2025-02-01T00:00:00Z")
DAYS: Final = 150
DAY_US: Final = 86_400_000_000
LINKED: Final = 0.05
"""Share of events that say of two identifiers that they are one person's, or are not."""
UNLINKS: Final = 0.08
"""Share of these that are un-links."""
REVISED: Final = 0.03
REKEYED: Final = 1 / 3
"""Share of the revisions that lie under another key."""
TWICE_REVISED: Final = 0.1
CONFLICTS: Final = 0.002
SHARED_DEVICES: Final = 0.03
FOREIGN_PARTITIONER: Final = 0.01
"""Share of events that a client with another partitioner sends."""
ANSWERS: Final = 0.08
NAMELESS: Final = 0.15
SECOND_DEVICE: Final = 0.3
WEB_TOUCHPOINTS: Final = ("catalog", "product_view", "search", "add_to_cart", "coupon", "unheard_of")
PLACES: Final = ("north", "south", "west", None)
PAGES_TO_ORDER: Final = 8

Event = dict[str, Any]


class Version(NamedTuple):
    """One payload of one (source, id). `partition` is where it lies whatever its key; None: where its key belongs."""

    event: Event
    partition: int | None = None

    @property
    def key(self) -> tuple[str, str]:
        """(source, event id)"""
        return self.event["source"], self.event["id"]

    @property
    def time_us(self) -> int:
        """When it happened."""
        return parse_time(self.event["time"])


class Customer(NamedTuple):
    """The identifiers by which the systems know somebody."""

    login: tuple[str, str]
    loyalty: tuple[str, str]
    mail: tuple[str, str]
    devices: tuple[tuple[str, str], ...]


def versions_of(seed: int, count: int) -> list[Version]:
    """At least `count` versions of events, in no order that means anything."""
    rng = random.Random(seed)
    customers = list(_customers(rng, max(2, count // EVENTS_PER_CUSTOMER)))
    found: list[Version] = []
    receipts: list[Event] = []
    number = 0
    while len(found) < count:
        number += 1
        at = BEGIN_US + rng.randrange(DAYS * 86_400) * 1_000_000
        event = _event(rng, f"e{number:07d}", rng.choice(customers), at, receipts)
        partition = rng.randrange(4) if rng.random() < FOREIGN_PARTITIONER else None
        found.append(Version(event, partition))
        if rng.random() < REVISED and event["type"] != "touchline.identify.v1":
            found.extend(_revisions(rng, event, rng.choice(customers), partition))
        elif rng.random() < CONFLICTS and event["type"] == "touchline.touchpoint.v1":
            found.append(Version({**event, "campaign": f"c{rng.randrange(100)}"}, partition))
    return found


def _customers(rng: random.Random, count: int) -> Iterator[Customer]:
    shared: tuple[tuple[str, str], ...] = ()
    for number in range(count):
        devices = [("anonymous", f"a{number}")]
        if rng.random() < SECOND_DEVICE:
            devices.append(("anonymous", f"b{number}"))
        yield Customer(
            ("login", f"l{number}"), ("loyalty", f"k{number}"), ("mail", f"m{number}@example.org"), (*devices, *shared)
        )
        shared = (("anonymous", f"kiosk{number}"),) if rng.random() < SHARED_DEVICES and not shared else ()
        if shared:  # the customer of before uses it, too
            devices.append(shared[0])


def _event(rng: random.Random, event_id: str, who: Customer, at: int, receipts: list[Event]) -> Event:
    time = format_time(at)
    event: Event = {"id": event_id, "time": time, "received_at": format_time(at + 1_000_000)}
    chance = rng.random()
    if chance < LINKED / 2:
        return {**event, **_identify(rng, who)}
    if chance < LINKED / 2 + ANSWERS:
        return {**event, **_answer(rng, who, receipts)}
    made = {**event, **_touchpoint(rng, who)}
    if made.get("amount") and made.get("identifiers"):
        receipts.append(made)
    return made


def _identify(rng: random.Random, who: Customer) -> Event:
    pairs = [(who.login, who.mail), (who.loyalty, who.mail), (who.login, who.loyalty)]
    pairs += [(who.login, device) for device in who.devices]
    action = "unlink" if rng.random() < UNLINKS else "link"
    return {
        "type": "touchline.identify.v1", "source": "crm", "action": action, "identifiers": [list(one) for one in rng.choice(pairs)]
    }  # fmt: skip


def _touchpoint(rng: random.Random, who: Customer) -> Event:
    is_linked = rng.random() < LINKED / 2
    chance = rng.random()
    device = rng.choice(who.devices)
    if chance < 0.5:
        names = [device, who.login] if is_linked else [rng.choice((device, device, who.login))]
        if rng.random() < 1 / PAGES_TO_ORDER:
            return _purchase(rng, "web-clicks", "purchase", "web", names)
        return _named("web-clicks", rng.choice(WEB_TOUCHPOINTS), "view", names)
    if chance < 0.65:
        return _named("retail-crm", "campaign_mailing", "receive", [who.mail, who.loyalty] if is_linked else [who.mail])
    if chance < 0.75:
        return _named("retail-coupons", "coupon", "redeem", [who.loyalty])
    names = [] if rng.random() < NAMELESS else [who.loyalty, who.mail] if is_linked else [who.loyalty]
    return {**_purchase(rng, "retail-pos", "store_purchase", "store", names), "place": rng.choice(PLACES)}


def _named(source: str, touchpoint: str, action: str, names: list[tuple[str, str]]) -> Event:
    event: Event = {
        "type": "touchline.touchpoint.v1", "source": source, "touchpoint": touchpoint, "action": action,
        "identifiers": [list(one) for one in names],
    }  # fmt: skip
    return event


def _purchase(rng: random.Random, source: str, touchpoint: str, channel: str, names: list[tuple[str, str]]) -> Event:
    return {
        **_named(source, touchpoint, "purchase", names),
        "channel": channel,
        "amount": {"amount_minor": rng.randrange(100, 20_000), "currency": "EUR"},
    }


def _answer(rng: random.Random, who: Customer, receipts: list[Event]) -> Event:
    about: Event = {"touchpoint": "store_purchase"}
    if receipts and rng.random() < 0.6:
        named = rng.choice(receipts)
        about = {"touchpoint": named["touchpoint"], "source": named["source"], "event_id": named["id"]}
    return {
        "type": "touchline.answer.v1", "source": "survey-tool", "about": about, "survey": "after", "question": "recommend", "kpi": "nps",
        "scope": "transactional", "scale_min": 0, "scale_max": 10, "score": rng.randrange(11), "disposition": "complete",
        "identifiers": [list(rng.choice((who.mail, who.loyalty)))],
    }  # fmt: skip


def _revisions(rng: random.Random, event: Event, other: Customer, partition: int | None) -> Iterator[Version]:
    """What a system corrects afterwards. Amounts only rise, so that no reader ever sees more than the last version says."""
    for revision in (1, 2) if rng.random() < TWICE_REVISED else (1,):
        event = {**event, "revision": revision}
        if "amount" in event:
            raised = event["amount"]["amount_minor"] + rng.randrange(1, 5_000)
            event["amount"] = {**event["amount"], "amount_minor": raised}
        elif "score" in event:
            event["score"] = rng.randrange(11)
        else:
            event["campaign"] = f"c{rng.randrange(100)}"
        if rng.random() < REKEYED:
            event["identifiers"] = [list(rng.choice((other.loyalty, other.mail, other.login)))]
            partition = None
        yield Version(event, partition)
