"""Parts of the trace that need no engine."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from touchline.sql.all_views import EVENT_VIEWS
from touchline.trace.page import span
from touchline.trace.read import cell_query, short_key
from touchline.trace.values import Placement, Trace, Unseen, Version, Withdrawn, verdict


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.25, "0.25 s"),
        (59, "59 s"),
        (61, "1 min 1 s"),
        (3 * 86_400 + 7_205, "3 d 2 h"),
        (86_400, "1 d 0 h"),
    ],
)
def test_a_span_is_told_in_its_two_largest_units(seconds: float, said: str) -> None:
    assert span(seconds) == said


def test_a_person_key_is_shown_by_its_first_digits() -> None:
    assert short_key(f"k1:{'ab' * 32}") == "k1:abababab…"
    assert short_key("") == ""


def test_the_query_of_a_cell_names_every_dimension_and_quotes_what_it_must() -> None:
    view = next(one for one in EVENT_VIEWS if one.mart == "kpi_persons_channel_1d")
    query = cell_query(view, {"bucket": date(2026, 3, 1), "map": "o'hara", "map_version": 1, "channel": None})
    assert query == (
        "SELECT source, event_id, persons, journeys FROM journey_api.kpi_persons_channel_1d_events "
        "WHERE bucket = '2026-03-01' AND map = 'o''hara' AND map_version = 1 AND channel IS NULL"
    )
    assert "bucket = '2026-03-01 11:00:00'" in cell_query(view, {"bucket": datetime(2026, 3, 1, 11, tzinfo=UTC)})


@pytest.mark.parametrize(
    ("without_id", "said"),
    [
        ([("suppressed", 1)], "1 record of it was suppressed for want of consent"),
        ([("quarantined as not_json", 1), ("suppressed", 3)], "3 records of it were suppressed for want of consent"),
    ],
)
def test_an_event_that_is_not_found_may_be_one_of_the_suppressed(without_id: list[tuple[str, int]], said: str) -> None:
    told = verdict(Trace("web", "e1", [], None, [], [], Unseen([], without_id, None)))
    assert said in told
    assert "web works under consent" in told


def test_where_nothing_was_suppressed_consent_is_not_spoken_of() -> None:
    told = verdict(Trace("web", "e1", [], None, [], [], Unseen([], [("quarantined as not_json", 1)], None)))
    assert "consent" not in told


@pytest.mark.parametrize("without_id", [[], [("suppressed", 2)], [("quarantined as not_json", 1)]])
@pytest.mark.parametrize(
    ("waiting", "said"),
    [
        (0, "never sent: all that Kafka has is stored"),
        (1, "among the 1 record that Kafka has and no worker has stored yet"),
        (7, "among the 7 records that Kafka has and no worker has stored yet"),
        (None, "never sent, or not read yet"),
    ],
)
def test_an_event_that_is_not_found_is_told_by_what_kafka_says(
    waiting: int | None, said: str, without_id: list[tuple[str, int]]
) -> None:
    assert said in verdict(Trace("web", "e1", [], None, [], [], Unseen([], without_id, waiting)))


def test_an_id_that_stands_under_two_keys_is_told_to_be_settled_within_a_minute() -> None:
    versions = [Version("t", "i", number, 0, 0, "stored", "", "", "", "", None, []) for number in (0, 3)]
    said = verdict(Trace("till", "receipt-1", versions, None, [placed(""), placed("")], [], None))
    assert said.startswith("stored 2 times: the same revision came under several keys")


def test_an_event_of_which_a_claim_waits_and_no_version_counts_is_told_to_come_back() -> None:
    versions = [
        Version("t", "i", 0, 3, 0, "superseded", "", "", "", "", None, []),
        Version("t", "i", 2, 9, 1, "superseded", "claim", "", "", "", None, []),
    ]
    assert "takes its place within two ticks" in verdict(Trace("till", "receipt-1", versions, None, [], [], None))


def placed(uncounted: str) -> Placement:
    return Placement._make([*("",) * (len(Placement._fields) - 1), uncounted])


@pytest.mark.parametrize(
    ("reasons", "said"),
    [
        ([""], "stored, it counts"),
        (["the catalogue has no KPI nsp", ""], "stored, it counts"),
        (["the catalogue has no KPI nsp"] * 2, "stored; it counts in no KPI: the catalogue has no KPI nsp"),
        ([], "stored; this kind of event is attached to no journey and counts in no KPI"),
    ],
)
def test_an_answer_that_enters_no_kpi_is_not_told_to_count(reasons: list[str], said: str) -> None:
    version = Version("t", "i", 0, 0, 0, "stored", "", "", "", "", None, [])
    assert verdict(Trace("web", "a1", [version], None, [placed(one) for one in reasons], [], None)) == said


def test_a_withheld_event_says_which_consent_was_withdrawn_and_from_when_on() -> None:
    version = Version("t", "i", 0, 0, 0, "stored", "", "", "", "", None, [])
    withdrawn = [Withdrawn(purpose, datetime(2026, 3, day, 12)) for purpose, day in (("ads", 1), ("analytics", 2))]
    assert verdict(Trace("web", "e1", [version], None, [], [], None, withdrawn)) == (
        "stored; withheld, it counts nowhere: consent withdrawn for ads from 2026-03-01 12:00:00 UTC on and analytics from "
        "2026-03-02 12:00:00 UTC on"
    )
