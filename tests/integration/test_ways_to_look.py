"""`migrate`, `sql`, `report` and `reconcile` as a user runs them, on a real Kafka with a real worker."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from kafka import KafkaProducer

from tests.support.engines import Ledger, touchline, working
from touchline.clickhouse.connect import connect
from touchline.local.stack import LocalStack
from touchline.sql.schema.migrate import expected_schema_version

VISITS = 30
PERSONS = 5


@pytest.fixture(scope="module")
def stored(stack: LocalStack, ledger: Ledger) -> Iterator[Ledger]:
    """30 visits of 5 persons, two ratings of the store and one record that is no JSON, stored by a worker that still runs."""
    with working(stack, ledger, ledger.settings.local_dir):
        _send(ledger)
        touchline(ledger, "reconcile", "--wait", "60")
        yield ledger


def _send(ledger: Ledger) -> None:
    common = {"source": "shell", "time": "2026-03-01T11:00:00Z"}
    events: list[dict[str, Any]] = [
        common
        | {"type": "touchline.touchpoint.v1", "id": f"visit-{number}", "touchpoint": "store_visit"}
        | {"identifiers": [{"type": "loyalty", "value": f"card-{number % PERSONS}"}]}
        for number in range(VISITS)
    ]
    rating = {
        "about": {"touchpoint": "store_visit"},
        "survey": "till",
        "question": "recommend",
        "kpi": "nps",
        "scope": "transactional",
    }
    events += [
        common
        | rating
        | {"type": "touchline.answer.v1", "id": f"answer-{score}", "scale_min": 0, "scale_max": 10, "score": score}
        for score in (9, 10)
    ]
    lines = "\n".join(map(json.dumps, events))
    command = [sys.executable, "-m", "touchline", "emit", "-"]
    sent = subprocess.run(command, env=ledger.environment, input=lines, capture_output=True, text=True, check=False)
    assert sent.returncode == 0, sent.stdout + sent.stderr
    producer = KafkaProducer(bootstrap_servers=ledger.settings.kafka_bootstrap)
    producer.send(ledger.settings.topic, value=b"{no json").get(10)
    producer.close()


def test_the_report_counts_what_was_sent_with_n_and_interval(stored: Ledger) -> None:
    report = json.loads(touchline(stored, "report", "--json"))
    assert (report["totals"]["events"], report["totals"]["persons"], report["totals"]["answers"]) == (
        VISITS,
        PERSONS,
        2,
    )
    (line,) = report["touchpoints"]
    (kpi,) = line["kpis"]
    assert (line["touchpoint"], line["events"], line["persons"]) == ("store_visit", VISITS, PERSONS)
    assert (kpi["kpi"], kpi["n"], kpi["value"], kpi["ci_method"]) == ("nps", 2, 100, "adjusted_wald")
    assert report["quarantine"] == {"not_json": 1}
    assert (report["account"]["received"], report["account"]["is_balanced"]) == (VISITS + 3, True)
    page = touchline(stored, "report")
    assert "store_visit" in page
    assert f"unmapped: {VISITS} of" in page
    assert "not_json" in page


def test_sql_prints_tsv_without_header_and_any_other_format(stored: Ledger) -> None:
    query = "SELECT touchpoint, sum(events) AS events FROM journey.kpi_volume_1d GROUP BY touchpoint"
    assert touchline(stored, "sql", query) == f"store_visit\t{VISITS}\n"
    assert (
        touchline(stored, "sql", query, "--format", "CSVWithNames")
        == f'"touchpoint","events"\n"store_visit",{VISITS}\n'
    )


def test_sql_passes_clickhouses_error_on(stored: Ledger) -> None:
    touchline(stored, "sql", "SELECT * FROM journey.nothing", status=1)


def test_reconcile_is_clean_then_names_a_record_that_is_not_stored(stored: Ledger) -> None:
    outcome = json.loads(touchline(stored, "reconcile", "--json"))
    assert outcome["is_clean"]
    client = connect(stored.settings)
    # A fate without a record: what a lost or doubled row looks like.
    client.execute(
        "INSERT INTO journey_raw.ledger (stream, insert_number, kind, offset, sign, row_id, fate) "
        "SELECT any(stream), 999, 'received', 999, 1, 999, 'stored' FROM journey_raw.ledger WHERE kind = 'mark'"
    )
    client.disconnect()
    said = touchline(stored, "reconcile", status=4)
    assert "NOT CLEAN  account equals the rows" in said
    assert "by the marks" in said
    assert "hint: rows were lost, doubled or written by hand" in said


def test_trace_says_what_became_of_an_event_and_its_status_whether_it_counts(stored: Ledger) -> None:
    trace = json.loads(touchline(stored, "trace", "shell", "visit-0", "--json"))
    assert trace["counts"]
    assert [version["fate"] for version in trace["versions"]] == ["stored"]
    assert {"kpi_volume_1h", "kpi_volume_1d"} <= {one["view"] for one in trace["counted"]}
    hourly = next(one for one in trace["counted"] if one["view"] == "kpi_volume_1h")
    behind = touchline(stored, "sql", hourly["events_query"]).splitlines()
    assert len(behind) == VISITS
    assert "shell\tvisit-0\t1" in behind
    assert "visit-0 of shell: stored, it counts" in touchline(stored, "trace", "shell", "visit-0")
    unknown = json.loads(touchline(stored, "trace", "shell", "visit-999", "--json", status=1))
    assert (unknown["counts"], unknown["versions"]) == (False, [])
    assert "never stored" in touchline(stored, "trace", "shell", "visit-999", status=1)


def test_an_empty_clickhouse_becomes_a_migrated_one(empty_face: Ledger) -> None:
    planned = touchline(empty_face, "migrate", "--dry-run")
    assert "CREATE TABLE IF NOT EXISTS journey_raw.ledger" in planned
    assert touchline(empty_face, "sql", "SELECT count() FROM system.databases WHERE name LIKE 'journey%'") == "0\n"
    done = json.loads(touchline(empty_face, "migrate", "--json"))
    assert (done["version_before"], done["version_after"]) == (0, expected_schema_version())
    assert "nothing to do" in touchline(empty_face, "migrate")


def test_reconcile_needs_kafka_too(stored: Ledger) -> None:
    touchline(stored, "reconcile", "--set", "kafka_bootstrap=127.0.0.1:1", status=3)
