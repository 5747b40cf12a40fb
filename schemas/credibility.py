"""What a schema cannot say of one event: are its times, its zone and its sign of money possible?

Sender and worker ask the same function, so what a sender accepts the worker does not quarantine.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

from touchline.schemas.checking import CheckedEvent
from touchline.schemas.events import ANSWER, CONSENT, TOUCHPOINT
from touchline.schemas.reasons import Reason
from touchline.schemas.rejections import Rejection
from touchline.schemas.sources import Terms
from touchline.schemas.times import (
    EARLIEST_US,
    FUTURE_TOLERANCE_US,
    LATEST_US,
    RECEIVED_UNKNOWN_US,
    TimeUnreadable,
    UnknownZone,
    is_plainly_past,
    is_valid_declared_time,
    is_valid_event_time,
    is_zone,
    parse_time,
    zone_of,
)


class Moments(NamedTuple):
    """The times of one event in microseconds since the epoch, UTC, after the correction of the source's clock."""

    time_us: int
    received_us: int
    clock_correction_us: int
    """time_us minus the time as sent."""
    about_us: int
    """When that happened which the event is about: the touchpoint of an answer; from when on a consent is given or withdrawn, by the
    source's clock put right; else time_us."""


def moments_of(event: CheckedEvent, source: Terms, delivered_us: int) -> Moments | Rejection:
    """Times of an event of a declared source, or why they are not credible.

    `delivered_us` stands for `received_at` where the event has none (the record's own timestamp, the sender's clock). Where it cannot
    be a time of receipt, that is unknown: RECEIVED_UNKNOWN_US.
    """
    instants = instants_of(event["time"], event["received_at"], event["zone"], source, delivered_us)
    if isinstance(instants, Rejection):
        return instants
    time_us, received_us = instants
    about_us, kind = time_us, event["type"]
    if kind == TOUCHPOINT:
        fault = sign_fault(event["amount"], event["order"])
        return fault or Moments(time_us, received_us, source.clock_correction_us, about_us)
    for field, text in _declared_times(event):
        try:
            declared_us = parse_time(text, source.zone)
        except (TimeUnreadable, UnknownZone):
            return Rejection(Reason.WRONG_TYPE, field)
        if kind == ANSWER:
            about_us = declared_us
            is_credible = is_valid_event_time(declared_us, received_us)
        else:
            is_credible = is_valid_declared_time(declared_us)
            if kind == CONSENT:
                about_us = declared_us + source.clock_correction_us
        if not is_credible:
            return Rejection(Reason.TIME_OUT_OF_RANGE, field)
    return Moments(time_us, received_us, source.clock_correction_us, about_us)


def fault_of(sent: Mapping[str, Any], source: Terms, delivered_us: int) -> Rejection | None:
    """The same question for a sender, which needs no times, of the known fields that it sends (defaults may be left out)."""
    if sent["type"] != TOUCHPOINT:
        moments = moments_of(defaultdict(lambda: None, sent), source, delivered_us)
        return moments if isinstance(moments, Rejection) else None
    get, time = sent.get, sent["time"]
    is_as_usual = not source[1] and get("received_at") is None and is_plainly_past(time, delivered_us)
    if not is_as_usual or ((zone := get("zone")) and not is_zone(zone)):
        instants = instants_of(time, get("received_at"), get("zone"), source, delivered_us)
        if type(instants) is Rejection:
            return instants
    amount = get("amount")
    return None if amount is None else sign_fault(amount, get("order"))


def instants_of(
    time: str, received_at: str | None, zone: str | None, source: Terms, delivered_us: int
) -> tuple[int, int] | Rejection:
    """Event time (corrected by the source's clock) and time of receipt, in microseconds since the epoch, UTC."""
    field = "received_at"
    naive_zone, clock_correction_us, *_ = source
    try:
        received_us = delivered_us if received_at is None else parse_time(received_at)
        if not EARLIEST_US <= received_us < LATEST_US:
            if received_at is not None:
                return Rejection(Reason.TIME_OUT_OF_RANGE, field)
            received_us = RECEIVED_UNKNOWN_US  # a record's time is whatever a client wrote: 0, -1, seconds
        field = "time"
        # Events that are sent as they happen bear one time twice.
        sent_us = received_us if time == received_at else parse_time(time, naive_zone)
        time_us = sent_us + clock_correction_us
        # The first question is the answer for nearly all, and half as dear.
        if not (
            EARLIEST_US <= time_us <= received_us + FUTURE_TOLERANCE_US or is_valid_event_time(time_us, received_us)
        ):
            return Rejection(Reason.TIME_OUT_OF_RANGE, field)
        field = "zone"
        if zone:
            zone_of(zone)
    except (TimeUnreadable, UnknownZone):
        return Rejection(Reason.WRONG_TYPE, field)
    return time_us, received_us


def sign_fault(amount: dict[str, Any] | None, order: dict[str, Any] | None) -> Rejection | None:
    """A refund gives money back, a purchase does not."""
    if amount is None or order is None:
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
        case "touchline.initiative.v1":
            times = (("starts_at", event["starts_at"]), ("ends_at", event["ends_at"]))
        case "touchline.case.v1":
            times = (("about.occurred_at", event["about"]["occurred_at"]), ("due_at", event["due_at"]))
    return [(field, text) for field, text in times if text is not None]
