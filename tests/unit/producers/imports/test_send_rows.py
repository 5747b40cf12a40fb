"""A file's rows on their way: each is sent or refused with a verdict, no order and no repetition changes what comes of it."""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, given, settings, strategies as st
from kafka.errors import KafkaTimeoutError

from tests.unit.processors.loop.world import quick_folder
from tests.unit.producers.imports.build import (
    BAD_ROWS,
    COLUMNS,
    CONTENT_KEY,
    MAPPING,
    WRITERS,
    SmallTopic,
    events_by_id,
    new_producer,
    receipt,
    send,
    write_csv,
    write_parquet,
)
from touchline.errors import WrongUsage
from touchline.producers.errors import DeliveryFailed
from touchline.producers.imports.journal import ImportJournal
from touchline.producers.imports.rows.row import FileDamaged
from touchline.producers.imports.send import send_events
from touchline.producers.imports.verdicts import RowVerdict
from touchline.producers.memory import InMemoryProducer
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.money import Amount, to_decimal
from touchline.schemas.sources import Source

RECEIPTS = [receipt(number) for number in range(1, 60)]
GOOD_IDS = {f"1/{number}" for number in range(10, 60)}
"""Of receipts that have no bad row's key."""


@pytest.fixture
def journal(tmp_path: Path) -> ImportJournal:
    return ImportJournal(tmp_path / "imports.sqlite3", "broker topic")


@pytest.mark.parametrize("suffix", WRITERS)
def test_rows_become_the_same_events_whatever_kind_of_file_holds_them(
    tmp_path: Path, journal: ImportJournal, suffix: str
) -> None:
    producer = new_producer()
    verdicts = send(WRITERS[suffix](tmp_path / f"till{suffix}", RECEIPTS), journal, producer)

    assert (verdicts.rows, verdicts.accepted, verdicts.rejected) == (59, 59, 0)
    event = events_by_id(producer)["1/7"]
    assert event == {
        "type": "touchline.touchpoint.v1", "source": "retail-pos", "id": "1/7", "time": "2026-03-08T08:30:07.000000Z",
        "zone": "Europe/Berlin", "touchpoint": "store_purchase", "action": "purchase", "place": "1", "order": {"id": "7"},
        "amount": {"amount_minor": 750, "currency": "EUR"}, "properties": {"items": 3}, "persons": event["persons"],
    }  # fmt: skip
    total = sum(to_decimal(Amount(**one["amount"])) for one in producer.events)
    assert str(total) == "1799.50"


def test_rows_that_will_be_suppressed_are_counted_apart_from_the_accepted(
    tmp_path: Path, journal: ImportJournal
) -> None:
    producer = InMemoryProducer(
        person_keys=PersonKeys("k1", bytes(32)), sources={"retail-pos": Source(legal_basis="consent")}
    )
    path = write_csv(tmp_path / "till.csv", RECEIPTS[:5])
    verdicts = send(path, journal, producer)
    assert (verdicts.rows, verdicts.accepted, verdicts.suppressed, verdicts.rejected) == (5, 0, 5, 0)
    assert "sent 0 events; 5 more events will be suppressed for want of consent" in verdicts.sentence(path)


@pytest.mark.parametrize("what", BAD_ROWS)
def test_a_bad_row_is_listed_with_line_field_and_remedy_and_stops_nothing(
    tmp_path: Path, journal: ImportJournal, what: str
) -> None:
    row, reason, field = BAD_ROWS[what]
    producer, told = new_producer(), list[str]()
    rows = [*RECEIPTS[:20], row, *RECEIPTS[20:]]
    verdicts = send(write_csv(tmp_path / "till.csv", rows), journal, producer, say=lambda one: told.append(str(one)))

    assert (verdicts.accepted, verdicts.rejected, verdicts.quarantined) == (59, 1, 1)
    (verdict,) = verdicts.rejections
    assert (verdict.line, verdict.reason, verdict.field) == (22, reason, field)
    assert told == [str(verdict)]
    assert "; " in told[0]
    assert verdict.hint
    shown = [cell for cell in row if len(cell) > 2 and cell not in RECEIPTS[0]]
    assert [cell for cell in shown if cell in told[0]] == []


