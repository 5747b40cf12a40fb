"""Of all versions of one event one counts, whatever came first; of answers the most complete one."""

from __future__ import annotations

from itertools import pairwise, permutations
from typing import Any, get_args

import pytest
from hypothesis import given, strategies as st

from touchline.schemas.answer import BY_COMPLETENESS, Disposition
from touchline.schemas.checking import check_event
from touchline.schemas.reasons import Fate
from touchline.schemas.times import LATEST_US
from touchline.schemas.versions import Version, completeness_of, judge

PARTIAL, COMPLETE = 5 << 60, 6 << 60
MORNING = 1_772_355_600_000_000
VERSIONS = st.builds(
    Version, st.integers(0, 2), st.sampled_from([0, 0, PARTIAL, PARTIAL + 1, COMPLETE]), st.integers(0, 4)
)


def distinct(versions: list[Version]) -> list[Version]:
    """One content has one completeness."""
    return list({(one.revision, one.payload_hash): one for one in versions}.values())


@st.composite
def arrivals(draw: st.DrawFn) -> list[list[Version]]:
    """Versions, some of them again, in any order and cut anywhere."""
    versions = distinct(draw(st.lists(VERSIONS, min_size=1, max_size=8)))
    order = draw(st.permutations([*versions, *draw(st.lists(st.sampled_from(versions), max_size=4))]))
    cuts = sorted(draw(st.sets(st.integers(1, len(order)), max_size=4)) | {0, len(order)})
    return [order[start:end] for start, end in pairwise(cuts)]


@given(arrivals())
def test_fates_are_a_function_of_the_set_of_versions(parts: list[list[Version]]) -> None:
    standing: dict[Version, Fate] = {}
    for arriving in parts:
        judgement = judge(list(standing), arriving)
        standing = dict(zip(standing, judgement.standing, strict=True)) | {
            version: fate
            for version, fate in zip(arriving, judgement.arriving, strict=True)
            if fate is not Fate.DUPLICATE
        }
    all_at_once = sorted(standing)
    assert [standing[version] for version in all_at_once] == judge([], all_at_once).arriving
    assert list(standing.values()).count(Fate.STORED) == 1


@given(arrivals())
def test_what_lost_never_wins_again(parts: list[list[Version]]) -> None:
    standing: list[Version] = []
    lost: set[Version] = set()
    for arriving in parts:
        standing += [version for version in dict.fromkeys(arriving) if version not in standing]
        fates = judge(standing, []).standing
        assert not lost & {version for version, fate in zip(standing, fates, strict=True) if fate is Fate.STORED}
        lost |= {version for version, fate in zip(standing, fates, strict=True) if fate is not Fate.STORED}


def test_a_later_revision_counts_though_it_is_less_complete() -> None:
    assert judge([Version(0, COMPLETE, 1)], [Version(1, PARTIAL, 2)]) == ([Fate.STORED], [Fate.SUPERSEDED])


def test_what_is_equally_complete_stays_a_conflict_that_the_smaller_hash_decides() -> None:
    for completeness in (0, PARTIAL):
        judgement = judge([Version(0, completeness, 2)], [Version(0, completeness, 1), Version(0, completeness, 3)])
        assert judgement == ([Fate.STORED, Fate.QUARANTINED], [Fate.QUARANTINED])


def test_an_answer_and_another_event_under_one_id_are_a_conflict() -> None:
    answer, purchase = Version(0, PARTIAL, 9), Version(0, 0, 1)
    assert judge([purchase], [answer]) == ([Fate.STORED], [Fate.QUARANTINED])
    assert judge([answer], [purchase]) == ([Fate.QUARANTINED], [Fate.STORED])


def test_a_payload_that_comes_again_is_a_duplicate_though_the_clock_of_its_source_is_declared_anew() -> None:
    assert judge([Version(0, PARTIAL, 7)], [Version(0, PARTIAL + 1, 7)]) == ([Fate.DUPLICATE], [Fate.STORED])
    assert judge([Version(0, PARTIAL + 1, 7)], [Version(0, PARTIAL, 7)]) == ([Fate.DUPLICATE], [Fate.STORED])


