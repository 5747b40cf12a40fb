"""One person as text: who it is first, then why. Keys are shortened to their first digits, which `touchline person` takes, too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from touchline.person.values import Evidence, Person, PersonIdentifier, SharedDevice
from touchline.terminal import whole_table
from touchline.wording import counted

SHOWN_KEY_DIGITS = 8


def short(key: str) -> str:
    """The key id and the first digits of a person key."""
    key_id, _, digits = key.partition(":")
    return f"{key_id}:{digits[:SHOWN_KEY_DIGITS]}…"


def render_person(person: Person) -> RenderableType:
    """The verdict, the identifiers, the evidence, what was published when, shared devices and journeys."""
    return Group(*_parts(person))


def _parts(person: Person) -> Iterator[RenderableType]:
    yield Text(_verdict(person))
    if person.is_on_its_way:
        yield Text(
            "  the links say otherwise: a change is on its way, within two ticks of the workers; where it stays away, see "
            "`touchline status`"
        )
    yield _part("identifiers", _identifiers(person.identifiers))
    if person.evidence:
        yield _part("what links them", _evidence(person.evidence))
    if person.changes:
        yield _part("merges and un-merges, as readers saw them", _changes(person))
    if person.handoffs:
        yield _part("handed over to another partition", _handoffs(person))
    if person.hubs:
        yield _part("hubs: too many neighbours, so their links count for nothing", _hubs(person))
    for device in person.shared:
        yield _part(f"shared device: {device.type} {short(device.identifier)}", _shared(device))
    if person.journeys:
        yield _part("journeys", _journeys(person))


def _verdict(person: Person) -> str:
    asked = f"{person.asked_type} {short(person.asked)}"
    if len(person.persons) > 1:
        listed = ", ".join(short(one) for one in person.persons)
        return f"{asked} is a shared device: its events belong to {counted(len(person.persons), 'person')}, {listed}"
    (key,) = person.persons
    ours = [one for one in person.identifiers if one.belongs_to == key or key in one.persons]
    said = f"person {short(key)}: {counted(len(ours), 'identifier')}, {counted(len(person.journeys), 'journey')}"
    return said if person.asked == key else f"{asked} belongs to {said}"


def _part(title: str, content: RenderableType) -> RenderableType:
    return Group(Text(f"\n{title}"), content)


def _time(moment: datetime | None) -> str:
    return "-" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}"


def _identifiers(identifiers: Sequence[PersonIdentifier]) -> Table:
    table = whole_table("identifier", "type", "events", "first (UTC)", "last (UTC)", "published under", "since (UTC)")
    for one in identifiers:
        persons = ", ".join(map(short, one.persons)) or "nobody yet: no touchpoint or answer"
        events = f"{one.events:,}"
        known = (_time(one.first_at), _time(one.last_at))
        table.add_row(short(one.identifier), one.type, events, *known, persons, _time(one.since))
    return table


def _evidence(evidence: Sequence[Evidence]) -> Table:
    table = whole_table("when (UTC)", "says", "of", "event", "stored (UTC)", "state")
    for one in evidence:
        ends = [f"{one.identifier_type} {short(one.identifier)}".strip()]
        if one.linked_identifier:
            ends.append(f"{one.linked_identifier_type} {short(one.linked_identifier)}")
        kind = one.event_type.split(".")[1] if one.event_type.count(".") > 1 else one.event_type
        event = f"{one.event_id} of {one.source}" + (f" ({kind})" if kind else "")
        table.add_row(_time(one.time), one.kind, " and ".join(ends), event, _time(one.stored_at), one.state)
    return table


def _changes(person: Person) -> Table:
    table = whole_table("published (UTC)", "identifier", "from", "to")
    for one in person.changes:
        before, after = (", ".join(map(short, persons)) for persons in (one.persons_before, one.persons))
        table.add_row(_time(one.at), short(one.identifier), before, after)
    return table


def _handoffs(person: Person) -> Table:
    table = whole_table("stored (UTC)", "identifier", "number", "from", "to")
    for one in person.handoffs:
        where = (f"partition {one.from_partition}", f"partition {one.to_partition}")
        table.add_row(_time(one.at), short(one.identifier), str(one.number), *where)
    return table


def _hubs(person: Person) -> Table:
    table = whole_table("identifier", "type", "neighbours")
    for one in person.hubs:
        table.add_row(short(one.identifier), one.type, f"{one.neighbours:,}")
    return table


def _shared(device: SharedDevice) -> Table:
    table = whole_table("from (UTC)", "belongs to", "events in all")
    for number, one in enumerate(device.holdings):
        since = _time(one.since) if number else f"the beginning; login {_time(one.since)}"
        table.add_row(since, short(one.person), f"{device.events.get(one.person, 0):,}")
    return table


def _journeys(person: Person) -> Table:
    table = whole_table("map", "cycle", "from (UTC)", "to (UTC)", "converted (UTC)", "highest stage", "touchpoints")
    for one in person.journeys:
        times = (_time(one.started_at), _time(one.last_at), _time(one.converted_at))
        highest = "-" if one.max_stage_order is None else str(one.max_stage_order)
        table.add_row(f"{one.map} {one.map_version}", str(one.cycle), *times, highest, f"{one.touchpoints:,}")
    return table