def test_the_same_bad_row_goes_to_the_quarantine_once_however_often_its_file_comes(
    tmp_path: Path, journal: ImportJournal
) -> None:
    producer = new_producer()
    bad = [row for row, _, _ in BAD_ROWS.values()]
    one = write_csv(tmp_path / "one.csv", [*RECEIPTS, *bad])
    other = write_csv(tmp_path / "other.csv", [*bad[::-1], *RECEIPTS[:5]])
    outcomes = [send(path, journal, producer) for path in (one, one, other)]
    for path in (one, other):
        journal.end(journal.work(path.read_bytes()))
    outcomes.append(send(one, journal, producer))

    assert [one.quarantined for one in outcomes] == [len(bad), 0, 0, 0]
    assert [one.rejected for one in outcomes] == [len(bad), 0, len(bad), len(bad)]
    assert outcomes[1].skipped == 59 + len(bad)


@settings(phases=[Phase.explicit, Phase.reuse, Phase.generate], max_examples=25)
@given(seed=st.integers(0, 2**32), cut=st.integers(0, 60), size=st.integers(1, 80))
def test_halves_order_and_repetition_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, seed: int, cut: int, size: int
) -> None:
    folder = tmp_path_factory.mktemp("imports")
    chance = random.Random(seed)
    rows = [*RECEIPTS[9:], *(row for row, _, _ in BAD_ROWS.values())]
    shuffled = chance.sample(rows, len(rows))
    whole, parts = new_producer(), new_producer()
    with ImportJournal(folder / "a", "t") as one, ImportJournal(folder / "b", "t") as other:
        send(write_csv(folder / "whole.csv", rows), one, whole)
        for number, part in enumerate((shuffled[:cut], shuffled[cut:], shuffled)):
            if part and all(len(row) < len(COLUMNS) for row in part):
                continue  # it is no file of rows, and nothing of it is sent
            send(write_csv(folder / f"{number}.csv", part), other, parts, rows_per_batch=size)

    assert set(contents(parts)) == set(contents(whole))
    refused = [[text for text in contents(producer) if not is_good(text)] for producer in (whole, parts)]
    assert sorted(refused[0]) == sorted(refused[1])  # each once, although its row came twice


def contents(producer: InMemoryProducer) -> list[str]:
    events = ({name: value for name, value in one.items() if name != "received_at"} for one in producer.events)
    return [json.dumps(event, sort_keys=True) for event in events]


def is_good(text: str) -> bool:
    return json.loads(text).get("id") in GOOD_IDS


class KilledAt(InMemoryProducer):
    """Dies when so many batches are safe, before anything is noted."""

    batches = 0

    def secure(self) -> None:
        super().secure()
        self.batches -= 1
        if self.batches < 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("content", [False, True])
@pytest.mark.parametrize("batches", [0, 1, 4])
def test_an_import_that_was_killed_goes_on_and_nothing_is_missing_or_new(
    tmp_path: Path, journal: ImportJournal, batches: int, content: bool
) -> None:
    mapping = None if not content else _by_content()
    options: dict[str, Any] = {"rows_per_batch": 10} | ({"mapping": mapping} if mapping else {})
    path = write_csv(tmp_path / "till.csv", [*RECEIPTS, *RECEIPTS[:5]])
    whole, killed = new_producer(), KilledAt(person_keys=PersonKeys("k1", bytes(32)), content_key=CONTENT_KEY)
    with ImportJournal(tmp_path / "other", "t") as other:
        send(path, other, whole, **options)
    killed.batches = batches
    with pytest.raises(KeyboardInterrupt):
        send(path, journal, killed, **options)
    killed.batches = 99
    outcome = send(path, journal, killed, **options)

    assert outcome.skipped == batches * 10
    assert outcome.skipped + outcome.rows == 64
    assert events_by_id(killed) == events_by_id(whole)
    assert len(events_by_id(whole)) == (64 if content else 59)


def _by_content() -> str:
    return MAPPING.replace("id: [store, receipt]", "id: {content: true}")


