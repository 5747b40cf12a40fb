"""What a sender is told when an event cannot be sent or was not acknowledged; never a value of the event."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from touchline.errors import TouchlineError
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import REMEDIES, Rejection, shape_of
from touchline.schemas.times import zone_hint
from touchline.wording import counted


class EventRejected(TouchlineError):
    """The event would be quarantined; nothing was sent. `reason` and `field` are those of the quarantine, `shape`
    tells what stands there without telling the value."""

    def __init__(self, rejection: Rejection, shape: str = "", hint: str = "") -> None:
        self.reason: Reason = rejection.reason
        self.field: str = rejection.field
        self.shape = shape
        where = f"field {rejection.field}" if rejection.field else "the event"
        super().__init__(
            f"{where}: {rejection.reason.value}{f' (it is: {shape})' if shape else ''}", hint or REMEDIES[self.reason]
        )


class SourceUndeclared(EventRejected):
    """The event names a source that is not among the declared ones."""

    def __init__(self, source: str, declared: Collection[str]) -> None:
        super().__init__(Rejection(Reason.UNKNOWN_SOURCE, "source"))
        self.source = source
        self.declared = declared


class DeliveryFailed(TouchlineError):
    """Kafka did not acknowledge some events: it refused them, or it is not known whether they are stored. Sending them again is harmless:
    same source, id and content is a duplicate.

    `failed` is their number, `event_ids` are the ids of the first ones, `too_large` those of events that are larger than the topic takes:
    as long as there are not thousands, all of them."""

    def __init__(
        self,
        failed: int,
        first_error: BaseException | None,
        event_ids: Sequence[str] = (),
        too_large: Sequence[str] = (),
    ) -> None:
        kind = type(first_error).__name__ if first_error is not None else "time-out"
        named = ", ".join(event_ids[:_NAMED])
        if event_ids and failed > _NAMED:
            named += f" and {failed - _NAMED:,} more"
        super().__init__(
            f"Kafka did not acknowledge {counted(failed, 'event')} ({kind}){f': {named}' if named else ''}",
            first_error.hint
            if isinstance(first_error, TouchlineError)
            else _DELIVERY_HINTS.get(kind, "send them again: what arrived counts once"),
        )
        self.failed = failed
        self.event_ids = tuple(event_ids)
        self.too_large = tuple(too_large)


_NAMED: Final = 5
TOO_LARGE_HINT: Final = "make the event smaller, or raise max.message.bytes of the topic, then send it again"
_NO_RIGHT: Final = "ask for the grant Write on the topic, then send them again: what arrived counts once"
_DELIVERY_HINTS: Final = {
    "MessageSizeTooLargeError": TOO_LARGE_HINT,
    "RecordListTooLargeError": TOO_LARGE_HINT,
    "TopicAuthorizationFailedError": _NO_RIGHT,
    "ClusterAuthorizationFailedError": _NO_RIGHT,
}
"""By kafka-python's name of the error, where sending again is not all there is to do."""


class OutboxFull(TouchlineError):
    """The outbox, or its disk, has no room; nothing of the event was kept. `taken` is the number of events of the same
    `emit_many` that are in the outbox."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what, hint)
        self.taken = 0

    @classmethod
    def by_limit(cls, folder: Path, limit_bytes: int, waited_seconds: float) -> OutboxFull:
        """More waits than the limit allows."""
        return cls(
            f"the outbox {folder} is full: {limit_bytes:,} bytes wait for Kafka"
            + (f", and {waited_seconds:g} s brought no room" if waited_seconds else ""),
            "see why with `touchline outbox show`, bring Kafka back, or raise the limit (outbox_limit_bytes)",
        )

    @classmethod
    def by_disk(cls, folder: Path) -> OutboxFull:
        """The operating system refuses to write more."""
        return cls(
            f"the disk of the outbox {folder} is full",
            "make room; what the outbox took before is safe and leaves when Kafka answers",
        )


class OutboxUnusable(TouchlineError):
    """The folder cannot be used as an outbox."""

    exit_status = 2


_ZONE_UNKNOWN: Final = Rejection(Reason.WRONG_TYPE, "zone")
_REMEDIES: Final = {
    Rejection(
        Reason.WRONG_TYPE, "time"
    ): "write RFC 3339 with an offset, such as 2026-01-31T09:30:00+01:00 (or declare the zone of the source)",
    Rejection(
        Reason.WRONG_TYPE, "persons[].key"
    ): "hand raw identifiers over as identifiers=[{type, value}]: the producer makes the keys",
}


def remedy_of(rejection: Rejection, event: Mapping[str, Any]) -> str:
    """What a sender can do about a fault of the event: of this field where more is known, else of this reason."""
    if rejection == _ZONE_UNKNOWN and isinstance(event.get("zone"), str):
        return f"it is no IANA time zone: {zone_hint(event['zone'])}"
    return _REMEDIES.get(rejection) or REMEDIES[rejection.reason]


def shape_at(event: dict[str, Any], path: str) -> str:
    """The shape of what stands at a field path of an event; empty where nothing stands there."""
    value: Any = event
    for part in path.replace("[]", "").split(".") if path else ():
        if isinstance(value, list) and value:
            value = value[0]
        if not isinstance(value, dict) or part not in value:
            return ""
        value = value[part]
    return shape_of(value)
