"""Simulated customers under many identifiers: who they truly are is known, and how well that is found is measured."""

from __future__ import annotations

import json
from collections import defaultdict
from itertools import combinations, permutations
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from tests.unit.simulate.ledgers import Line, lines_of, text_of
from touchline.errors import WrongUsage
from touchline.simulate.parameters import Identities, SimulationParameters
from touchline.simulate.score import AS_TOUCHLINE_DOES, PairScore, Scores, pair_shares
from touchline.simulate.stored import read_ledger, score_stored

MAP = "five_stages"
SOME = SimulationParameters(seed=5, persons=300, days=60)


def simulated(shared_share: float, login_share: float = 0.6, *, is_disturbed: bool = True) -> list[Line]:
    identities = Identities(login_share, shared_share)
    return lines_of(SOME._replace(identities=identities, is_disturbed=is_disturbed), MAP)


def scored(lines: list[Line]) -> dict[str, PairScore]:
    scores = Scores()
    assert list(scores.watching(lines)) == lines
    return {one.rule: one for one in scores.results()}


def test_without_identities_nothing_of_them_is_told() -> None:
    assert "identities" not in text_of(SOME, MAP)


def test_the_same_parameters_give_the_same_bytes_and_other_identities_other_ids() -> None:
    shared = SOME._replace(identities=Identities(0.6, 0.5))
    assert text_of(shared, MAP) == text_of(shared, MAP)
    runs = {one.run_id(MAP, 1) for one in (SOME, shared, SOME._replace(identities=Identities()))}
    assert len(runs) == 3


def test_the_truth_names_every_identifier_under_which_a_person_is_met() -> None:
    lines = simulated(0.5)
    truth = {line["person"]: {tuple(one) for one in line["identifiers"]} for line in lines if line["kind"] == "person"}
    sent = [line for line in lines if line["kind"] == "sent" and "person" in line["truth"]]
    assert sent
    for line in sent:
        assert {tuple(one) for one in line["event"].get("identifiers", ())} <= truth[line["truth"]["person"]]
    kinds = {kind for identifiers in truth.values() for kind, _ in identifiers}
    assert kinds == {"login", "loyalty", "anonymous"}


@pytest.mark.parametrize("shared_share", [0.0, 1.0])
def test_a_device_is_shared_by_two_persons_at_most_and_by_as_many_as_asked_for(shared_share: float) -> None:
    users: defaultdict[str, set[int]] = defaultdict(set)
    for line in simulated(shared_share):
        if line["kind"] == "person":
            for kind, value in line["identifiers"]:
                if kind == "anonymous":
                    users[value].add(line["person"])
    pairs = [found for found in users.values() if len(found) > 1]
    assert all(len(found) == 2 for found in pairs)
    assert len(pairs) == (SOME.persons // 2 if shared_share else 0)


def test_without_shared_devices_nobody_is_merged_with_a_stranger() -> None:
    scores = scored(simulated(0.0))
    assert scores[AS_TOUCHLINE_DOES].precision == 1
    assert scores[AS_TOUCHLINE_DOES].recall > scores["no links"].recall


def test_on_shared_devices_belonging_by_time_merges_fewer_strangers_than_merging_all() -> None:
    scores = scored(simulated(1.0))
    by_time, merged = scores[AS_TOUCHLINE_DOES], scores["devices merge persons"]
    assert by_time.precision > merged.precision
    assert by_time.persons > merged.persons


def test_what_comes_late_or_twice_changes_no_score() -> None:
    assert scored(simulated(0.5)) == scored(simulated(0.5, is_disturbed=False))


def test_a_version_that_does_not_count_links_nobody_whenever_it_comes() -> None:
    """A device that is asked about as invited, and answered by whoever logs in then: only the last version says who that was."""
    tablet = ("anonymous", "tablet")

    def sent(name: str, day: int, person: int, *identifiers: tuple[str, str], revision: int = 0) -> Line:
        kind = "answer" if name == "question" else "touchpoint"
        event = {
            "type": f"touchline.{kind}.v1",
            "id": name,
            "source": "simulator",
            "time": f"2025-03-{day:02}T10:00:00Z",
        }
        return {
            "kind": "sent",
            "event": event | {"identifiers": list(identifiers), "revision": revision},
            "truth": {"person": person},
        }

    lines = [
        sent("first", 1, 1, ("login", "ann"), tablet),
        sent("question", 2, 2, ("login", "bob"), tablet),
        sent("question", 5, 2, ("login", "bob"), tablet, revision=1),
        sent("visit", 3, 1, tablet),
    ]
    for order in permutations(lines):
        found = scored(list(order))[AS_TOUCHLINE_DOES]
        assert (found.precision, found.recall, found.persons) == (1, 1, 2)


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=12))
def test_shares_are_those_of_a_plain_count_of_pairs(events: list[tuple[int, int]]) -> None:
    pairs = list(combinations(events, 2))
    true = [one for one in pairs if one[0][0] == one[1][0]]
    found = [one for one in pairs if one[0][1] == one[1][1]]
    both = [one for one in true if one[0][1] == one[1][1]]
    expected = (len(both) / len(found) if found else 1.0, len(both) / len(true) if true else 1.0)
    assert pair_shares([person for person, _ in events], [person for _, person in events]) == expected


def test_stored_persons_are_scored_against_the_ledger_of_the_simulation(tmp_path: Path) -> None:
    lines = simulated(0.0)
    file = tmp_path / "truth.ndjson"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    run, scores = read_ledger(file)
    truth = scores.truth()
    assert {one.rule: one for one in scores.results()} == scored(lines)
    ended = {line["event"]["id"] for line in lines if line["kind"] == "sent" and "about" in line["event"]}
    assert ended & truth.keys(), "answers count, too"
    assert all(event_id.startswith(f"{run}-") for event_id in truth)
    perfect = [(event_id, f"k1:{person}") for event_id, person in truth.items()]
    score, missing = score_stored(truth, perfect)
    assert (score.precision, score.recall, missing) == (1.0, 1.0, 0)
    one_person = [(event_id, "k1:all") for event_id in truth]
    assert score_stored(truth, one_person)[0].precision < 1
    assert score_stored(truth, perfect[1:])[1] == 1


@pytest.mark.parametrize("content", ["", "[1]\n", "no json\n", '{"kind": "totals"}\n'])
def test_a_file_that_is_no_ledger_is_refused_with_what_to_give(tmp_path: Path, content: str) -> None:
    file = tmp_path / "other.ndjson"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(WrongUsage) as refused:
        read_ledger(file)
    assert refused.value.hint == "give the file that --ledger wrote"
