"""Personal values never leave the sender, by any way in: what goes to Kafka is searched for them, key and headers included."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from tests.support.documents import ROOT
from tests.unit.producers.imports.build import WRITERS, send
from touchline.producers.collector.events import EventsFront
from touchline.producers.collector.front import Item, ItemMasked, Posted, RequestOutcome
from touchline.producers.collector.intake import Intake
from touchline.producers.collector.metrics import CollectorMeter
from touchline.producers.errors import EventRejected
from touchline.producers.imports.journal import ImportJournal
from touchline.producers.imports.send import send_events
from touchline.producers.masked import FIELDS_KEPT, FURTHER, MaskedTally, as_objects, masked_note, masked_since
from touchline.producers.memory import InMemoryProducer
from touchline.producers.ndjson import emit_lines
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.personal.guard import Finding
from touchline.schemas.reasons import Reason
from touchline.schemas.sources import Source, Sources
from touchline.schemas.touchpoint import TouchpointEvent

PLANTED = {
    "name": "Zebediah Quux", "mail": "zeb.quux@example.org", "phone": "+49 170 1234567", "card": "4111 1111 1111 1111",
    "iban": "DE89 3704 0044 0532 0130 00", "ip": "203.0.113.77",
}  # fmt: skip
PIECES = ("Zebediah", "quux@", "1234567", "1111 1111", "0532", "113.77", "zeb.quux")
SOURCES: Sources = {"retail-pos": Source(legal_basis="contract", personal=("customer_name",), zone="UTC")}
EVENT: dict[str, Any] = {
    "type": "touchline.touchpoint.v1", "id": "e1", "source": "retail-pos", "time": "2026-03-01T09:30:00Z", "touchpoint": "hotline",
    "identifiers": [("mail", PLANTED["mail"])], "client_ip": PLANTED["ip"], "ticket": {"text": f"card {PLANTED['card']}"},
    "properties": {
        "customer_name": PLANTED["name"], "note": f"mail {PLANTED['mail']} or ring {PLANTED['phone']}", "account": PLANTED["iban"],
        "heard_at": f"from {PLANTED['ip']}", "order_number": "4500012345",
    },
}  # fmt: skip
FOUND = {
    ("properties.customer_name", "named"), ("properties.note", "mail"), ("properties.note", "phone"), ("properties.account", "iban"),
    ("properties.heard_at", "ip"), ("ticket.text", "card"),
}  # fmt: skip
COLUMNS = {
    "customer_name": PLANTED["name"],
    "note": EVENT["properties"]["note"],
    "account": PLANTED["iban"],
    "heard_at": f"from {PLANTED['ip']}",
}
MAPPING = f"""\
mapping: calls
source: retail-pos
id: [store, receipt]
time: sold_at
identifiers: {{mail: card}}
fields: {{touchpoint: {{constant: hotline}}}}
properties: {{{", ".join(f"{name}: {name}" for name in COLUMNS)}}}
"""


def new_producer(sources: Sources = SOURCES) -> InMemoryProducer:
    return InMemoryProducer(person_keys=PersonKeys("k1", bytes(32)), sources=sources)


def bytes_of(producer: InMemoryProducer) -> str:
    producer.flush()
    return " ".join(f"{record.key!r} {record.value.decode()} {record.headers}" for record in producer.records)


def by_emit(producer: InMemoryProducer, _: Path) -> None:
    producer.emit(EVENT)


def by_keywords(producer: InMemoryProducer, _: Path) -> None:
    producer.emit(**EVENT)


def by_model(producer: InMemoryProducer, _: Path) -> None:
    event = {name: value for name, value in EVENT.items() if name != "identifiers"}
    producer.emit_many([TouchpointEvent.model_validate(event)])


def by_lines(producer: InMemoryProducer, _: Path) -> None:
    emit_lines(io.BytesIO(json.dumps(EVENT).encode()), producer, lambda read: None, print)


def by_own_importers(producer: InMemoryProducer, _: Path) -> None:
    assert len(list(send_events([EVENT], producer, None, b""))) == 1


def by_collector(kind: str, wrap: Callable[[dict[str, Any]], Any]) -> Callable[[InMemoryProducer, Path], None]:
    def post(producer: InMemoryProducer, _: Path) -> None:
        parsed = EventsFront().parse(Posted("/v1/events", kind, {}, json.dumps(wrap(EVENT)).encode()), 10).items

        async def take() -> None:
            intake = Intake(producer, has_outbox=True)
            taken = await intake.take([one.event for one in parsed if isinstance(one, Item)], 10.0, lambda: None)
            await intake.close(10.0)
            assert (taken.accepted, set(taken.masked)) == (1, {0})

        asyncio.run(take())

    return post


def as_cloudevent(event: dict[str, Any]) -> dict[str, Any]:
    heads = {name: event[name] for name in ("id", "source", "type", "time")}
    return {"specversion": "1.0", **heads, "data": {name: event[name] for name in event.keys() - heads.keys()}}


WAYS: dict[str, Callable[[InMemoryProducer, Path], None]] = {
    "emit": by_emit,
    "keywords": by_keywords,
    "model": by_model,
    "touchline emit": by_lines,
    "our importers": by_own_importers,
    "collector, object": by_collector("application/json", lambda event: event),
    "collector, array": by_collector("application/json", lambda event: [event]),
    "collector, lines": by_collector("application/x-ndjson", lambda event: event),
    "collector, CloudEvent": by_collector("application/cloudevents+json", as_cloudevent),
}


@pytest.mark.parametrize("way", WAYS)
def test_no_way_in_lets_a_personal_value_through_and_the_sender_hears_what_was_masked(way: str, tmp_path: Path) -> None:
    producer = new_producer()
    WAYS[way](producer, tmp_path)
    sent = bytes_of(producer)
    assert [piece for piece in PIECES if piece in sent] == []
    assert "4500012345" in sent
    assert "mail [mail] or ring [phone]" in sent
    assert set(producer.masked) == FOUND


@pytest.mark.parametrize("suffix", WRITERS)
def test_no_file_lets_a_personal_value_through_and_its_verdict_says_what_was_masked(
    suffix: str, tmp_path: Path
) -> None:
    columns = ("store", "receipt", "sold_at", "card", *COLUMNS)
    rows = [("1", receipt, EVENT["time"], PLANTED["mail"], *COLUMNS.values()) for receipt in ("10", "")]
    path = tmp_path / f"calls{suffix}"
    write_table(path, columns, rows)
    producer = new_producer()
    verdicts = send(path, ImportJournal(tmp_path / "j.sqlite3", "t"), producer, MAPPING)
    sent = bytes_of(producer)
    assert (verdicts.accepted, verdicts.rejected, verdicts.quarantined) == (1, 1, 1)
    assert [piece for piece in PIECES if piece in sent] == []
    assert {(one["field"], one["kind"]) for one in json.loads(verdicts.as_json(path))["masked"]} == {
        one for one in FOUND if one[0] != "ticket.text"
    }
    assert "phone in properties.note" in verdicts.sentence(path)
    assert not any(piece in verdicts.sentence(path) + verdicts.as_json(path) for piece in PIECES)


def write_table(path: Path, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """As the writers of the till file do, with other columns."""
    from tests.unit.producers.imports import build

    before = build.COLUMNS
    build.COLUMNS = columns  # type: ignore[assignment]  # of another length
    try:
        WRITERS[path.suffix](path, rows)
    finally:
        build.COLUMNS = before


@given(
    st.sampled_from(["touchpoint", "time", "amount", "properties", "persons", "id", "type"]),
    st.sampled_from(list(PLANTED.values())[1:]),
)
def test_an_event_for_the_quarantine_holds_no_personal_value_either(field: str, value: str) -> None:
    producer = new_producer()
    producer.emit_refused({**EVENT, field: [{"key": value, "type": "mail"}], "note": value})
    sent = bytes_of(producer)
    assert [piece for piece in PIECES if piece in sent] == []


def test_a_mail_address_in_an_id_is_refused_and_never_told() -> None:
    for fields in ({"id": PLANTED["mail"]}, {"order": {"id": f"order of {PLANTED['mail']}"}}):
        with pytest.raises(EventRejected) as refused:
            new_producer().emit({**EVENT, **fields})
        assert refused.value.reason is Reason.PERSONAL_VALUE
        assert "mail" in refused.value.what
        assert not any(piece in str(refused.value) + refused.value.hint for piece in PIECES)


def test_a_source_may_refuse_events_with_personal_values_and_says_field_and_kind() -> None:
    producer = new_producer(
        {"retail-pos": Source(legal_basis="contract", personal_values="refuse", personal=("customer_name",))}
    )
    with pytest.raises(EventRejected) as refused:
        producer.emit(EVENT)
    assert (refused.value.reason, refused.value.field) == (Reason.PERSONAL_VALUE, "properties")
    assert refused.value.shape == "iban in properties.account"
    producer.emit(
        {**EVENT, "ticket": None, "properties": {"customer_name": PLANTED["name"], "lines": 3}}
    )  # declared, so left out
    assert producer.masked == {("properties.customer_name", "named"): 1}


def test_without_sources_values_are_masked_all_the_same() -> None:
    producer = InMemoryProducer(person_keys=PersonKeys("k1", bytes(32)))
    producer.emit({**EVENT, "properties": {"note": PLANTED["phone"]}})
    assert "1234567" not in bytes_of(producer)


def test_an_answer_by_the_collector_says_which_item_field_and_kind_and_the_metric_counts() -> None:
    outcome = RequestOutcome(2, [], 0, [ItemMasked(1, None, (Finding("comment", "mail", 2),))])
    reply = json.loads(EventsFront().answer(outcome, Posted("/v1/events", "", {}, b"")).body)
    assert reply["masked"] == [{"item": 1, "field": "comment", "kind": "mail", "values": 2}]
    assert "sources.yaml" in reply["hint"]
    assert "masked" not in json.loads(
        EventsFront().answer(RequestOutcome(2, []), Posted("/v1/events", "", {}, b"")).body
    )
    meter = CollectorMeter(None)
    meter.judged(outcome)
    body, _ = asyncio.run(meter.answer("", is_ready=True, in_flight_bytes=0, clock_ahead_seconds=None))
    assert b'touchline_collector_personal_values_total{kind="mail"} 2' in body


def test_fields_without_end_are_counted_under_one_name() -> None:
    tally = MaskedTally()
    for number in range(FIELDS_KEPT + 5):
        tally.add((Finding(f"properties.p{number}", "mail", 1),))
    assert tally.counts()[FURTHER, "mail"] == 5
    assert sum(tally.counts().values()) == FIELDS_KEPT + 5


def test_what_was_masked_is_told_by_frequency_and_between_two_looks() -> None:
    before = {("comment", "mail"): 2}
    now = {("comment", "mail"): 2, ("properties.note", "phone"): 1, ("comment", "card"): 4}
    came = masked_since(before, now)
    assert as_objects(came) == [
        {"field": "comment", "kind": "card", "values": 4}, {"field": "properties.note", "kind": "phone", "values": 1},
    ]  # fmt: skip
    assert masked_note(came).startswith(
        "; masked 5 personal values: card in comment (4), phone in properties.note\nhint: "
    )
    assert masked_note({}) == ""


def test_every_record_to_kafka_is_made_where_the_guard_stands() -> None:
    makers = {
        str(path.relative_to(ROOT))
        for part in ("producers", "processors", "touchline", "schemas", "dashboards")
        for path in (ROOT / part).rglob("*.py")
        if not any(parent.is_symlink() for parent in path.relative_to(ROOT).parents)
        and "PreparedRecord(" in path.read_text().replace("class PreparedRecord(", "")
    }
    # the outbox reads what it wrote; a replay asks the guard itself
    allowed = {"producers/record.py", "producers/outbox/wire.py", "touchline/quarantine/judge.py"}
    assert {
        name for name in makers if not (ROOT / name).parent.is_symlink() and not name.startswith("touchline/producers")
    } == allowed
