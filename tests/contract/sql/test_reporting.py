"""The report and the reconciliation, on hand-made ledgers."""

from __future__ import annotations

import io
import json
import re
from datetime import date, timedelta

import pytest
from clickhouse_driver import Client
from rich.console import Console

from tests.contract.sql.rows import (
    NOON,
    STREAM,
    Row,
    answer,
    attached,
    choose_default_map,
    mark,
    received,
    register_map,
    retraction,
    write,
)
from touchline.account.accounts import check_balance, check_offsets, check_rows, read_accounts
from touchline.account.recounts import SET_OF_ROWS, check_projections, check_signs
from touchline.clickhouse.http import QueryRefused, stream_query
from touchline.errors import EngineUnreachable, TouchlineError, WrongUsage
from touchline.kafka.offsets import TopicOffsets
from touchline.report.page import render
from touchline.report.read import build_report
from touchline.report.values import as_object
from touchline.settings import Settings


@pytest.fixture
def ledger() -> list[Row]:
    """Five offsets of one stream: two events of two persons, an answer, a duplicate, a quarantined record; one event retracted."""
    visits = [
        attached(10, person="k1:a", place="7"),
        attached(11, person="k1:b", offset=1, touchpoint="web_visit", is_mapped=0, stage=""),
    ]
    gone = attached(12, person="k1:c", offset=1)
    return [
        *visits,
        gone,
        retraction(gone),
        answer(13, "nps", 10, (0, 10), offset=2, person="k1:a"),
        received(20, "stored", 0),
        received(21, "stored", 1),
        received(22, "stored", 2),
        received(23, "duplicate", 3),
        received(24, "quarantined", 5, reason="not_json", field=""),
        mark(30, 5, {"received": 5, "stored": 3, "duplicate": 1, "quarantined": 1}, first_offset=0, gaps=1),
    ]


def test_the_report_shows_what_stands_with_n_and_interval(empty_client: Client, ledger: list[Row]) -> None:
    choose_default_map(empty_client)
    write(empty_client, ledger)
    report = build_report(empty_client)
    assert (report.totals.events, report.totals.persons, report.totals.places, report.totals.answers) == (2, 2, 1, 1)
    store, web = report.touchpoints
    assert (store.touchpoint, store.stage, store.events, store.persons) == ("store_visit", "awareness", 1, 1)
    (kpi,) = store.kpis
    assert (kpi.kpi, kpi.variant, kpi.n, kpi.value, kpi.ci_method) == ("nps", "standard", 1, 100, "adjusted_wald")
    assert (web.touchpoint, list(web.kpis)) == ("web_visit", [])
    assert report.unmapped == [("shop", "web_visit", "", 1)]
    assert report.quarantine == [("not_json", 1)]
    assert report.account.is_balanced
    assert json.dumps(as_object(report))


def test_the_printed_report_names_every_part_and_labels_simulated_data(empty_client: Client, ledger: list[Row]) -> None:
    choose_default_map(empty_client)
    stages = [("retail", 1, name, order, "", "") for order, name in enumerate(("awareness", "purchase"), start=1)]
    empty_client.execute("INSERT INTO journey_raw.stages VALUES", stages)
    till = attached(14, is_simulated=1, touchpoint="till", stage_max=2, stage="purchase", stage_order=2)
    write(empty_client, [*ledger, till, answer(15, "ces", 3, (1, 7), variant="top2")])
    output = io.StringIO()
    Console(file=output, width=160, markup=False).print(render(build_report(empty_client)))
    text = output.getvalue()
    for part in (
        "till (simulated)",
        "simulated events: no evidence about real customers. They come from shop.",
        "nps standard, transactional",
        "100.0",
        "unmapped: 1 of 3 events (33.3%)",
        "not_json",
        "send one JSON object",
        "ces has no variant top2",
        "100.0 points",
        "all journeys (simulated ones included) that reached each",
        "balanced",
    ):
        assert part in text
    assert "awareness 0 0 0 0 0 - - 0" in " ".join(text.split())
    assert "5 received = 3 stored + 1 duplicate + 0 superseded + 1 quarantined" in text