def answer(disposition: str, **fields: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "type": "touchline.answer.v1",
        "id": "a1",
        "source": "survey",
        "time": "2026-03-01T09:00:00Z",
    }
    given |= {"survey": "s", "question": "q", "kpi": "nps", "scope": "relational", "scale_min": 0, "scale_max": 10}
    return check_event({**given, "about": {"touchpoint": "till"}, "disposition": disposition, **fields})


def completeness(disposition: str, time_us: int = MORNING, **fields: Any) -> int:
    return completeness_of(answer(disposition, **fields), time_us)


def test_every_disposition_has_its_place() -> None:
    assert set(BY_COMPLETENESS) == set(get_args(Disposition))
    assert len(BY_COMPLETENESS) == len(set(BY_COMPLETENESS))


@pytest.mark.parametrize(("less", "more"), list(pairwise(BY_COMPLETENESS)))
def test_the_further_disposition_is_more_complete_whatever_else_is_said(less: str, more: str) -> None:
    said = {"score": 9, "comment": "fine", "place": "p1", "properties": dict.fromkeys(map(str, range(90)), 1)}
    assert completeness(less, LATEST_US - 1, **said) < completeness(more, 0)


def test_of_one_disposition_more_fields_count_more_and_then_the_later_time() -> None:
    bare, scored = completeness("partial"), completeness("partial", score=0)
    worded = completeness("partial", score=0, comment="fine")
    assert bare < scored < worded
    assert scored < completeness("partial", MORNING + 1, score=0) < worded


@pytest.mark.parametrize(
    "fields",
    [
        {"comment": None},
        {"comment": ""},
        {"language": ""},
        {"properties": {}},
        {"persons": []},
        {"anonymous": False},
        {"simulated": False},
        {"received_at": "2026-03-01T09:00:01Z"},
        {"about": {"touchpoint": "till", "source": None}},
    ],
    ids=str,
)
def test_a_field_that_says_nothing_does_not_count(fields: dict[str, Any]) -> None:
    assert completeness("partial", **fields) == completeness("partial")


@pytest.mark.parametrize(
    "fields",
    [
        {"score": 0},
        {"place": "p1"},
        {"persons": [{"type": "login", "key": f"k1:{1:064x}"}]},
        {"properties": {"lines": 0}},
        {"about": {"touchpoint": "till", "source": "shop"}},
    ],
    ids=str,
)
def test_a_field_that_says_something_counts(fields: dict[str, Any]) -> None:
    assert completeness("partial", **fields) > completeness("partial")


@given(st.integers(0, 600), st.integers(0, 600), st.integers(0, LATEST_US - 1), st.integers(0, LATEST_US - 1))
def test_however_many_fields_there_are_it_fits_its_column(few: int, many: int, first_us: int, last_us: int) -> None:
    one = completeness("complete", first_us, properties=dict.fromkeys(map(str, range(few)), "x"))
    other = completeness("complete", last_us, properties=dict.fromkeys(map(str, range(many)), "x"))
    assert max(one, other) < 1 << 64
    if few < many <= 200:
        assert one < other


def test_other_events_are_never_more_complete_than_each_other() -> None:
    visit = {"type": "touchline.touchpoint.v1", "id": "e1", "source": "shop", "time": "2026-03-01T09:00:00Z"}
    assert completeness_of(check_event({**visit, "touchpoint": "till"}), MORNING) == 0


def test_the_order_in_which_three_states_of_an_answer_come_changes_nothing() -> None:
    states = [Version(0, completeness(name), number) for number, name in enumerate(("shown", "partial", "complete"), 1)]
    for order in permutations(states):
        fates = dict(zip(order, judge([], order).arriving, strict=True))
        assert [fates[one] for one in states] == [Fate.SUPERSEDED, Fate.SUPERSEDED, Fate.STORED]
