"""What the present contract says of kept bytes, and the record that is sent when it takes them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.quarantine.rig import PERSON, RECEIVED_US, entry, event, judge, kept
from touchline.quarantine.judge import Mended, Unmendable
from touchline.quarantine.keep import Kept, State
from touchline.schemas.canonical import payload_hash


def test_a_mended_record_is_its_bytes_under_the_key_and_time_that_it_should_have() -> None:
    raw = b'{"persons": [{"type": "loyalty", "key": "' + PERSON.encode() + b'"}],   ' + json.dumps(event()).encode()[1:]
    verdict = judge().judge(kept(raw))
    assert isinstance(verdict, Mended)
    assert verdict.record.value == raw
    assert verdict.record.key == PERSON.encode()
    assert verdict.timestamp_ms == RECEIVED_US // 1_000
    assert dict(verdict.record.headers)["ce_id"] == b"visit-1"
    assert dict(verdict.record.headers)["ce_time"] == b"2026-03-01T10:00:00+01:00"


def test_personal_values_do_not_go_to_kafka_again() -> None:
    raw = event(properties={"note": "write to zeb.quux@example.org", "gone": None}, client_ip="203.0.113.77")
    verdict = judge().judge(kept(raw))
    assert isinstance(verdict, Mended)
    sent = json.loads(verdict.record.value)
    assert sent == {**raw, "properties": {"note": "write to [mail]"}, "client_ip": "203.0.113.0"}
    assert verdict.version == ("till", "visit-1", payload_hash(sent))


def test_an_event_of_nobody_has_its_own_key() -> None:
    verdict = judge().judge(kept(event(persons=[])))
    assert isinstance(verdict, Mended)
    assert verdict.record.key == b"till/visit-1"


def test_the_order_of_fields_is_no_other_version() -> None:
    one, other = judge().judge(kept(event())), judge().judge(kept(dict(reversed(event().items()))))
    assert isinstance(one, Mended)
    assert isinstance(other, Mended)
    assert one.version == other.version
    assert one.record.value != other.record.value


@pytest.mark.parametrize(
    ("value", "why", "field"),
    [
        (event(source="nobody"), "unknown_source", "source"),
        (event(time="2027-01-01T00:00:00Z"), "time_out_of_range", "time"),
        (event(type="touchline.touchpoint.v9"), "unknown_version", "type"),
        (event(source="web"), "no_consent", "consent"),
        (b"{no json", "not_json", ""),
        (b"\xff", "not_utf8", ""),
        (b"[]", "wrong_type", ""),
    ],
)
def test_what_is_still_refused_says_why_and_what_to_mend(value: Any, why: str, field: str) -> None:
    verdict = judge().judge(kept(value))
    assert isinstance(verdict, Unmendable)
    assert (verdict.why, verdict.field) == (why, field)
    assert verdict.remedy


def test_an_event_of_the_future_does_not_become_credible_by_waiting() -> None:
    """Its time is held against the time at which it was received, not against the replay."""
    future = kept(event(time="2026-03-09T00:00:00Z"), reason="time_out_of_range")
    assert isinstance(judge().judge(future), Unmendable)
    assert isinstance(judge().judge(kept(event(time="2026-03-05T00:00:00Z"), reason="time_out_of_range")), Mended)


def test_a_conflict_is_settled_by_its_sender() -> None:
    verdict = judge().judge(kept(event(), reason="conflict"))
    assert isinstance(verdict, Unmendable)
    assert "raise the revision" in verdict.remedy


@pytest.mark.parametrize("state", [State.EXPIRED, State.NONE, State.LOCKED])
def test_without_bytes_there_is_nothing_to_send(state: State) -> None:
    verdict = judge().judge(Kept(entry(), state, b""))
    assert isinstance(verdict, Unmendable)
    assert verdict.why == state