def test_the_report_names_sources_that_are_not_declared(empty_client: Client) -> None:
    choose_default_map(empty_client)
    odd = [
        received(number, "quarantined", number, reason="unknown_source", field="source", source=source)
        for number, source in enumerate(["kasse", "kasse", "desk", ""])
    ]
    write(empty_client, odd)
    report = build_report(empty_client)
    assert (report.quarantine, report.undeclared) == ([("unknown_source", 4)], [("kasse", 2), ("desk", 1)])


def test_the_report_says_that_nothing_is_unmapped_or_in_quarantine(empty_client: Client) -> None:
    choose_default_map(empty_client)
    write(empty_client, [attached(10), received(20, "stored", 0), mark(30, 0, {"received": 1, "stored": 1})])
    output = io.StringIO()
    Console(file=output, width=160, markup=False).print(render(build_report(empty_client)))
    assert "unmapped: 0 of 1 event " in output.getvalue()
    assert "quarantine: nothing is kept out" in output.getvalue()


def test_the_report_of_an_empty_ledger_is_no_error(empty_client: Client) -> None:
    report = build_report(empty_client)
    assert (report.maps, report.totals.events, report.touchpoints, report.account.is_balanced) == ([], 0, [], True)
    output = io.StringIO()
    Console(file=output, width=160, markup=False).print(render(report))
    assert "no map is registered yet" in output.getvalue()
    assert "nothing is stored yet: send an event (`touchline emit --help`)" in output.getvalue()


@pytest.fixture
def two_maps(empty_client: Client) -> Client:
    """A store and a web shop, each with a map of its own under which the other's events are unmapped. Of the store's CSAT 10 of 40 answers
    were good in the period before, 35 of 40 in the last one; of the shop's as many in both. One event is in neither map."""
    choose_default_map(empty_client)
    register_map(empty_client, "web")
    rows: list[Row] = []
    shop = {"touchpoint": "web_visit", "person": "k1:b"}
    nowhere = {"stage": "", "stage_order": 0, "is_mapped": 0}
    for map_name, at_home in (("retail", "store_visit"), ("web", "web_visit")):
        of_map = {"map": map_name}
        rows.append(attached(10, **of_map, person="k1:a", **({} if at_home == "store_visit" else nowhere)))
        rows.append(attached(11, **of_map, **shop, **({} if at_home == "web_visit" else nowhere)))
        rows.append(attached(12, **of_map, touchpoint="kiosk", **nowhere))
        for touchpoint, good_before in (("store_visit", 10), ("web_visit", 35)):
            for number in range(80):
                day = NOON - timedelta(days=28 if number < 40 else 0)
                is_good = number % 40 < (good_before if number < 40 else 35)
                values = {"local_date": day.date(), "about_time": day, "touchpoint": touchpoint, "is_simulated": 1}
                row_id = 1_000 + number + (500 if touchpoint == "web_visit" else 0)
                rows.append(answer(row_id, "csat", 5 if is_good else 2, (1, 5), **of_map, **values))
    for number, row in enumerate(rows):
        row["row_id"] = number
    write(empty_client, rows)
    return empty_client


def test_each_touchpoint_stands_under_the_map_that_places_it(two_maps: Client) -> None:
    report = build_report(two_maps)
    shown = {
        part.map: [(one.touchpoint, one.is_simulated, one.events) for one in part.touchpoints] for part in report.maps
    }
    assert shown == {
        "retail": [("kiosk", False, 1), ("store_visit", False, 1), ("store_visit", True, 0)],
        "web": [("web_visit", False, 1), ("web_visit", True, 0)],
    }
    assert report.unmapped == [("shop", "kiosk", "", 1)]
    assert json.dumps(as_object(report))


def test_a_trend_is_proven_or_said_not_to_be(two_maps: Client) -> None:
    report = build_report(two_maps)
    trends = {line.touchpoint: kpi.trend for line in report.touchpoints for kpi in line.kpis}
    assert {name: (one.verdict, one.n, one.n_before) for name, one in trends.items()} == {
        "store_visit": ("up", 40, 40),
        "web_visit": ("no significant change", 40, 40),
    }
    assert trends["store_visit"].change == pytest.approx(62.5)
    (retail, _) = report.maps
    assert retail.periods is not None
    assert (retail.periods.from_, retail.periods.to) == (date(2026, 2, 2), date(2026, 3, 1))
    yesterday = build_report(two_maps, days=1, until=date(2026, 2, 28))
    assert {kpi.trend.verdict for line in yesterday.touchpoints for kpi in line.kpis} == {"no answers to compare"}


