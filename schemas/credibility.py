"""What a schema cannot say of one event: are its times, its zone and its sign of money possible?

Sender and worker ask the same function, so what a sender accepts the worker does not quarantine.
"""

from __future__ import annotations

from typing import NamedTuple

from touchline.schemas.answer import AnswerEvent
from touchline.schemas.consent import ConsentEvent
from touchline.schemas.events import Event
from touchline.schemas.measure import MeasureEvent
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
from touchline.schemas.touchpoint import TouchpointEvent


class Moments(NamedTuple):
    """The times of one event in microseconds since the epoch, UTC, after the correction of the source's clock."""

    time_us: int
    received_us: int
    clock_correction_us: int
    """time_us minus the time as sent."""
    about_us: int
    """When that happened which the event is about: the touchpoint of an answer, else time_us."""


def moments_of(event: Event, source: Source, delivered_us: int) -> Moments | Rejection:
    """Times of an event of a declared source, or why they are not credible.

    `delivered_us` stands for `received_at` where the event has none (the record's own timestamp, the sender's clock).
    """
    field = "received_at"
    try:
        received_us = delivered_us if event.received_at is None else parse_time(event.received_at)
        if not is_valid_declared_time(received_us):
            return Rejection(Reason.TIME_OUT_OF_RANGE, field)
        field = "time"
        correction_us = source.clock_correction_us
        time_us = parse_time(event.time, source.zone) + correction_us
        if not is_valid_event_time(time_us, received_us):
            return Rejection(Reason.TIME_OUT_OF_RANGE, field)
        field = "zone"
        if event.zone:
            zone_of(event.zone)
        if type(event) is TouchpointEvent:
            return _sign_fault(event) or Moments(time_us, received_us, correction_us, time_us)
        about_us = time_us
        for field, text in _declared_times(event):
            declared_us = parse_time(text, source.zone)
            if type(event) is AnswerEvent:
                about_us = declared_us
                is_credible = is_valid_event_time(declared_us, received_us)
            else:
                is_credible = is_valid_declared_time(declared_us)
            if not is_credible:
                return Rejection(Reason.TIME_OUT_OF_RANGE, field)
    except (TimeUnreadable, UnknownZone):
        return Rejection(Reason.WRONG_TYPE, field)
    return Moments(time_us, received_us, correction_us, about_us)


def _sign_fault(event: TouchpointEvent) -> Rejection | None:
    """A refund gives money back, a purchase does not."""
    if event.order is None or event.amount is None:
        return None
    is_wrong = event.amount.amount_minor > 0 if event.order.kind == "refund" else event.amount.amount_minor < 0
    return Rejection(Reason.OUT_OF_SCALE, "amount.amount_minor") if is_wrong else None


def _declared_times(event: Event) -> list[tuple[str, str]]:
    """Field path and text of the times that an event declares beside its own."""
    # `type(event) is`: pydantic's models answer isinstance in Python, about 2 µs each time.
    times: tuple[tuple[str, str | None], ...] = ()
    if type(event) is AnswerEvent:
        times = (("about.occurred_at", event.about.occurred_at),)
    elif type(event) is ConsentEvent:
        times = (("effective_at", event.effective_at),)
    elif type(event) is MeasureEvent:
        times = (("starts_at", event.starts_at), ("ends_at", event.ends_at))
    return [(field, text) for field, text in times if text is not None]