def test_a_file_that_breaks_off_gives_what_came_before(tmp_path: Path, journal: ImportJournal) -> None:
    producer = new_producer()
    packed = gzip.compress(write_csv(tmp_path / "till.csv", [receipt(n) for n in range(1, 5_000)]).read_bytes())
    path = tmp_path / "till.csv.gz"
    path.write_bytes(packed[: len(packed) // 2])

    with pytest.raises(FileDamaged, match="break off"):
        send(path, journal, producer, rows_per_batch=100)
    assert 1_000 < len(producer.events) < 4_000


def test_keys_are_spelt_alike_whatever_type_a_column_has(tmp_path: Path, journal: ImportJournal) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    producer = new_producer()
    text = write_parquet(tmp_path / "text.parquet", RECEIPTS)
    table = pq.read_table(text)
    numbers = [("store", pa.float64()), ("receipt", pa.int64()), ("total", pa.float64())]
    for name, kind in numbers:
        table = table.set_column(table.schema.get_field_index(name), name, table[name].cast(kind))
    pq.write_table(table, tmp_path / "typed.parquet")
    send(text, journal, producer)
    first = events_by_id(producer)
    send(tmp_path / "typed.parquet", journal, producer)

    assert events_by_id(producer) == first
    assert len(producer.events) == 2 * len(first) == 118


def test_bytes_that_are_no_utf_8_cost_their_row_or_are_read_as_the_mapping_says(
    tmp_path: Path, journal: ImportJournal
) -> None:
    rows = [receipt(1), ["caf\u00e9", *receipt(2)[1:]]]
    path = write_csv(tmp_path / "till.csv", rows)
    path.write_bytes(path.read_text(encoding="utf-8").encode("cp1252"))
    producer = new_producer()
    (verdict,) = send(path, journal, producer).rejections
    assert (verdict.line, verdict.reason, verdict.field) == (3, "not_utf8", "id")
    assert "caf\u00e9".encode("cp1252") in producer.records[-1].value  # as it was, in the quarantine

    other = new_producer()
    mapping = MAPPING.replace("id: [", "file: {encoding: cp1252}\nid: [")
    with ImportJournal(tmp_path / "other", "t") as second:
        assert send(path, second, other, mapping).rejected == 0
    assert set(events_by_id(other)) == {"1/1", "caf\u00e9/2"}


@pytest.mark.parametrize("batches", [0, 1, 3])
def test_a_data_set_that_was_killed_goes_on_and_is_counted_whole(journal: ImportJournal, batches: int) -> None:
    events = [
        {
            "type": "touchline.touchpoint.v1",
            "source": "shell",
            "id": str(n),
            "time": "2026-03-01T09:30:00Z",
            "touchpoint": "x",
        }
        for n in range(35)
    ]
    killed, work = KilledAt(), journal.work(b"data set")
    killed.batches = batches
    with pytest.raises(KeyboardInterrupt):
        list(send_events(iter(events), killed, journal, work, rows_per_batch=10))
    killed.batches = 99
    given = list(send_events(iter(events), killed, journal, work, rows_per_batch=10))

    assert [one for batch, _ in given for one in batch] == events
    assert sum(len(batch) for batch, is_new in given if not is_new) == batches * 10
    assert {event["id"] for event in killed.events} == {event["id"] for event in events}
    assert len(killed.events) == 35 + min(10, 35 - batches * 10)
    assert journal.progress(work).rows == 0  # ended: the same command sends all of it again


def _table(**columns: Any) -> pa.Table:
    good = {
        "store": ["1"],
        "receipt": ["10"],
        "sold_at": ["01.03.2026 09:30:00"],
        "total": ["1.50"],
        "currency": ["EUR"],
    }
    return pa.table({**good, "card": ["card 1"], "items": ["3"], **columns})


@pytest.mark.parametrize("total", ["1e999", "-1e999"])
def test_an_endless_amount_costs_its_row_only(tmp_path: Path, journal: ImportJournal, total: str) -> None:
    cells = dict(zip(COLUMNS, receipt(1), strict=True))
    lines = [json.dumps(cells | {"total": 0}).replace('"total": 0', f'"total": {total}'), json.dumps(cells)]
    (tmp_path / "till.ndjson").write_text("\n".join(lines))
    verdicts = send(tmp_path / "till.ndjson", journal, new_producer())
    assert (verdicts.accepted, verdicts.rejected, verdicts.quarantined) == (1, 1, 1)
    assert (verdicts.rejections[0].line, verdicts.rejections[0].field) == (1, "amount.amount_minor")


def test_an_amount_of_thousands_of_digits_costs_its_row_only(tmp_path: Path, journal: ImportJournal) -> None:
    rows = [[*receipt(1)[:3], "9" * 5_000, *receipt(1)[4:]], receipt(2)]
    verdicts = send(write_csv(tmp_path / "till.csv", rows), journal, new_producer())
    assert (verdicts.accepted, verdicts.rejected, verdicts.quarantined) == (1, 1, 1)


@pytest.mark.parametrize(
    "sold_at",
    [
        pa.array([0, 10**18, 0], pa.timestamp("us")),
        pa.array([0, 2**30, 0], pa.date32()),
        pa.array([b"2026-01-31", b"\xff\xfe", b"2026-01-31"], pa.binary()).view(pa.string()),
    ],
    ids=["time", "day", "text"],
)
def test_a_value_of_parquet_that_cannot_be_read_costs_its_row_only(
    tmp_path: Path, journal: ImportJournal, sold_at: pa.Array
) -> None:
    one = _table().slice(0, 1)
    table = pa.concat_tables([one, one, one]).set_column(1, "receipt", pa.array(["1", "2", "3"]))
    pq.write_table(table.set_column(2, "sold_at", sold_at), tmp_path / "till.parquet")
    verdicts = send(
        tmp_path / "till.parquet", journal, new_producer(), MAPPING.replace(', format: "%d.%m.%Y %H:%M:%S"', "")
    )
    assert verdicts.rows == 3
    assert 2 in [one.line for one in verdicts.rejections]
    assert "column sold_at holds what cannot be read" in next(one.what for one in verdicts.rejections if one.line == 2)


def test_fields_of_structs_in_parquet_are_named_as_in_ndjson(tmp_path: Path, journal: ImportJournal) -> None:
    pq.write_table(_table(card=pa.array([{"number": "card 1"}])), tmp_path / "till.parquet")
    pq.write_table(_table(), tmp_path / "flat.parquet")
    producer = new_producer()
    send(tmp_path / "till.parquet", journal, producer, MAPPING.replace("loyalty: card", "loyalty: card.number"))
    nested = events_by_id(producer)
    producer = new_producer()
    send(tmp_path / "flat.parquet", journal, producer)
    assert nested == events_by_id(producer)


def test_two_columns_of_one_name_in_parquet_are_refused_as_in_csv(tmp_path: Path, journal: ImportJournal) -> None:
    table = _table()
    pq.write_table(table.append_column("total", pa.array(["2.50"])), tmp_path / "till.parquet")
    with pytest.raises(WrongUsage, match="several columns 'total'"):
        send(tmp_path / "till.parquet", journal, new_producer())


@pytest.mark.parametrize(
    ("column", "field"), [("card", "identifiers"), ("receipt", "id"), ("store", "id"), ("items", "properties")]
)
def test_a_list_is_no_value_of_a_cell(tmp_path: Path, journal: ImportJournal, column: str, field: str) -> None:
    cells: dict[str, Any] = dict(zip(COLUMNS, receipt(1), strict=True))
    (tmp_path / "till.ndjson").write_text(json.dumps(cells | {column: ["3"]}))
    producer = new_producer()
    verdicts = send(tmp_path / "till.ndjson", journal, producer)
    assert [(one.reason, one.field) for one in verdicts.rejections] == [("wrong_type", field)]
    assert verdicts.quarantined == 1


def test_a_list_of_names_may_be_a_list_in_the_file(tmp_path: Path, journal: ImportJournal) -> None:
    mapping = """\
mapping: consents
source: retail-pos
type: touchline.consent.v1
id: number
time: at
identifiers: {loyalty: card}
fields: {consent_id: number, state: {constant: granted}, effective_at: at, purposes: purposes}
"""
    rows = [
        {"number": number, "at": "2026-03-01T00:00:00Z", "card": "card 1", "purposes": purposes}
        for number, purposes in enumerate([["analytics", "mail"], "analytics, mail"])
    ]
    (tmp_path / "consents.ndjson").write_text("\n".join(map(json.dumps, rows)))
    producer = new_producer()
    send(tmp_path / "consents.ndjson", journal, producer, mapping)
    assert [event["purposes"] for event in producer.events] == [["analytics", "mail"]] * 2


LARGE = "x" * 2_000
MOST_BYTES = 1_500
NOTED = MAPPING.replace("{column: items, as: integer}", "currency").replace("{column: currency}", "EUR")


def noted(number: int, note: str = "x") -> list[str]:
    """A receipt whose event is as large as its note."""
    return [*receipt(number)[:4], note, *receipt(number)[5:]]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 6), st.booleans()), max_size=12), st.integers(1, 5))
