"""Who may be kept under consent: the same answer for the sender and for the worker."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, strategies as st

from touchline.producers.record import RecordMaker
from touchline.schemas.checking import check_event
from touchline.schemas.permission import PROFILING, lacks_consent, may_link
from touchline.schemas.sources import Source
from touchline.schemas.times import parse_time

NAMES = st.sampled_from(["analytics", "email", "profiling"])
BASES = st.sampled_from(["consent", "contract", "legitimate_interests"])
GRANTS = st.none() | st.fixed_dictionaries({"id": st.just("c1")}, optional={"purposes": st.lists(NAMES, max_size=2)})


def _events(grant: Any) -> list[dict[str, Any]]:
    head = {
        "id": "e1",
        "source": "web",
        "time": "2026-03-01T11:00:00Z",
        **({} if grant is None else {"consent": grant}),
    }
    granted = {"consent_id": "c1", "state": "granted", "effective_at": "2026-03-01T11:00:00Z"}
    return [
        {**head, "type": "touchline.touchpoint.v1", "touchpoint": "x"},
        {**head, "type": "touchline.consent.v1", **granted},
    ]


@given(basis=BASES, wanted=st.lists(NAMES, max_size=2).map(tuple), grant=GRANTS)
def test_the_sender_foretells_what_the_worker_will_suppress(basis: Any, wanted: tuple[str, ...], grant: Any) -> None:
    source = Source(legal_basis=basis, purposes=wanted)
    maker = RecordMaker(None, {"web": source}, lambda: parse_time("2026-03-01T12:00:00Z"))
    for event in _events(grant):
        record = maker.make(event)
        assert record.is_suppressed == lacks_consent(check_event(json.loads(record.value)), source)
    may_be_kept = basis != "consent" or bool(grant and set(grant.get("purposes", ())) & set(wanted))
    assert [maker.make(event).is_suppressed for event in _events(grant)] == [not may_be_kept, False]


def test_who_does_not_know_the_sources_foretells_nothing() -> None:
    maker = RecordMaker(None, None, lambda: parse_time("2026-03-01T12:00:00Z"))
    assert not maker.make(_events(None)[0]).is_suppressed


@given(basis=BASES, grant=GRANTS)
def test_only_a_grant_for_profiling_links_and_what_is_said_of_consent_always_does(basis: Any, grant: Any) -> None:
    source = Source(legal_basis=basis)
    visit, statement = map(check_event, _events(grant))
    is_granted = bool(grant and PROFILING in grant.get("purposes", ()))
    assert may_link(visit, source) == (basis != "consent" or is_granted)
    assert may_link(statement, source)
