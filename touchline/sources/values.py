"""What became of the last events of a source, as values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from touchline.schemas.reasons import Fate

NOT_PLACED: Final = "not placed yet"
UNMAPPED: Final = "unmapped"


class LastEvent(NamedTuple):
    """One Kafka record as a worker understood it. `stage` is that of the default map, UNMAPPED where the map does not know the touchpoint,
    NOT_PLACED where no worker has attached it, empty where nothing is to be placed. `person` is a shortened key, empty for nobody.

    Of a record that is kept out there are `reason` and `field`, and what could be read; of a suppressed one its position only."""

    position: str
    stored_at: datetime
    fate: str
    reason: str
    field: str
    remedy: str
    event_type: str
    event_id: str
    event_time: datetime | None
    touchpoint: str
    action: str
    identifier_type: str
    person: str
    amount: Decimal | None
    currency: str
    stage: str

    @property
    def is_kept_out(self) -> bool:
        """Whether it is in quarantine."""
        return self.fate == Fate.QUARANTINED


class CollectorRefused(NamedTuple):
    """An event that the collector did not take: it is not in Kafka, and its sender heard why. `number` counts since its start."""

    number: int
    at: datetime
    reason: str
    field: str
    found: str
    hint: str


class CollectorSays(NamedTuple):
    """A running collector, asked about one source. `stale` names files that it cannot read as they stand."""

    at: str
    stale: Sequence[str]
    refused: int
    lately: Sequence[CollectorRefused]


class Look(NamedTuple):
    """One look at a source. `legal_basis` is empty where it is not declared; `collector` None where none answers; `missing` says what may
    be wrong where no event was ever seen of it."""

    source: str
    legal_basis: str
    write_keys: Sequence[str]
    collector: CollectorSays | None
    events: Sequence[LastEvent]
    missing: Sequence[str]

    @property
    def refused(self) -> Sequence[CollectorRefused]:
        """What the collector refused lately."""
        return self.collector.lately if self.collector is not None else ()

    @property
    def has_news(self) -> bool:
        """Whether there is anything to show but how things are set up."""
        return bool(self.events or self.refused)


def as_object(look: Look) -> dict[str, object]:
    """The look as values for JSON."""
    return {
        "source": look.source,
        "legal_basis": look.legal_basis or None,
        "write_keys": list(look.write_keys),
        "collector": None
        if look.collector is None
        else {"at": look.collector.at, "stale": list(look.collector.stale), "refused": look.collector.refused},
        "events": [one._asdict() for one in look.events],
        "refused": [one._asdict() for one in look.refused],
        "missing": list(look.missing),
    }