def test_a_row_larger_than_the_topic_takes_is_refused_and_no_other(rows: list[tuple[int, bool]], batch: int) -> None:
    with quick_folder() as folder:
        journal = ImportJournal(folder / "imports.sqlite3", "broker topic")
        path = write_csv(folder / "till.csv", [noted(number, LARGE if large else "x") for number, large in rows])
        producer = SmallTopic(MOST_BYTES)
        said: list[RowVerdict] = []
        verdicts = send(path, journal, producer, NOTED, say=said.append, rows_per_batch=batch)

    lines = [line for line, (_, large) in enumerate(rows, 2) if large]
    assert [one.line for one in verdicts.rejections] == [one.line for one in said] == lines
    assert (verdicts.accepted, verdicts.rejected, verdicts.quarantined) == (len(rows) - len(lines), len(lines), 0)
    assert Counter(event["order"]["id"] for event in producer.events) == Counter(
        str(number) for number, large in rows if not large
    )


def test_the_verdict_on_a_row_that_is_too_large_says_its_size_and_what_to_do(
    tmp_path: Path, journal: ImportJournal
) -> None:
    path = write_csv(tmp_path / "till.csv", [noted(1, LARGE)])
    (verdict,) = send(path, journal, SmallTopic(MOST_BYTES), NOTED).rejections
    assert verdict.reason == "too_large"
    assert "larger than the topic takes" in str(verdict)
    assert "max.message.bytes" in verdict.hint


