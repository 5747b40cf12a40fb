"""What a partition reads between its batches, in which pieces, and when that leaves a mark."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.erasures import erasures_of, request
from touchline.identity.watchlist import WatchList
from touchline.processors import news
from touchline.processors.ledger.ledger import ErasureRequest, FeedRow, Progress
from touchline.processors.news import INSERTS_AT_ONCE, UNMARKED_INSERTS, News, news_of
from touchline.processors.poll import Poll
from touchline.processors.state.erasures import READ
from touchline.processors.values.records import Cursors, NamingAnswer, Reached
from touchline.processors.walk import END, Step

HERE, ELSEWHERE = "events/T1/0", "events/T1/1"


class Feed:
    """A ledger whose streams stand at these inserts and say these rows."""

    def __init__(self, positions: Cursors, *rows: FeedRow, answers: int = 0) -> None:
        self._positions = positions
        self._rows = rows
        self._answers = answers
        self.asked: list[str] = []

    def positions(self) -> Cursors:
        self.asked.append("positions")
        return self._positions

    def feed(self, after: Cursors, until: Cursors) -> list[FeedRow]:
        self.asked.append("feed")
        return [row for row in self._rows if after.get(row.stream, 0) < row.insert_number <= until.get(row.stream, 0)]

    def progress(self) -> dict[str, Progress]:
        self.asked.append("progress")
        return {}

    def answers_naming(self, partition: int, after: Cursors, until: Cursors) -> list[NamingAnswer]:
        return [NamingAnswer("shop", f"e{number}", "") for number in range(self._answers)]


def said(kind: str, insert_number: int, sign: int = 1) -> FeedRow:
    return FeedRow(ELSEWHERE, insert_number, kind, sign, 0, "shop", "e1", 0, "k1", "", "", "", 0, 0, "")


def partition(ledger: Feed, **fields: Any) -> Any:
    """Partition 0, which has read nothing yet and wrote one insert."""
    usual = {
        "number": 0, "ledger": ledger, "reached": Reached({}), "watched": WatchList(), "has_naming_answers": False,
        "mark": SimpleNamespace(insert_number=1), "unmarked_inserts": 0, "pieces": 1,
    }  # fmt: skip
    return SimpleNamespace(**usual | fields)


def read(
    of: Any,
    *,
    has_others: bool = True,
    must_mark: bool = False,
    map_change: int = 0,
    requests: Sequence[ErasureRequest] = (),
) -> list[News]:
    """All news, each followed before the next is asked for."""
    pieces = []
    poll, erasures = Poll(of.ledger), erasures_of(*requests)
    poll.begins(of.number, lambda: erasures.newest)
    for one in news_of(of, poll, map_change, erasures, has_others=has_others, must_mark=must_mark):
        pieces.append(one)
        of.reached = one.reached(of.reached)
    return pieces


def test_every_stream_is_read_the_own_one_too() -> None:
    of = partition(Feed({HERE: 2, ELSEWHERE: 3}, said("link", 3)))
    (only,) = read(of)
    assert (dict(only.until), [row.kind for row in only.rows]) == ({HERE: 2, ELSEWHERE: 3}, ["link"])
    assert of.reached.cursors == {HERE: 2, ELSEWHERE: 3}


def test_nothing_new_is_no_news() -> None:
    of = partition(Feed({HERE: 2}), reached=Reached({HERE: 2}))
    assert read(of) == []
    assert of.ledger.asked == ["positions"]


def test_much_news_comes_in_pieces_without_a_hole() -> None:
    newest = 2 * INSERTS_AT_ONCE + 1
    of = partition(Feed({ELSEWHERE: newest}, *(said("link", number) for number in range(1, newest + 1))))
    pieces = read(of)
    assert [len(one.rows) for one in pieces] == [INSERTS_AT_ONCE, INSERTS_AT_ONCE, 1]


def test_marks_are_read_after_the_rows_that_they_are_compared_with() -> None:
    of = partition(Feed({ELSEWHERE: 1}, said("claim", 1)))
    read(of)
    assert of.ledger.asked == ["positions", "feed", "progress"]


@pytest.mark.parametrize("kind", ["link", "unlink", "away", "handoff", "release"])
def test_marks_are_not_read_where_nothing_waits_for_them(kind: str) -> None:
    of = partition(Feed({ELSEWHERE: 1}, said(kind, 1)))
    read(of)
    assert of.ledger.asked == ["positions", "feed"]


@pytest.mark.parametrize("kind", ["claim", "look"])
def test_marks_are_read_where_the_news_may_be_waited_for(kind: str) -> None:
    of = partition(Feed({ELSEWHERE: 1}, said(kind, 1)))
    read(of)
    assert of.ledger.asked == ["positions", "feed", "progress"]


@pytest.mark.parametrize(
    ("kind", "sign", "must_mark"),
    [("claim", 1, True), ("release", 1, True), ("claim", -1, False), ("link", 1, False), ("handoff", 1, False)],
)
def test_that_a_claim_or_a_release_was_read_is_always_marked_since_others_wait_for_it(
    kind: str, sign: int, must_mark: bool
) -> None:
    (only,) = read(partition(Feed({ELSEWHERE: 1}, said(kind, 1, sign))))
    assert only.must_mark is must_mark


def test_what_is_watched_is_looked_at_although_nothing_was_said() -> None:
    of = partition(Feed({HERE: 2}), reached=Reached({HERE: 2}), watched=WatchList([("shop", "e1")]))
    assert len(read(of)) == 1
    assert of.ledger.asked == ["positions", "progress"]


def test_cursors_move_when_all_restated_answers_are_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "RESTATED_AT_ONCE", 2)
    pieces = read(partition(Feed({ELSEWHERE: 1}, answers=5), has_naming_answers=True))
    assert [(len(one.restated), dict(one.until)) for one in pieces] == [(2, {}), (2, {}), (1, {}), (0, {ELSEWHERE: 1})]


@pytest.mark.parametrize(("has_others", "marks"), [(True, [False, True]), (False, [False])])
def test_a_partition_without_a_mark_makes_one_where_others_may_wait_for_it(has_others: bool, marks: list[bool]) -> None:
    of = partition(Feed({ELSEWHERE: 1}), mark=SimpleNamespace(insert_number=0))
    assert [one.must_mark for one in read(of, has_others=has_others)] == marks


def test_a_lone_partition_without_a_mark_makes_one_where_readers_wait_for_its_walk() -> None:
    of = partition(Feed({}), mark=SimpleNamespace(insert_number=0), reached=Reached({}, 3, END))
    assert [one.must_mark for one in read(of, has_others=False, map_change=3)] == [True]


def test_after_many_inserts_a_mark_says_that_they_were_read() -> None:
    of = partition(Feed({}), unmarked_inserts=UNMARKED_INSERTS + 1)
    assert [one.must_mark for one in read(of)] == [True]


def test_of_no_stream_less_is_read_than_before_although_the_poll_is_older() -> None:
    ledger = Feed({HERE: 1})
    of = partition(ledger, reached=Reached({HERE: 1, ELSEWHERE: 4}))
    assert read(of, must_mark=True)[-1].until == {HERE: 1, ELSEWHERE: 4}


def test_requests_to_erase_come_first_in_pieces_of_which_each_leaves_a_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "ERASED_AT_ONCE", 4)
    requests = [request(number, f"k{number}", 9) for number in range(1, 6)]
    of = partition(Feed({ELSEWHERE: 1}, said("link", 1)), pieces=2, reached=Reached({}, erasure=2))
    pieces = read(of, requests=requests)
    assert [[one.number for one in piece.erasures] for piece in pieces] == [[3, 4], [5], []]
    assert [(piece.erasure, piece.must_mark, len(piece.rows)) for piece in pieces] == [
        (4, True, 0), (5, True, 0), (0, False, 1),
    ]  # fmt: skip
    assert of.reached == Reached({ELSEWHERE: 1}, erasure=5)
    assert read(of, requests=requests) == []


def test_requests_that_are_done_are_followed_by_all_and_need_no_mark_of_their_own() -> None:
    of = partition(Feed({}))
    (only,) = read(of, requests=[request(1, "k1", 9, is_done=True)])
    assert (only.erasures, only.erasure, only.must_mark) == ((), 1, False)
    assert of.reached.erasure == 1


def test_a_request_that_is_done_behind_one_that_waits_is_marked_as_followed_too() -> None:
    of = partition(Feed({}))
    pieces = read(of, requests=[request(1, "k1", 9), request(2, "k2", 9, is_done=True)])
    assert [(len(one.erasures), one.erasure, one.must_mark) for one in pieces] == [(1, 1, True), (0, 2, False)]


def test_whoever_waits_until_all_is_read_gets_a_mark_behind_the_last_piece() -> None:
    of = partition(Feed({ELSEWHERE: INSERTS_AT_ONCE + 1}, said("link", 1)))
    pieces = read(of, requests=[request(1, "", -1)._replace(how=READ)])
    assert [(one.erasure, one.must_mark) for one in pieces] == [(0, False), (0, False), (1, True)]
    assert pieces[-1].until == {ELSEWHERE: INSERTS_AT_ONCE + 1}


def test_a_partition_that_is_behind_does_not_say_that_it_has_read_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "GOES_PER_TICK", 1)
    of = partition(Feed({ELSEWHERE: INSERTS_AT_ONCE + 1}))
    asked = [request(1, "", -1)._replace(how=READ)]
    assert [one.erasure for one in read(of, requests=asked)] == [0]
    assert [one.erasure for one in read(of, requests=asked)] == [0, 1]


@pytest.mark.parametrize("kind", ["link", "unlink", "handoff", "away"])
def test_a_row_that_is_blank_is_no_news(kind: str) -> None:
    of = partition(Feed({ELSEWHERE: 1}, said(kind, 1)._replace(identifier="")))
    assert [list(one.rows) for one in read(of)] == [[]]


def test_a_walk_for_a_change_of_maps_leaves_the_requests_that_were_followed() -> None:
    before = Reached({HERE: 3}, 1, END, erasure=7)
    assert News({HERE: 4}, (), {}).reached(before) == Reached({HERE: 4}, 1, END, 7)
    walked = News({HERE: 4}, (), {}, walk=Step(2, "i", [], []))
    assert walked.reached(before).erasure == 7
