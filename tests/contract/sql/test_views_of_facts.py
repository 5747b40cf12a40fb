"""Every view against a plain recount of the events as sent: late, doubled, revised, conflicting, in any order and any batches.

The events go through the worker's own steps into the real engine, which so holds retractions; the recount (recount.py) knows none.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from clickhouse_driver import Client
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from tests.contract.sql.recount import Cells, Recount, fates
from tests.contract.sql.simulated_recount import check_labels_of_sums
from tests.contract.sql.stored import start_anew, store
from tests.unit.journey.build import RICH
from tests.unit.processors.loop.world import person_key
from touchline.account.accounts import check_balance, check_rows, read_accounts
from touchline.account.recounts import check_projections, check_signs
from touchline.schemas.journey.read import parse_map
from touchline.settings import Settings
from touchline.sql.all_views import EVENT_VIEWS

MAP = parse_map(RICH)
D = "touchpoint channel is_online is_simulated brand place persona segment"
M = "map map_version stage stage_order"
SURVEY = "n n_positive n_neutral n_negative numerator denominator value"
START = datetime(2025, 6, 1, 22, tzinfo=UTC)  # two hours before midnight UTC, evening in New York
SCALES = {
    "nps": [(0, 10), (0, 10), (1, 10)], "csat": [(1, 5), (1, 7), (5, 1), (1, 3), (1, 4), (1, 10), (0, 100), (2, 9)],
    "ces": [(1, 7), (1, 5), (7, 1), (1, 10)], "emotion": [(1, 7), (7, 1), (1, 3)], "stars": [(1, 5)],
}  # fmt: skip


def one_of(draw: st.DrawFn, *values: Any) -> Any:
    return draw(st.sampled_from(values))


def touchpoint_event(draw: st.DrawFn) -> dict[str, Any]:
    touchpoint = one_of(draw, "web", "mail", "till", "phone", "forum", "street")
    event: dict[str, Any] = {
        "type": "touchline.touchpoint.v1",
        "touchpoint": touchpoint,
        "action": one_of(draw, "", "purchase", "refund", "leave")
        if touchpoint == "till"
        else one_of(draw, "", "", "leave"),
    }
    if touchpoint == "till":
        amount = draw(st.integers(0, 9_999))
        if draw(st.booleans()):
            event["order"] = {"id": f"o{draw(st.integers(1, 9))}", "kind": one_of(draw, "purchase", "refund")}
            amount = -amount if event["order"]["kind"] == "refund" else amount
        event["amount"] = {"currency": one_of(draw, "EUR", "JPY", "KWD"), "amount_minor": amount}
    return event


def answer_event(draw: st.DrawFn) -> dict[str, Any]:
    kpi = one_of(draw, *SCALES)
    first, last = one_of(draw, *SCALES[kpi])
    disposition = one_of(draw, "complete", "complete", "partial", "dismissed")
    about: dict[str, Any] = {"touchpoint": one_of(draw, "web", "till", "phone", "street")}
    if draw(st.booleans()):
        about["occurred_at"] = (START + timedelta(minutes=draw(st.integers(0, 3_000)))).isoformat()
    variant = one_of(draw, "", "mean", "top_3_box", "net", "unheard_of") if (kpi, last) == ("ces", 7) else ""
    return {
        "type": "touchline.answer.v1", "about": about, "survey": "s", "question": "q", "kpi": kpi, "variant": variant,
        "scope": one_of(draw, "transactional", "relational"), "scale_min": first, "scale_max": last, "disposition": disposition,
        "score": None if disposition == "dismissed" else draw(st.integers(min(first, last), max(first, last))),
    }  # fmt: skip


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Events of three persons and of nobody, over two days; a third of them come again: as they are, revised, or with another content."""
    events: list[dict[str, Any]] = []
    for number in range(draw(st.integers(30, 70))):
        person = draw(st.integers(0, 3))
        event = touchpoint_event(draw) if draw(st.integers(0, 3)) else answer_event(draw)
        event |= {
            "id": f"e{number}",
            "source": "shop",
            "time": (START + timedelta(minutes=draw(st.integers(0, 3_000)))).isoformat(),
            "persons": [{"type": "login", "key": person_key(person)}] if person else [],
            "place": one_of(draw, None, "7"),
            "zone": one_of(draw, "UTC", "America/New_York"),
            "brand": one_of(draw, None, "a"),
            "simulated": draw(st.integers(0, 5)) == 0,
        }
        events.append(event)
        for _ in range(one_of(draw, 0, 0, 1, 2)):
            again = dict(one_of(draw, *[one for one in events if one["id"] == f"e{number}"]))
            if draw(st.booleans()):
                again["revision"] = draw(st.integers(0, 2))
                again["time"] = (START + timedelta(minutes=draw(st.integers(0, 3_000)))).isoformat()
                again["place"] = one_of(draw, None, "8")
            events.append(again)
    return draw(st.permutations(events))


def read(client: Client, view: str, keys: str, values: str) -> Cells:
    """A view as a dictionary; UTC times without their zone."""
    names = (*keys.split(), *values.split())
    width = len(keys.split())
    rows = client.execute(f"SELECT {', '.join(names)} FROM journey.{view}")
    plain = [
        tuple(value.replace(tzinfo=None) if isinstance(value, datetime) else value for value in row) for row in rows
    ]
    found = {row[:width]: row[width] if len(row) == width + 1 else row[width:] for row in plain}
    assert len(found) == len(rows), f"{view} has two rows of one thing"
    return found


