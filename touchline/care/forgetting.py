"""Takes persons who are erased out of what `touchline care` keeps for itself: alerts that wait for a sink or are dead letters, and the
moments at which somebody is to be looked at again.

An event of a case that is not posted yet goes its way: the workers know that its person is erased.

Why: docs/decisions/0191.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from clickhouse_driver import Client

from touchline.care.store import STORE_FILE, CareStore
from touchline.person.known import known_keys
from touchline.schemas.times import TimeUnreadable, parse_time

Until = Mapping[str, int]
"""Person key -> up to when (µs) what happened is meant."""
Known = Callable[[Collection[str]], set[str]]
"""Of these person keys those that the ledger knows."""


class CareTraces(NamedTuple):
    """Alerts that name somebody, and events of cases that are on their way to Kafka."""

    alerts: int = 0
    events: int = 0


def has_run_on(folder: Path) -> bool:
    """Whether a `touchline care` has kept something there."""
    return (folder / STORE_FILE).is_file()


def traces_in(folder: Path, persons: Sequence[Until]) -> list[CareTraces]:
    """What the folder holds of each of these persons. Raises WrongUsage where it cannot be read."""
    with CareStore.to_look_at_beside(folder) as store:
        bodies, events = [body for *_, body in store.bodies()], store.all_unposted()
    return [
        CareTraces(
            sum(_is_meant(body, until) for body in bodies),
            sum(any(person["key"] in until for person in event.get("persons", ())) for event in events),
        )
        for until in persons
    ]


def forget_in(folder: Path, until: Until, known: Known) -> None:
    """Take these persons out, whether or not a process runs on the folder, and their bytes out of its files. Raises WrongUsage where it
    cannot be done."""
    with CareStore.to_look_at_beside(folder) as store:
        store.drop([(sink, key) for sink, key, body in store.bodies() if _is_meant(body, until)])
        waited_for = store.waited_for(until)
        store.drop_looks(waited_for - known(waited_for))
        store.sweep(is_thorough=True)


def forget_unknown(store: CareStore, known: Known) -> int:
    """Take out the alerts about persons whom the ledger does not know any more, wherever they were erased, or since their term is over.
    Returns how many. What waits for a moment goes when that has come."""
    bodies = store.bodies()
    persons = {str(body["person"]) for *_, body in bodies if body.get("person")}
    gone = persons - known(persons)
    dropped = [(sink, key) for sink, key, body in bodies if body.get("person") in gone]
    store.drop(dropped)
    store.sweep()
    return len(dropped)


def known_to(client: Client) -> Known:
    """By the ledger: any row names the key, one that counts or one that is taken back. Of who is erased none does once it is blanked."""

    def known(keys: Collection[str]) -> set[str]:
        return {key for key, found in known_keys(client, keys).items() if found}

    return known


def _is_meant(body: Mapping[str, Any], until: Until) -> bool:
    """Whether the alert is of somebody who is erased, by the time of its reason."""
    until_us = until.get(str(body.get("person")))
    if until_us is None:
        return False
    try:
        return parse_time(body["reason"][-1]["time"]) <= until_us
    except (TimeUnreadable, LookupError, TypeError):
        return True
