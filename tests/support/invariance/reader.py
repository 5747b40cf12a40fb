"""A reader who looks again and again while the workers are at work, and must never be told more than is true."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from clickhouse_driver import Client

from tests.support.invariance.events import Version
from touchline.clickhouse.connect import connect
from touchline.settings import Settings

LOOK_SECONDS: Final = 0.5
EVENTS: Final = (
    "SELECT toString(source), toInt64(count()), toInt64(uniqExact(event_id)) FROM journey.touchpoints GROUP BY source"
)
AMOUNTS: Final = "SELECT toString(source), toInt64(sum(amount) * 100) FROM journey.orders GROUP BY source"
TWICE: Final = (
    "SELECT toString(map), map_version, count() - uniqExact(source, event_id), uniqExact(person), "
    "countIf(transition = 'enter') - uniqExactIf((person, cycle), transition = 'enter') FROM journey.attachments GROUP BY map, map_version"
)
SUMMED: Final = (
    "SELECT toString(map), map_version, toInt64(sum(events)) FROM journey.kpi_volume_1d GROUP BY map, map_version"
)


class Truth:
    """By source the events that stand in the end, and their amounts: of each (source, id) the best version alone."""

    def __init__(self, versions: Sequence[Version]) -> None:
        best: dict[tuple[str, str], Version] = {}
        for one in versions:
            known = best.get(one.key)
            if known is None or one.event.get("revision", 0) > known.event.get("revision", 0):
                best[one.key] = one
        touchpoints = [one.event for one in best.values() if one.event["type"] == "touchline.touchpoint.v1"]
        self.events: Mapping[str, int] = Counter(one["source"] for one in touchpoints)
        amounts: Counter[str] = Counter()
        for event in touchpoints:
            amounts[event["source"]] += event.get("amount", {}).get("amount_minor", 0)
        self.amounts: Mapping[str, int] = +amounts


class Reader:
    """Looks until it is told to stop; `looks` counts, and `wrong` holds whatever was never to be seen."""

    def __init__(self, settings: Settings, truth: Truth) -> None:
        self._settings = settings
        self._truth = truth
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reader")
        self.looks = 0
        self.persons_most = 0
        self.wrong: list[str] = []

    def __enter__(self) -> Reader:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        client = connect(self._settings, timeout_seconds=60)
        try:
            while not self._stop.wait(LOOK_SECONDS):
                self.wrong += self.look(client)
                self.looks += 1
        except Exception as error:
            self.wrong.append(f"the reader was refused: {type(error).__name__}: {str(error)[:200]}")
        finally:
            client.disconnect()

    def look(self, client: Client) -> list[str]:
        """What is wrong in the views at this moment."""
        truth = self._truth
        wrong = []
        for source, events, different in client.execute(EVENTS):
            if events > truth.events[source]:
                wrong.append(f"{events} events of {source}, in truth {truth.events[source]}")
            if events != different:
                wrong.append(f"{events - different} events of {source} twice")
        for source, amount in client.execute(AMOUNTS):
            if amount > truth.amounts.get(source, 0):
                wrong.append(f"amounts of {source} {amount}, in truth {truth.amounts.get(source, 0)}")
        for name, version, twice, persons, begun_twice in client.execute(TWICE):
            self.persons_most = max(self.persons_most, persons)
            if twice:
                wrong.append(f"{twice} events twice under {name}:{version}")
            if begun_twice:
                wrong.append(f"{begun_twice} journeys begin twice under {name}:{version}")
        for name, version, events in client.execute(SUMMED):
            most = sum(truth.events.values())
            if events > most:
                wrong.append(f"{events} events by day under {name}:{version}, in truth {most}")
        return wrong
