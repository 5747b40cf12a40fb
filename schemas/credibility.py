"""What a schema cannot say of one event: are its times, its zone and its sign of money possible?

Sender and worker ask the same function, so what a sender accepts the worker does not quarantine.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Any, NamedTuple

from touchline.schemas.checking import CheckedEvent
from touchline.schemas.events import ANSWER, TOUCHPOINT
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import Rejection
from touchline.schemas.sources import Source
from touchline.schemas.times import (
    TimeUnreadable,
    UnknownZone,
    is_valid_declared_time,
    is_valid_event_time,
    parse_time,
    zone_of,
)

_of_all = itemgetter("received_at", "time", "zone", "type")
_new: Any = tuple.__new__  # a named tuple's own constructor costs twice as much


class Moments(NamedTuple):
    """The times of one event in microseconds since the epoch, UTC, after the correction of the source's clock."""

    time_us: int
    received_us: int
    clock_correction_us: int
    """time_us minus the time as sent."""
    about_us: int
    """When that happened which the event is about: the touchpoint of an answer, else time_us."""


def moments_of(event: CheckedEvent, source: Source, delivered_us: int) -> Moments | Rejection:
    """Times of an event of a declared source, or why they are not credible.

    `delivered_us` stands for `received_at` where the event has none (the record's own timestamp, the sender's clock).
    """
    field = "received_at"
    try:
        received_at, time, zone, kind = _of_all(event)
        received_us = delivered_us if received_at is None else parse_time(received_at)
        if not is_valid_declared_time(received_us):
            return Rejection(Reason.TIME_OUT_OF_RANGE, field)
        field = "time"
        correction_us = source.clock_correction_us
        time_us = parse_time(time, source.zone) + correction_us
        if not is_valid_event_time(time_us, received_us):
            return Rejection(Reason.TIME_OUT_OF_RANGE, field)
        field = "zone"
        if zone:
            zone_of(zone)
        if kind == TOUCHPOINT:
            return _sign_fault(event) or _new(Moments, (time_us, received_us, correction_us, time_us))
        about_us = time_us
        for field, text in _declared_times(event):
            declared_us = parse_time(text, source.zone)
            if kind == ANSWER:
                about_us = declared_us
                is_credible = is_valid_event_time(declared_us, received_us)
            else:
                is_credible = is_valid_declared_time(declared_us)
            if not is_credible:
                return Rejection(Reason.TIME_OUT_OF_RANGE, field)
    except (TimeUnreadable, UnknownZone):
        return Rejection(Reason.WRONG_TYPE, field)
    return Moments(time_us, received_us, correction_us, about_us)


def _sign_fault(event: CheckedEvent) -> Rejection | None:
    """A refund gives money back, a purchase does not."""
    amount = event["amount"]
    if amount is None or (order := event["order"]) is None:
        return None
    is_wrong = amount["amount_minor"] > 0 if order["kind"] == "refund" else amount["amount_minor"] < 0
    return Rejection(Reason.OUT_OF_SCALE, "amount.amount_minor") if is_wrong else None


def _declared_times(event: CheckedEvent) -> list[tuple[str, str]]:
    """Field path and text of the times that an event declares beside its own."""
    times: tuple[tuple[str, str | None], ...] = ()
    match event["type"]:
        case "touchline.answer.v1":
            times = (("about.occurred_at", event["about"]["occurred_at"]),)
        case "touchline.consent.v1":
            times = (("effective_at", event["effective_at"]),)
        case "touchline.measure.v1":
            times = (("starts_at", event["starts_at"]), ("ends_at", event["ends_at"]))
    return [(field, text) for field, text in times if text is not None]