def rounded(cells: Cells) -> Cells:
    return {key: (*row[:-1], round(row[-1], 9)) for key, row in cells.items()}


def check_every_view(client: Client, events: Iterable[dict[str, Any]]) -> None:
    events = list(events)
    recount = Recount(events, MAP)
    h = " ".join(D.split()[:4])
    assert read(client, "kpi_volume_1h", f"bucket {h} is_declared {M}", "events") == recount.volume(hourly=True)
    assert read(client, "kpi_volume_1d", f"bucket {D} is_declared {M}", "events") == recount.volume(hourly=False)
    for grain in ("touchpoint", "stage", "channel"):
        found = read(client, f"kpi_persons_{grain}_1d", f"bucket map map_version {grain}", "persons journeys")
        assert found == recount.persons(grain)
    for view, dimensions, hourly in (("kpi_survey_1h", h, True), ("kpi_survey_1d", D, False)):
        found = read(client, view, f"bucket {dimensions} {M} kpi variant scope", SURVEY)
        assert rounded(found) == recount.surveys(hourly=hourly)
    assert read(client, "funnel_stage", M, "reached reached_next") == recount.funnel("funnel_depth")
    assert read(client, "kpi_revenue_1d", f"bucket {D} {M} currency kind", "orders amount") == recount.revenue()
    wait_keys = "bucket map map_version stage touchpoint channel wait_from_seconds wait_below_seconds"
    assert read(client, "kpi_wait_1d", wait_keys, "events") == recount.waits()
    assert read(client, "unmapped", "source touchpoint action", "events") == recount.unmapped()
    unclassified = "touchpoint is_simulated kpi variant scope scale_min scale_max"
    assert read(client, "unclassified_answers", unclassified, "answers score_low score_high") == recount.unclassified()
    check_labels_of_sums(client, recount)
    check_rows_of_views(client, recount)
    check_account(client, events)
    check_events_of_cells(client)


def check_rows_of_views(client: Client, recount: Recount) -> None:
    journey = "started_at last_at converted_at max_stage_order touchpoints"
    assert read(client, "journeys", "person map map_version cycle", journey) == recount.journeys()
    decided = "is_mapped cycle transition wait_seconds is_conversion rule"
    for view in ("touchpoints", "attachments"):
        found = read(client, view, "source event_id", f"event_time local_date revision person {D} action {M} {decided}")
        assert found == recount.attachments()
    asked = "kpi scope scale_min scale_max score disposition"
    found = read(client, "answers", "source event_id", f"answered_at about_time person {D} {M} {asked}")
    assert found == recount.of_answers()
    assert read(client, "orders", "source event_id", "order_id kind amount currency person") == recount.orders()


def check_account(client: Client, events: list[dict[str, Any]]) -> None:
    names = ("stored", "duplicate", "superseded", "quarantined")
    (account,) = client.execute(f"SELECT {', '.join(names)}, received, is_balanced FROM journey.account")
    expected = fates(events)
    assert account == (*(expected[name] for name in names), len(events), 1)
    assert client.execute("SELECT count() FROM journey.quarantine WHERE reason = 'conflict'") == [
        (expected["quarantined"],)
    ]
    accounts = read_accounts(client)
    assert [
        *check_balance(accounts),
        *check_rows(client, accounts),
        *check_signs(client),
        *check_projections(client),
    ] == []


def check_events_of_cells(client: Client) -> None:
    """Numerator and denominator of each cell are those of the events behind it."""
    for one in EVENT_VIEWS:
        keys, width = ", ".join(one.keys), len(one.keys)
        cells = client.execute(f"SELECT {keys}, {', '.join(one.adds)} FROM journey.{one.mart}")
        sums = ", ".join(f"sum({name})" for name in one.adds)
        counted = client.execute(f"SELECT {keys}, {sums} FROM {one.view.full_name} GROUP BY {keys}")
        of_events = {row[:width]: row[width:] for row in counted}
        # A stage that nobody came to has a row in the funnel, and no events.
        of_view = {row[:width]: row[width:] for row in cells if one.mart != "funnel_stage" or any(row[width:])}
        if one.mart == "funnel_stage":
            of_view = {key: row for key, row in of_view.items() if any(row)}
        assert of_events == of_view, one.mart


@pytest.fixture(scope="module")
def client(engine_client: Client) -> Client:
    return engine_client


@settings(
    max_examples=2, phases=(Phase.explicit, Phase.generate), deadline=None, suppress_health_check=list(HealthCheck)
)
@given(events=histories(), sizes=st.lists(st.integers(1, 20), min_size=1, max_size=5))
def test_every_view_equals_a_recount_of_the_events_that_count(
    client: Client, engine_settings: Settings, events: list[dict[str, Any]], sizes: list[int]
) -> None:
    start_anew(client, RICH)
    with tempfile.TemporaryDirectory() as folder:
        store(engine_settings, Path(folder), events, sizes, RICH)
    check_every_view(client, events)
