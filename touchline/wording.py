"""Words that the texts of several commands need."""

from __future__ import annotations

from typing import Final

SUPPRESSED_HINT: Final = (
    "their source works under consent: name a granted consent with a purpose of the source in each event's consent, or correct the "
    "source's legal_basis or purposes in sources.yaml; nothing of a suppressed event is kept, so send it again then"
)
"""What the sender of events that will be suppressed can do."""


def counted(count: int, noun: str, plural: str = "") -> str:
    """`1 event`, `2 events`; `plural` where it is not the noun with an s."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def waiting_note(waiting: int) -> str:
    """What to say of events that are in the outbox and not yet in Kafka; empty where there are none."""
    return (
        f"; {waiting:,} {'waits' if waiting == 1 else 'wait'} in the outbox (touchline outbox show)" if waiting else ""
    )


def suppressed_note(suppressed: int) -> str:
    """What to say of events that the pipeline will not keep for want of consent, with the remedy; empty where there are none."""
    if not suppressed:
        return ""
    said = f"{counted(suppressed, 'more event')} will be suppressed for want of consent"
    return f"; {said} and {'counts' if suppressed == 1 else 'count'} nowhere\nhint: {SUPPRESSED_HINT}"
