"""What `touchline trace` says of events that came twice, late, revised, broken or never, on the real engine."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from clickhouse_driver import Client
from rich.console import Console

from tests.contract.sql.stored import answer, start_anew, store
from tests.unit.processors.loop.test_consent import said, visit
from tests.unit.processors.loop.world import event, person_key
from touchline.settings import Settings
from touchline.terminal import plain
from touchline.trace.page import render_trace
from touchline.trace.read import trace_event
from touchline.trace.values import Trace, as_object

EUR = {"currency": "EUR"}
EVENTS: list[dict[str, Any] | bytes] = [
    event(1, 1, 0, "poster"),
    event(2, 1, 60, "site"),
    event(3, 1, 120, "till", amount=EUR | {"amount_minor": 1050}, properties={"greeting": "Dear Jane"}),
    event(3, 1, 120, "till", amount=EUR | {"amount_minor": 1050}, properties={"greeting": "Dear Jane"}),
    event(3, 1, 125, "till", revision=1, amount=EUR | {"amount_minor": 1150}),
    event(2, 1, 61, "site"),
    event(4, 1, 30, "street"),
    answer(5, 1, 300, comment="Call me at home"),
    answer(6, 1, 310, score=None, disposition="dismissed") | {"about": {"touchpoint": "till", "event_id": "e3"}},
    answer(11, 1, 320, score=3, disposition="partial"),
    answer(11, 1, 322, score=9),
    event(7, None, 400, "poster"),
    event(8, 1, 500, "till", time="1970-01-01T00:00:00Z"),
    b"{no json",
    event(9, 1, 600, "site", source="web"),
    {
        "type": "touchline.identify.v1",
        "id": "i10",
        "source": "shop",
        "time": "2025-06-01T10:00:00Z",
        "persons": [{"type": "login", "key": person_key(1)}, {"type": "anonymous", "key": f"k1:{'ab' * 32}"}],
    },
    said(12, ("login", 2), 5, "withdrawn"),
    visit(13, ("login", 2), 6),
]


@pytest.fixture(scope="module")
def stored(
    engine_settings: Settings, engine_client: Client, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    start_anew(engine_client)
    store(engine_settings, tmp_path_factory.mktemp("state"), EVENTS, [4])
    yield engine_client
    for table in ("ledger", "fence"):
        engine_client.execute(f"TRUNCATE TABLE journey_raw.{table}")


def shown(trace: Trace) -> str:
    output = io.StringIO()
    Console(file=output, width=200, highlight=False, markup=False).print(render_trace(trace))
    return output.getvalue()


def test_of_three_versions_the_highest_revision_counts_and_each_other_says_why_not(stored: Client) -> None:
    trace = trace_event(stored, "shop", "e3")
    assert [(one.offset, one.fate, one.because, one.counts) for one in trace.versions] == [
        (2, "superseded", "revision 1 at events/0 offset 4 counts", False),
        (3, "duplicate", "the same as events/0 offset 2", False),
        (4, "stored", "", True),
    ]
    assert [fate for _, fate in trace.versions[0].history] == ["stored", "superseded"]
    (placement,) = trace.placements
    assert (placement.stage, placement.rule, placement.evidence) == ("purchase", "bought", "touchpoint=till")
    assert (placement.cycle, placement.transition, placement.is_conversion) == (1, "advance", True)
    assert placement.wait_seconds == 64 * 60
    text = shown(trace)
    for part in (
        "stored, it counts",
        "rule bought",
        "1 h 4 min since",
        "in order 2 to 3",
        "revision 1 at events/0 offset 4 counts",
    ):
        assert part in text


def test_the_cells_of_an_event_hold_it_and_their_query_finds_it(stored: Client) -> None:
    trace = trace_event(stored, "shop", "e3")
    assert {one.view for one in trace.counted} == {
        "kpi_volume_1h", "kpi_volume_1d", "kpi_persons_touchpoint_1d", "kpi_persons_stage_1d", "kpi_persons_channel_1d",
        "kpi_revenue_1d", "kpi_wait_1d", "funnel_stage",
    }  # fmt: skip
    for one in trace.counted:
        assert ("shop", "e3") in {row[:2] for row in stored.execute(one.events_query)}, one.events_query
    (revenue,) = (one for one in trace.counted if one.view == "kpi_revenue_1d")
    assert (revenue.adds["amount"], revenue.cell["currency"]) == (Decimal("11.5"), "EUR")


def test_of_two_contents_under_one_revision_one_counts_and_the_other_is_a_conflict(stored: Client) -> None:
    fates = {one.fate: one for one in trace_event(stored, "shop", "e2").versions}
    lost = fates["quarantined"]
    assert (lost.reason, lost.because) == (
        "conflict",
        f"other content under the same revision counts, at {fates['stored'].position}",
    )
    assert "raise the revision" in lost.remedy


def test_of_two_states_of_an_answer_the_lesser_one_says_that_it_was_completed(stored: Client) -> None:
    fates = {one.fate: one for one in trace_event(stored, "shop", "a11").versions}
    assert set(fates) == {"stored", "superseded"}
    assert fates["superseded"].because == f"a more complete answer at {fates['stored'].position} counts"


def test_an_answer_says_what_it_adds_or_why_it_counts_in_no_kpi(stored: Client) -> None:
    given = trace_event(stored, "shop", "a5")
    assert [(one.view, one.adds["numerator"], one.adds["denominator"]) for one in given.counted] == [
        ("kpi_survey_1h", 1.0, 1),
        ("kpi_survey_1d", 1.0, 1),
    ]
    dismissed = trace_event(stored, "shop", "a6")
    assert dismissed.counted == []
    assert "in no survey KPI: its disposition is dismissed" in shown(dismissed)
    assert "it takes day, place and the like from event e3 of shop" in shown(dismissed)
    assert "it takes" not in shown(given)


def test_unmapped_and_anonymous_events_are_told_as_such(stored: Client) -> None:
    unmapped = trace_event(stored, "shop", "e4")
    assert "unmapped: no rule of the map holds" in shown(unmapped)
    assert "unmapped" in {one.view for one in unmapped.counted}
    assert "channel=-" in shown(unmapped)
    anonymous = trace_event(stored, "shop", "e7")
    assert "none: nobody is named" in shown(anonymous)
    assert {one.view for one in anonymous.counted} == {"kpi_volume_1h", "kpi_volume_1d"}


def test_a_quarantined_event_has_reason_field_and_remedy_and_counts_nowhere(stored: Client) -> None:
    trace = trace_event(stored, "shop", "e8")
    assert (trace.counts, trace.event, trace.counted) == (False, None, [])
    (version,) = trace.versions
    assert (version.fate, version.reason, version.field) == ("quarantined", "time_out_of_range", "time")
    text = shown(trace)
    assert "in quarantine, it counts nowhere" in text
    assert "use a time from 1990-01-01" in text


def test_a_suppressed_and_an_unknown_event_are_never_stored_and_what_keeps_no_id_is_counted(stored: Client) -> None:
    suppressed = trace_event(stored, "web", "e9")
    assert suppressed.versions == []
    text = shown(suppressed)
    assert "never stored" in text
    assert "1 suppressed" in text
    assert "1 quarantined as not_json" in text
    assert "this id is known of: shop" in shown(trace_event(stored, "web", "e3"))


def test_an_event_that_links_identifiers_counts_in_no_kpi_and_says_what_it_links(stored: Client) -> None:
    trace = trace_event(stored, "shop", "i10")
    assert (trace.counts, trace.placements, trace.counted) == (True, [], [])
    text = shown(trace)
    assert "this kind of event is attached to no journey and counts in no KPI" in text
    assert "links them with k1:abababab…" in text


def test_an_event_whose_consent_is_withdrawn_says_so(stored: Client) -> None:
    trace = trace_event(stored, "web", "e13")
    assert (trace.counts, trace.placements, [one.purpose for one in trace.withdrawn]) == (True, [], ["analytics"])
    assert "withheld, it counts nowhere" in shown(trace)
    assert "consent withdrawn for analytics from 2025-06-01 00:05:00 UTC on" in shown(trace)
    assert trace_event(stored, "shop", "e12").withdrawn == []
    json.dumps(as_object(trace), default=str)


def test_no_personal_value_is_shown(stored: Client) -> None:
    for event_id in ("e3", "a5"):
        trace = trace_event(stored, "shop", event_id)
        told = shown(trace) + json.dumps(as_object(trace), default=plain)
        assert person_key(1) not in told
        assert "k1:00000000…" in json.loads(json.dumps(as_object(trace), default=plain))["event"]["identifier"]
        for value in ("Jane", "Call me"):
            assert value not in told
