"""After a change of the maps that stand each partition walks all that it holds, some at a time, and restates it under what stands now.

    identifiers, in the order of their texts ─▶ events that name nobody, by insert ─▶ end

How far it has come stands in its marks, with the number of the change, so a new owner goes on from there, and a newer change begins anew. A
partition that never wrote an insert has nothing to walk.

Why: docs/decisions/0186.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from touchline.processors.state.partition import Partition
from touchline.processors.values.records import NamingAnswer, Reached

END: Final = "end"
IDENTIFIERS_AT_ONCE: Final = 4_000
EVENTS_AT_ONCE: Final = 2_000
STEPS_PER_TICK: Final = 4
"""So that batches need not wait long."""
_IDENTIFIERS, _NOBODY = "i", "n"


class Step(NamedTuple):
    """A piece of the walk for the change `change`: identifiers of which this partition may hold some, and events of nobody. `walked_to`
    is where it ends."""

    change: int
    walked_to: str
    identifiers: list[str]
    alone: list[NamingAnswer]


def reached_at_first(change: int) -> Reached:
    """Of a partition that never wrote an insert, whose owner knows this change: all is walked. It has published nothing and taken nothing
    over, and what others stored of its identifiers it reads from the first insert on (`away`), to follow it under what stands by then."""
    return Reached({}, change, END if change else "")


def has_walked(partition: Partition, change: int) -> bool:
    """Whether all is restated that this change asks for."""
    reached = partition.reached
    return reached.map_change == change and (reached.walked_to == END or not change)


def has_passed(partition: Partition, change: int, identifier: str) -> bool:
    """Whether this walk does not come to the identifier any more."""
    reached = partition.reached
    if reached.map_change != change or not change:
        return not change
    return not reached.walked_to.startswith(_IDENTIFIERS) or identifier <= reached.walked_to.removeprefix(_IDENTIFIERS)


def next_step(partition: Partition, change: int, pieces: int = 1) -> Step:
    """The next piece of a walk that has not ended, in `pieces` times smaller ones. Raises LedgerUnavailable."""
    identifiers_at_once, events_at_once = max(1, IDENTIFIERS_AT_ONCE // pieces), max(1, EVENTS_AT_ONCE // pieces)
    reached = partition.reached
    walked_to = reached.walked_to if reached.map_change == change else ""
    if not walked_to.startswith(_NOBODY):
        found = partition.ledger.identifiers_after(walked_to.removeprefix(_IDENTIFIERS), identifiers_at_once)
        is_last = len(found) < identifiers_at_once
        return Step(change, f"{_NOBODY}0" if is_last else f"{_IDENTIFIERS}{found[-1]}", found, [])
    events = partition.ledger.unidentified_after(partition.number, int(walked_to[1:]), events_at_once)
    alone = [NamingAnswer(source, event_id, "") for _, source, event_id in events]
    is_last = len(events) < events_at_once
    return Step(change, END if is_last else f"{_NOBODY}{events[-1][0]}", [], alone)
