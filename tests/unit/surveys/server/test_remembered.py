"""What is decided is kept in mind until the ledger has it."""

from __future__ import annotations

from tests.unit.surveys.test_asks import ASK, NOW
from touchline.surveys.asks import StoredAsk
from touchline.surveys.server.remembered import KEPT_US, LONGEST_US, Remembered

SAMPLED = StoredAsk(ASK, "sampled", NOW)
SHOWN = StoredAsk(ASK, "shown", NOW + 1)


def test_an_ask_is_known_under_every_key_of_the_person() -> None:
    mind = Remembered("surveys")
    mind.add(SAMPLED, ["k1:a", "k1:b"], NOW)
    mind.add(SHOWN, ["k1:c"], NOW)
    for key in ("k1:a", "k1:b", "k1:c"):
        assert [(one.ask_id, one.disposition) for one in mind.of([key, "k1:z"])] == [(ASK.id, "shown")]
    assert mind.of(["k1:z"]) == []
    assert mind.get(ASK.id) == SHOWN
    assert len(mind) == 1


def test_what_was_not_written_is_taken_back() -> None:
    mind = Remembered("surveys")
    before = mind.add(SAMPLED, ["k1:a"], NOW)
    assert before is None
    assert mind.add(SHOWN, ["k1:a"], NOW) == SAMPLED
    mind.take_back(SHOWN, SAMPLED)
    assert mind.get(ASK.id) == SAMPLED
    mind.take_back(SHOWN, SAMPLED)  # it is not what holds
    mind.take_back(SAMPLED, None)
    assert (len(mind), mind.of(["k1:a"])) == (0, [])


def test_an_ask_is_forgotten_when_the_ledger_has_it_and_no_reading_of_before_can_be_open() -> None:
    mind = Remembered("surveys")
    mind.add(SHOWN, ["k1:a"], NOW)
    later = NOW + KEPT_US
    assert mind.to_look_for(10, later - 1) == []
    mind.seen(ASK.id, "shown", later - 1)
    assert mind.to_look_for(10, later) == [ASK.id]
    mind.seen(ASK.id, "sampled", later)  # what it came to since is not there yet
    assert len(mind) == 1
    mind.seen(ASK.id, "complete", later)
    mind.seen(ASK.id, "complete", later)
    assert len(mind) == 0


def test_it_says_when_no_more_can_be_kept_in_mind() -> None:
    mind = Remembered("surveys", most=2)
    mind.add(SAMPLED, ["k1:a"], NOW)
    is_full = [mind.is_full]
    mind.add(StoredAsk(ASK._replace(id="f" * 32), "sampled", NOW), ["k1:a"], NOW)
    assert [*is_full, mind.is_full] == [False, True]
    assert mind.to_look_for(2, NOW + KEPT_US) == [ASK.id, "f" * 32]


def _asks(mind: Remembered, *since_us: int) -> list[str]:
    """One ask each, of a person of its own."""
    names = [f"{number:032x}" for number in range(len(since_us))]
    for name, at_us in zip(names, since_us, strict=True):
        mind.add(StoredAsk(ASK._replace(id=name), "sampled", NOW), [f"k1:{name}"], at_us)
    return names


def test_who_was_erased_is_forgotten_when_the_ledger_has_what_came_a_day_later() -> None:
    mind = Remembered("surveys")
    erased, other, later = _asks(mind, NOW, NOW + 1, NOW + LONGEST_US)
    mind.seen(later, "sampled", NOW + 2 * LONGEST_US)
    mind.forget_lost()
    assert (mind.get(erased), mind.of([f"k1:{erased}"])) == (None, [])
    assert mind.get(other) is not None


def test_however_far_the_ledger_is_behind_nothing_is_forgotten() -> None:
    mind = Remembered("surveys")
    first, *_ = _asks(mind, NOW, NOW + 1, NOW + 9 * LONGEST_US)
    mind.seen(first, "sampled", NOW + 10 * LONGEST_US)
    mind.forget_lost()
    assert len(mind) == 2


def test_many_that_never_come_to_the_ledger_do_not_hide_the_latest() -> None:
    mind = Remembered("surveys")
    names = _asks(mind, *range(NOW, NOW + 9))
    assert mind.to_look_for(4, NOW + 8 + KEPT_US) == [*names[:2], *names[-2:]]
    assert mind.to_look_for(4, NOW + 3 + KEPT_US) == names[:4]
