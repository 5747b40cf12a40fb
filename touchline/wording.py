"""Words that the texts of several commands need."""

from __future__ import annotations


def counted(count: int, noun: str, plural: str = "") -> str:
    """`1 event`, `2 events`; `plural` where it is not the noun with an s."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def waiting_note(waiting: int) -> str:
    """What to say of events that are in the outbox and not yet in Kafka; empty where there are none."""
    return (
        f"; {waiting:,} {'waits' if waiting == 1 else 'wait'} in the outbox (touchline outbox show)" if waiting else ""
    )
