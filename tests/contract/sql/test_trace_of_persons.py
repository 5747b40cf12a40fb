"""What `touchline trace` says of claims, versions under other keys and merged persons: on ledgers of rows by hand."""

from __future__ import annotations

import pytest
from clickhouse_driver import Client

from tests.contract.sql.rows import DEFAULTS, STREAM, Row, attached, choose_default_map, received, retraction, write
from tests.contract.sql.test_trace import shown
from touchline.trace.read import short_key, trace_event
from touchline.trace.values import verdict

NOBODY, CARD, JANE = "", "k1:" + "ca" * 32, "k1:" + "ab" * 32
PARTITION = 1 << 52


def version(partition: int, revision: int, fate: str, identifier: str, offset: int, reason: str = "") -> Row:
    who = {"identifier": identifier, "identifier_type": "loyalty" if identifier else "", "reason": reason}
    place = {"stream": STREAM.format(partition), "event_id": "receipt-1", "revision": revision}
    return received(partition * PARTITION + offset, fate, offset, payload_hash=revision, **who, **place)


@pytest.fixture
def claimed(empty_client: Client) -> tuple[Client, Row, Row]:
    """A receipt of nobody, and its revision with a card, in another partition."""
    choose_default_map(empty_client)
    old, claim = version(1, 0, "stored", NOBODY, 10), version(2, 1, "superseded", CARD, 20, "claim")
    columns = dict.fromkeys((*old, *claim), 0)
    write(empty_client, [columns | old, columns | claim])
    return empty_client, columns | old, columns | claim


def test_a_claim_is_told_in_words_while_the_old_version_counts(claimed: tuple[Client, Row, Row]) -> None:
    client, _, _ = claimed
    trace = trace_event(client, "shop", "receipt-1")
    assert trace.counts
    (waits,) = [one for one in trace.versions if not one.counts]
    assert waits.because == (
        "it counts as soon as every partition knows of it; until then the version at customer-events/1 offset 10 counts"
    )
    assert "a claim, which waits" in shown(trace)


def test_between_release_and_settling_no_version_counts_and_the_verdict_says_for_how_long(
    claimed: tuple[Client, Row, Row],
) -> None:
    client, old, _ = claimed
    write(client, [retraction(old), old | {"row_id": PARTITION + 999, "fate": "superseded", "insert_number": 2}])
    trace = trace_event(client, "shop", "receipt-1")
    assert not trace.counts
    assert "takes its place within two ticks" in verdict(trace)


def test_after_settling_the_old_version_says_that_one_under_another_key_counts(
    claimed: tuple[Client, Row, Row],
) -> None:
    client, old, claim = claimed
    beaten = old | {"row_id": PARTITION + 999, "fate": "superseded", "insert_number": 2}
    settled = claim | {"row_id": 2 * PARTITION + 999, "fate": "stored", "reason": "", "insert_number": 2}
    write(client, [retraction(old), beaten, retraction(claim), settled])
    trace = trace_event(client, "shop", "receipt-1")
    assert trace.counts
    (lost,) = [one for one in trace.versions if not one.counts]
    assert lost.because == "revision 1 under another key at customer-events/2 offset 20 counts"


def test_an_event_names_its_person_and_the_partition_to_which_its_identifier_was_handed_over(
    empty_client: Client,
) -> None:
    choose_default_map(empty_client)
    stored = version(1, 0, "stored", CARD, 10)
    placed = attached(5, event_id="receipt-1", identifier=CARD, person=JANE, cycle=1, touchpoint_number=1)
    given = [
        DEFAULTS | {"kind": "handoff", "row_id": 100 + number, "identifier": CARD, "handoff_to": to, "handoff_number": number}
        for number, to in ((1, 0), (2, 3))
    ]  # fmt: skip
    columns = dict.fromkeys((*stored, *placed), 0)
    write(empty_client, [columns | row for row in (stored, placed, *given)])
    trace = trace_event(empty_client, "shop", "receipt-1")
    assert trace.event is not None
    assert (trace.event.person, trace.event.handed_over_to) == (short_key(JANE), 3)
    text = shown(trace).replace("\n", " ")
    assert f"of loyalty {short_key(CARD)}, who is person {short_key(JANE)}" in text
    assert "published by partition 3" in text
