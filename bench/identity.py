"""What it costs that identifiers belong together: `./run bench identity [--json] [--events N] [--rounds N] [--against COMMIT]`.

As many events are stored three times, each time on a stack of its own and in changing order: no identifier is linked; 5 % of them are
linked in pairs; and 20 %. A pair is linked by an identify event, which comes at some time between the first event and the last; mostly the
two identifiers are at home in different partitions. Counted is CPU time, user and system, of the worker process and of the ClickHouse
server, between the first events that stand in ClickHouse and the end of all that follows from the last one (merges, hand-overs), and of
four seconds without work behind that. Reported are medians over the rounds, and the ratio to the run without links, with its spread.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any, Final

from bench.cpu import parsed, run_shares
from bench.events import WireEvent, make_events
from bench.pipeline import PARTITIONS
from touchline.schemas.identify import IdentifyEvent

EVENTS = 30_000
ROUNDS = 3
SHARES: Final = (0.0, 0.05, 0.2)
SEED: Final = 13


def main() -> None:
    """Run the benchmark and print what it found; the last line of --json is one object."""
    arguments = parsed("identity", __doc__, EVENTS, ROUNDS)
    result = run_shares("linked", arguments, SHARES, linked, until_rest=True)
    print(json.dumps(result) if arguments.json else "\n".join(f"{name:<36}{value}" for name, value in result.items()))


def linked(count: int, share: float) -> list[WireEvent]:
    """Events of which some are identify events instead, one for each pair; this share of the identifiers stands in a pair."""
    events = list(make_events(count, PARTITIONS))
    random = Random(SEED)
    homes = {event.key: event.partition for event in events}
    names = sorted(homes)
    random.shuffle(names)
    chosen = names[: round(len(names) * share / 2) * 2]
    pairs = list(zip(chosen[::2], chosen[1::2], strict=True))
    places = random.sample(range(count), len(pairs))
    for place, (one, other) in zip(places, pairs, strict=True):
        events[place] = _identify(events[place], one, other, homes[one])
    return events


def _identify(instead: WireEvent, one: bytes, other: bytes, partition: int) -> WireEvent:
    replaced: dict[str, Any] = json.loads(instead.value)
    event = {name: replaced[name] for name in ("id", "source", "time", "received_at", "simulated")}
    kind = IdentifyEvent.model_fields["type"].default
    event |= {
        "type": kind,
        "persons": [{"type": "loyalty_card", "key": one.decode()}, {"type": "loyalty_card", "key": other.decode()}],
    }
    headers = [(name, kind.encode() if name == "ce_type" else value) for name, value in instead.headers]
    return WireEvent(one, json.dumps(event, separators=(",", ":")).encode(), headers, partition)


if __name__ == "__main__":
    main()
