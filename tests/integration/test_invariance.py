"""The short form of `./run check invariance`: the same records, sorted and as they come, give the same views; and a difference is found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.support.invariance.arrivals import arrivals_of
from tests.support.invariance.events import LINKED, REKEYED, REVISED, versions_of
from tests.support.invariance.run import SHORT, Runs, both_runs, differing
from touchline.clickhouse.connect import connect

SEED = 3
VERSIONS = 1_200
MANY = 20_000
PLANTED = (
    "INSERT INTO journey_raw.ledger SELECT * REPLACE (row_id + 500000 AS row_id) FROM journey_raw.ledger "
    "WHERE kind = 'attached' AND sign = 1 AND event_type = 'touchline.touchpoint.v1' "
    "AND row_id NOT IN (SELECT row_id FROM journey_raw.ledger WHERE sign = -1) LIMIT 1"
)
"""A row that stands, once more; an insert has fewer rows than the number between the two."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    with both_runs(SEED, SHORT._replace(versions=VERSIONS), tmp_path_factory.mktemp("invariance")) as both:
        yield both


@pytest.mark.timeout(600)  # two runs on a stack, and a question of each view
def test_every_view_is_the_same_whatever_came_late_twice_revised_or_under_another_key(runs: Runs) -> None:
    questions, differences = differing(runs.calm, runs.wild, SEED, each=2)
    assert [one.text() for one in differences] == []
    assert len({one.view for one in questions}) > 60


def test_a_reader_never_sees_more_than_is_true_while_workers_die(runs: Runs) -> None:
    assert runs.wrong == []
    assert runs.kills > 0
    assert runs.reader.looks > 5


def test_a_row_that_is_published_twice_is_found(runs: Runs) -> None:
    client = connect(runs.wild.settings)
    try:
        client.execute(PLANTED)
        assert any("twice" in one for one in runs.reader.look(client))
    finally:
        client.disconnect()
    _, differences = differing(runs.calm, runs.wild, SEED, view="journey.attachments")
    assert {one.view for one in differences} == {"journey.attachments"}


def test_events_are_linked_revised_and_late_as_often_as_the_check_says() -> None:
    versions = versions_of(SEED, MANY)
    records = arrivals_of(versions, SEED).shuffled
    revised = [one for one in versions if one.event.get("revision")]
    first = {one.key: one for one in reversed(versions)}
    rekeyed = [one for one in revised if one.event["identifiers"] != first[one.key].event["identifiers"]]
    linking = sum(len(one.event["identifiers"]) > 1 for one in versions)
    assert len(revised) / MANY == pytest.approx(REVISED, abs=0.005)
    assert len(rekeyed) / MANY == pytest.approx(REVISED * REKEYED, abs=0.004)
    assert linking / MANY == pytest.approx(LINKED, abs=0.015)
    assert (len(records) - len(versions)) / MANY == pytest.approx(0.05, abs=0.005)
    assert any(one.event.get("action") == "unlink" for one in versions)


def test_both_orders_hold_the_same_records() -> None:
    arrivals = arrivals_of(versions_of(SEED, MANY), SEED)
    in_order, shuffled = (Counter(map(str, one)) for one in arrivals)
    assert in_order == shuffled
    assert arrivals == arrivals_of(versions_of(SEED, MANY), SEED)


def test_in_order_is_by_time() -> None:
    times = [one.time_us for one in arrivals_of(versions_of(SEED, MANY), SEED).in_order]
    assert times == sorted(times)