@pytest.mark.parametrize("width", [60, 80, 160])
def test_the_report_says_the_same_on_every_terminal(two_maps: Client, width: int) -> None:
    output = io.StringIO()
    Console(file=output, width=width, markup=False).print(render(build_report(two_maps)))
    text = output.getvalue()
    assert max(map(len, text.splitlines())) <= width
    squeezed = re.sub(r"\s+", "", text)
    for part in (
        "map web: Map web",
        "unmapped by any map: 1 of 3 events",
        "2026-02-02 to 2026-03-01 against 2026-01-05 to 2026-02-01",
    ):
        assert part.replace(" ", "") in squeezed
    assert squeezed.count("(simulated)") >= 2
    assert squeezed.count("csattop_2_box,transactional") == 2
    if width >= 160:
        assert "up +62.5" in text
        assert "no significant change" in text


def said_of_account(client: Client, end: int = 6, beginning: int = 0) -> set[tuple[str, str]]:
    accounts = read_accounts(client)
    kafka = TopicOffsets("customer-events", "topic-id", {0: beginning}, {0: end})
    found = [*check_balance(accounts), *check_rows(client, accounts), *check_offsets(accounts, kafka)]
    return {(difference.subject, difference.said) for difference in found}


def differences(client: Client, end: int = 6) -> set[tuple[str, str]]:
    recounted = [*check_signs(client), *check_projections(client)]
    return said_of_account(client, end) | {(difference.subject, difference.said) for difference in recounted}


def test_a_sound_ledger_is_clean(empty_client: Client, ledger: list[Row]) -> None:
    choose_default_map(empty_client)
    write(empty_client, ledger)
    assert differences(empty_client) == set()
    assert empty_client.execute("SELECT received, gaps, is_balanced FROM journey.account") == [(5, 1, 1)]


def test_each_fault_is_named(empty_client: Client, ledger: list[Row]) -> None:
    choose_default_map(empty_client)
    faulty = [row for row in ledger if row["row_id"] != 23]  # the duplicate's row is lost
    faulty += [
        attached(10, person="k1:a", place="7"),
        retraction(attached(40)),
    ]  # one row twice, one retraction of nothing
    write(empty_client, faulty)
    stream = STREAM.format(0)
    assert differences(empty_client, end=9) == {
        (stream, "1 duplicate by the marks, 0 by the rows"),
        (stream, "Kafka is at offset 9, the account at 6: 3 not stored yet"),
        ("row 10", "stands 2 times"),
        ("row 40", "stands -1 times"),
        ("map retail version 1", "an event of source shop (offset 0) stands 2 times"),
        ("map retail version 1", "an event of source shop (offset 0) stands -1 times"),
    }


def test_a_restore_is_advised_for_rows_that_changed_and_not_for_an_id_that_two_persons_bear(
    empty_client: Client,
) -> None:
    twice = attached(10, person="k1:a", identifier="k1:a")
    write(
        empty_client,
        [
            attached(1, event_id="receipt-1", person="k1:a", stream=STREAM.format(0)),
            attached(2, event_id="receipt-1", person="k1:b", stream=STREAM.format(3)),
            twice,
            twice,
        ],
    )
    hints = {difference.said: difference.hint for difference in check_signs(empty_client)}
    split = "an event of source shop (offset 0) stands 2 times, in 2 partitions"
    assert hints.keys() == {"stands 2 times", "an event of source shop (offset 0) stands 2 times", split}
    assert {said for said, hint in hints.items() if "touchline restore" in hint} == hints.keys() - {split}
    assert "came under several keys" in hints[split]


def test_a_recount_sees_another_value_beside_a_null(empty_client: Client) -> None:
    """Most rows of marts have a NULL somewhere: brand, place, persona."""
    structure = "place LowCardinality(Nullable(String)), stage Nullable(String), events Int64, rate Float64"
    digests = [
        empty_client.execute(f"SELECT {SET_OF_ROWS} FROM values('{structure}', {rows})")[0]
        for rows in (
            "(NULL, 's', 1, 0.5), ('7', NULL, 2, 0.5)",
            "('7', NULL, 2, 0.5), (NULL, 's', 1, 0.5)",
            "(NULL, 's', 2, 0.5), ('7', NULL, 2, 0.5)",
            "(NULL, 's', 1, 0.5), ('7', NULL, 2, 0.6)",
            "('', 's', 1, 0.5), ('7', NULL, 2, 0.5)",
        )
    ]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 4


