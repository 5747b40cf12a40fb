"""Bytes near valid events: their structure is changed first, then perhaps their bytes. A hundred times quicker than strategies, so that
a check reaches far; the same generator gives the same bytes."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from tests.unit.processors.loop.odd import ODD, VALID
from tests.unit.processors.loop.world import Record

EXAMPLES = Path(__file__).parent.parent.parent / "schemas" / "examples"
TIMES_MS = (*[1_790_000_000_000] * 20, -1, 0, 2**62, -(2**63))
NAMES = (
    "unknown",
    "+x",
    "",
    "\0",
    "type",
    "id",
    "persons",
    "properties",
    "amount",
    "about",
    "score",
    "consent",
    "$ref",
    "é",
)


def bases() -> list[dict[str, Any]]:
    """Valid events of every type, and as many of the contracts' good examples: a grant that is withdrawn is among the former alone."""
    found = [json.loads(path.read_bytes()) for path in sorted(EXAMPLES.glob("*/v*/good/*.json"))]
    declared = [
        {**one, "source": "shop"} for one in found if isinstance(one, dict)
    ]  # a source that the checks' sources name
    return [*VALID * -(-len(declared) // len(VALID)), *declared]


def mutated_records(random: Random, base: list[dict[str, Any]], count: int) -> list[Record]:
    """Consecutive records, one in eight a repetition of an earlier one."""
    records: list[Record] = []
    for offset in range(count):
        if records and random.random() < 0.125:
            key, value = random.choice(records)[1:3]
        else:
            event = copy.deepcopy(random.choice(base))
            for _ in range(random.choice((0, 0, 1, 1, 2, 3))):
                mutate(random, event)
            value = _corrupted(random, _text(random, event).encode("utf-8", "surrogatepass"))
            key = _key(random, event)
        records.append(Record(offset, key, value, random.choice(TIMES_MS)))
    return records


def mutate(random: Random, event: dict[str, Any]) -> None:
    """Change one place of the tree: another value, no value, another name, a copy, something new."""
    place = random.choice(list(_containers(event)))
    if isinstance(place, list):
        action = random.randrange(3)
        if place and action == 0:
            place.pop(random.randrange(len(place)))
        elif place and action == 1:
            place[random.randrange(len(place))] = copy.deepcopy(random.choice(ODD))
        else:
            place.append(copy.deepcopy(random.choice(place) if place else random.choice(ODD)))
        return
    name = random.choice(list(place)) if place and random.random() < 0.8 else random.choice(NAMES)
    action = random.randrange(5)
    if action == 0:
        place.pop(name, None)
    elif action == 1 and name in place:
        place[random.choice(NAMES)] = place.pop(name)
    elif action == 2 and name in place:
        place[name] = [place[name]] if random.random() < 0.5 else {name: place[name]}
    else:
        place[name] = copy.deepcopy(random.choice(ODD))


def _containers(value: Any) -> Iterator[dict[str, Any] | list[Any]]:
    if isinstance(value, dict):
        yield value
        for one in value.values():
            yield from _containers(one)
    elif isinstance(value, list):
        yield value
        for one in value:
            yield from _containers(one)


def _text(random: Random, event: dict[str, Any]) -> str:
    if random.random() < 0.1:  # a name twice: the last one counts, for us as for every JSON reader
        return json.dumps(event)[:-1] + ', "id": "again"}'
    return json.dumps(event, ensure_ascii=random.random() < 0.5)


def _corrupted(random: Random, value: bytes) -> bytes:
    if random.random() < 0.8:
        return value
    at = random.randrange(len(value) + 1)
    match random.randrange(5):
        case 0:
            return value[:at]
        case 1:
            return value[:at] + random.randbytes(random.randrange(1, 5)) + value[at:]
        case 2:
            return (
                value[:at]
                + random.choice((b"{", b"[", b'"', b"\\", b",", b"\0", b"\xff", b"1e999", b"NaN"))
                + value[at:]
            )
        case 3:
            return value[:at] + value[at + random.randrange(1, 40) :]
        case _:
            end = min(len(value), at + 60)
            return value[:at] + value[at:end] * random.choice((2, 50)) + value[end:]


def _key(random: Random, event: dict[str, Any]) -> bytes | None:
    if random.random() < 0.1:
        return random.choice((None, b"", b"\xff", b"whatever"))
    persons = event.get("persons")
    first = persons[0] if isinstance(persons, list) and persons else None
    key = first.get("key") if isinstance(first, dict) else f"{event.get('source')}/{event.get('id')}"
    return str(key).encode("utf-8", "surrogatepass")