def test_a_suppressed_row_that_is_too_large_is_refused_and_no_longer_suppressed(
    tmp_path: Path, journal: ImportJournal
) -> None:
    producer = SmallTopic(MOST_BYTES, sources={"retail-pos": Source(legal_basis="consent")})
    verdicts = send(write_csv(tmp_path / "till.csv", [noted(1), noted(2, LARGE)]), journal, producer, NOTED)
    assert (verdicts.accepted, verdicts.suppressed, verdicts.rejected) == (0, 1, 1)


def test_a_refused_row_that_is_too_large_for_the_quarantine_is_counted_once(
    tmp_path: Path, journal: ImportJournal
) -> None:
    bad = [*noted(2, LARGE)[:2], "soon", *noted(2, LARGE)[3:]]
    verdicts = send(write_csv(tmp_path / "till.csv", [noted(1), bad]), journal, SmallTopic(MOST_BYTES), NOTED)
    assert (verdicts.accepted, verdicts.rejected, verdicts.quarantined) == (1, 1, 0)


def test_what_is_no_rows_fault_still_ends_the_import_where_it_is(tmp_path: Path, journal: ImportJournal) -> None:
    producer = SmallTopic(MOST_BYTES)
    producer.fail_with = KafkaTimeoutError()
    path = write_csv(tmp_path / "till.csv", [noted(1), noted(2, LARGE)])
    with pytest.raises(DeliveryFailed):
        send(path, journal, producer, NOTED)
    assert send(path, journal, SmallTopic(9_000), NOTED).skipped == 0
