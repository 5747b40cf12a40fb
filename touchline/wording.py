"""Words that the texts of several commands need."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

_TENTH: Final = Decimal("0.1")
SUPPRESSED_HINT: Final = (
    "their source works under consent: name a granted consent with a purpose of the source in each event's consent, or correct the "
    "source's legal_basis or purposes in sources.yaml; nothing of a suppressed event is kept, so send it again then"
)
"""What the sender of events that will be suppressed can do."""


def counted(count: int, noun: str, plural: str = "") -> str:
    """`1 event`, `2 events`; `plural` where it is not the noun with an s."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def one_digit(value: float, sign: str = "") -> str:
    """A number with one digit behind the point, a half rounded away from zero by what the number looks like: as the page and its export
    write it. Python's own formats go by the nearest binary fraction, and make 50.7 of 50.75. `sign` is `+` to always show it."""
    return f"{Decimal(repr(float(value))).quantize(_TENTH, ROUND_HALF_UP):{sign}}"


def percent_of(share: float) -> str:
    """A share of 0 to 1 in percent, as `one_digit` writes it."""
    return f"{(Decimal(repr(float(share))) * 100).quantize(_TENTH, ROUND_HALF_UP)}%"


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