def test_an_account_that_does_not_add_up_is_not_balanced(empty_client: Client) -> None:
    write(empty_client, [received(1, "stored", 0), mark(2, 3, {"received": 2, "stored": 1}, first_offset=0)])
    stream = STREAM.format(0)
    assert empty_client.execute("SELECT is_balanced FROM journey.account") == [(0,)]
    assert said_of_account(empty_client, end=4) == {
        (stream, "2 received, but 1 have a fate"),
        (stream, "4 offsets, but 2 received and 0 gaps"),
    }


@pytest.mark.parametrize(
    ("end", "beginning", "said"),
    [
        (3, 0, "the account is at offset 6, Kafka only at 3: was the topic cut?"),
        (8, 0, "Kafka is at offset 8, the account at 6: 2 not stored yet"),
    ],
)
def test_offsets_that_differ_from_kafka_are_named(
    empty_client: Client, ledger: list[Row], end: int, beginning: int, said: str
) -> None:
    write(empty_client, ledger)
    assert (STREAM.format(0), said) in said_of_account(empty_client, end, beginning)


def test_a_partition_that_nobody_read_is_named(empty_client: Client) -> None:
    assert said_of_account(empty_client, end=6, beginning=2) == {
        (STREAM.format(0), "4 records in Kafka, none accounted for")
    }


def test_a_query_streams_as_clickhouse_writes_it(engine_settings: Settings) -> None:
    assert b"".join(stream_query(engine_settings, "SELECT 1, 'x'")) == b"1\tx\n"
    assert b"".join(stream_query(engine_settings, "SELECT 1 AS a", "CSVWithNames")) == b'"a"\n1\n'
    assert sum(map(len, stream_query(engine_settings, "SELECT number FROM numbers(1000000)"))) == 6_888_890


def test_an_error_has_clickhouses_code_and_a_remedy_where_we_know_one(engine_settings: Settings) -> None:
    with pytest.raises(QueryRefused, match="ClickHouse error 60: "):
        list(stream_query(engine_settings, "SELECT * FROM journey.nothing"))
    with pytest.raises(QueryRefused) as refused:
        list(stream_query(engine_settings, "SELECT 1", "Nope"))
    assert re.fullmatch(r"ClickHouse error 73: Unknown format Nope\.[^()]*\(UNKNOWN_FORMAT\)", refused.value.what), (
        "the error says itself once"
    )
    with pytest.raises(QueryRefused, match="ClickHouse error 395: ") as caught:
        list(stream_query(engine_settings, "SELECT throwIf(number = 3000000) FROM numbers(10000000)"))
    assert isinstance(caught.value, TouchlineError)
    with pytest.raises(WrongUsage, match="refuses the user `nobody`"):
        list(stream_query(engine_settings.with_changes(clickhouse_user="nobody"), "SELECT 1"))
    with pytest.raises(EngineUnreachable):
        list(stream_query(engine_settings.with_changes(clickhouse_http_port=1), "SELECT 1"))
    with pytest.raises(WrongUsage, match="password cannot be read"):
        list(stream_query(engine_settings.with_changes(clickhouse_password_file="missing"), "SELECT 1"))


def test_a_touchpoint_in_two_stages_has_the_numbers_of_each_in_a_line_of_its_own(empty_client: Client) -> None:
    choose_default_map(empty_client)
    later = {"stage": "purchase", "stage_order": 2, "stage_max": 2}
    rows = [attached(number, person=f"k1:{number}") for number in (10, 11, 12)]
    rows.append(attached(13, person="k1:10", **later))
    rows += [answer(14, "nps", 10, (0, 10)), answer(15, "nps", 0, (0, 10), stage="purchase", stage_order=2)]
    write(empty_client, rows)
    lines = build_report(empty_client).touchpoints
    assert [(one.stage, one.events, one.persons) for one in lines] == [("awareness", 3, 3), ("purchase", 1, 1)]
    assert [[(kpi.value, kpi.n) for kpi in one.kpis] for one in lines] == [[(100, 1)], [(-100, 1)]]
