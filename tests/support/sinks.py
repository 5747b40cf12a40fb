"""Both users of `touchline.sinks` over senders of a test: alerts that wait in a store, and invitations that wait to go out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.unit.surveys.test_decide import EVENT, GRANTED, HOUR, asking
from touchline.care.sinks.model import Sink
from touchline.care.sinks.queue import SinkQueue
from touchline.care.store import CareStore, Kept
from touchline.care.telling import Alert
from touchline.metrics.declared import SURVEYS
from touchline.metrics.meter import Meter
from touchline.sinks.sender import Sender
from touchline.surveys.asks import StoredAsk, ask_of, asked_of
from touchline.surveys.decide import PersonFacts, decide
from touchline.surveys.server.inviting.sending import Outgoing
from touchline.surveys.server.ledger_facts import Found, Wanted
from touchline.surveys.server.remembered import Remembered

NOW_US = EVENT.time_us + HOUR
ASKING = asking()
SECRET = bytes(32)


async def until(is_there: Callable[[], bool]) -> None:
    """Waits for a state, for at most as long as a slow machine needs."""
    async with asyncio.timeout(30):
        while not is_there():
            await asyncio.sleep(0.005)


class Hangs:
    """A sender that never comes back."""

    def __init__(self) -> None:
        self.tries = 0

    async def __call__(self, key: str, body: Mapping[str, Any]) -> None:
        """See Sender."""
        self.tries += 1
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Nothing is open."""


class Takes:
    """A sender that takes at once, and notes the keys; or raises what it is given."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.taken: list[str] = []

    async def __call__(self, key: str, body: Mapping[str, Any]) -> None:
        """See Sender."""
        if self.faults:
            raise self.faults.pop(0)
        self.taken.append(key)

    async def close(self) -> None:
        """Nothing is open."""


class Alerts:
    """So many alerts for each sink, in a store, and the queues of the sinks. The clock stands, unless it is moved."""

    def __init__(self, folder: Path, senders: Mapping[str, Sender], count: int, attempts: int = 12) -> None:
        self.now_us = NOW_US
        self.store = CareStore(folder)
        self.keys = {f"c{number}/opened" for number in range(count)}
        alerts = [(sink, Alert(key, "recovery", {"case": key[:-7]})) for sink in senders for key in sorted(self.keys)]
        self.store.keep(Kept(alerts, (), {}, {}), self.now_us)
        self.queues = {
            name: SinkQueue(
                Sink.model_validate({"id": name, "kafka": {"topic": name}, "attempts": attempts}),
                *(sender, self._stored, lambda: self.now_us, lambda: 0.0),
            )
            for name, sender in senders.items()
        }

    async def _stored(self, work: Callable[[CareStore], Any]) -> Any:
        return work(self.store)

    def run(self) -> list[asyncio.Task[None]]:
        """Begins to deliver to all sinks."""
        return [asyncio.create_task(one.run()) for one in self.queues.values()]


class _Desk:
    """What of the desk the sending asks for: everybody may be asked."""

    def __init__(self) -> None:
        self.clock_us = NOW_US
        self.askings = [ASKING]
        self.secret = SECRET
        self.remembered = Remembered("surveys")
        self.written: list[tuple[str, str]] = []

    def now_us(self) -> int:
        return self.clock_us

    async def facts(self, _keys: object, wanted: Wanted) -> Found:
        event = EVENT._replace(event_id=wanted.event_id)
        asks = [asked_of(_sampled(wanted.event_id).ask, "sampled", NOW_US, "surveys")]
        return Found(frozenset(("k1:a",)), [event], PersonFacts(asks, GRANTED))

    async def write(self, stored: StoredAsk, **_said: object) -> None:
        self.remembered.add(stored, ["k1:a"], self.clock_us)
        self.written.append((stored.ask.id, stored.disposition))


class Invitations:
    """So many invitations that wait to go out by these sinks. The clock stands, unless `desk.clock_us` is moved."""

    def __init__(self, senders: Mapping[str, Sender], count: int) -> None:
        self.desk = _Desk()
        desk: Any = self.desk
        self.outgoing = Outgoing(desk, senders, "https://ask.example", Meter(SURVEYS), lambda: 0.0)
        asks = [_sampled(f"receipt-{number}") for number in range(count)]
        self.keys = {one.ask.id for one in asks}
        self.outgoing.learn(asks)

    async def keep_sending(self) -> None:
        """As the inviter does, until it is cancelled."""
        while True:
            await self.outgoing.send_due()
            await asyncio.sleep(0.005)


def _sampled(event_id: str) -> StoredAsk:
    event = EVENT._replace(event_id=event_id)
    decision = decide(ASKING, event, PersonFacts((), GRANTED), NOW_US, SECRET)
    return StoredAsk(ask_of(ASKING, event, decision, "de", NOW_US)._replace(way="invitation"), "sampled", NOW_US)
