"""What counts at once, and what waits as a claim until every partition knows of it."""

from __future__ import annotations

import pytest

from tests.unit.processors.loop.world import event, person_key, placed_of
from touchline.processors.ledger.ledger import KnownEvent
from touchline.processors.ledger.rows import row_id_base
from touchline.processors.steps.settle import CLAIM, Here, Settled, settle
from touchline.schemas.reasons import Fate

HERE, ELSEWHERE = 0, 1
EARLIER_US = 1_000
"""The replaced version happened before the better one."""
KEY = ("shop", "e1")
ANNA, BOB = person_key(2), person_key(3)


def known(
    revision: int, fate: Fate = Fate.STORED, *, partition: int = HERE, identifier: str = ANNA, reason: str = ""
) -> KnownEvent:
    """A version of the event that stands, the first record of its partition."""
    return KnownEvent(*KEY, revision, 7, 0, fate, reason, 0, row_id_base(partition, 1), identifier)


def settled(
    revisions: list[int],
    *versions: KnownEvent,
    person: int | None = 2,
    plain: tuple[str, ...] = (),
    is_only: bool = False,
) -> Settled:
    """What becomes of these revisions of the event where `versions` are known; `plain` are plain here beside nobody."""
    facts = placed_of([event(1, person, 5, revision=revision) for revision in revisions])
    suspects = {KEY} if versions or len(revisions) > 1 else set()
    return settle(facts, suspects, versions, Here(HERE, is_only, lambda one: not one or one in plain))


def test_a_first_version_of_which_nothing_is_known_counts_at_once() -> None:
    assert settled([0]) == Settled.nothing()


def test_a_later_version_of_which_nothing_is_known_is_a_claim() -> None:
    found = settled([1])
    assert (found.fates, found.claims, found.moved) == ({0: Fate.SUPERSEDED}, {0}, [])


def test_without_other_partitions_nothing_is_a_claim() -> None:
    assert settled([1], is_only=True) == Settled.nothing()


def test_first_and_later_version_of_one_batch_need_no_claim() -> None:
    found = settled([0, 1])
    assert (found.fates, found.claims) == ({0: Fate.SUPERSEDED}, set())


@pytest.mark.parametrize("partition", [HERE, ELSEWHERE])
@pytest.mark.parametrize("plain", [(), (ANNA,)])
def test_a_version_that_is_known_already_stays_what_it_is_wherever_it_lies(
    partition: int, plain: tuple[str, ...]
) -> None:
    found = settled([0], known(2, partition=partition), plain=plain)
    assert (found.fates, found.claims, found.moved, found.again) == ({0: Fate.SUPERSEDED}, set(), [], {})


def test_a_better_version_of_the_same_identifier_takes_the_place_of_the_stored_one_at_once() -> None:
    old = known(0)._replace(event_time=EARLIER_US)
    found = settled([1], old, plain=(ANNA,))
    assert (found.fates, found.moved, found.again, found.away) == ({}, [(old, Fate.SUPERSEDED)], {ANNA: EARLIER_US}, {})
    assert found.replaced == {KEY}


def test_who_is_not_plain_is_followed_by_a_tick_when_a_version_is_replaced() -> None:
    found = settled([1], known(0)._replace(event_time=EARLIER_US))
    assert (found.fates, found.again, found.away) == ({}, {}, {ANNA: EARLIER_US})


@pytest.mark.parametrize(("plain", "is_claim"), [((ANNA, BOB), False), ((ANNA,), True), ((BOB,), True), ((), True)])
def test_a_better_version_of_another_identifier_is_a_claim_unless_both_are_plain_here(
    plain: tuple[str, ...], is_claim: bool
) -> None:
    found = settled([1], known(0, identifier=BOB), plain=plain)
    assert bool(found.claims) is is_claim
    assert bool(found.moved) is not is_claim  # the stored one counts until the claim is settled


def test_a_receipt_of_nobody_that_gets_its_card_later_is_a_claim_where_the_card_is_not_plain() -> None:
    assert settled([1], known(0, identifier="")).claims == {0}
    found = settled([1], known(0, identifier=""), plain=(ANNA,))
    assert (found.claims, set(found.again), found.again_alone) == (set(), {ANNA}, {KEY})


@pytest.mark.parametrize("fate", [Fate.STORED, Fate.SUPERSEDED])
def test_a_better_version_of_an_event_that_lies_elsewhere_is_a_claim(fate: Fate) -> None:
    found = settled([1], known(0, fate, partition=ELSEWHERE), plain=(ANNA,))
    assert (found.claims, found.moved) == ({0}, [])


def test_of_two_claims_of_a_partition_the_lesser_one_ends_when_the_better_one_comes() -> None:
    first = known(1, Fate.SUPERSEDED, reason=CLAIM)
    found = settled([2], first)
    assert (found.claims, found.moved) == ({0}, [(first, Fate.SUPERSEDED)])


def test_only_versions_of_this_partition_are_moved() -> None:
    elsewhere = known(1, Fate.SUPERSEDED, partition=ELSEWHERE, reason=CLAIM)
    assert settled([2], known(0), elsewhere, plain=(ANNA,)).moved == [(known(0), Fate.SUPERSEDED)]


HIDDEN = ("shop", "erased:0")


def settled_beside_erased(revision: int, of_erased: int, *, is_only: bool = False) -> Settled:
    """What becomes of that revision where an erased one is kept under its hidden id."""
    erased = known(of_erased, Fate.ERASED, identifier="")._replace(event_id=HIDDEN[1])
    facts = placed_of([event(1, 2, 5, revision=revision)])
    return settle(facts, {KEY}, [erased], Here(HERE, is_only, lambda _: True), {HIDDEN: KEY})


@pytest.mark.parametrize("is_only", [True, False])
def test_a_lesser_version_than_an_erased_one_does_not_count(is_only: bool) -> None:
    found = settled_beside_erased(0, 1, is_only=is_only)
    assert (found.fates, found.claims, found.moved) == ({0: Fate.SUPERSEDED}, set(), [])


def test_a_better_version_than_an_erased_one_waits_as_a_claim_and_the_erased_one_stays_erased() -> None:
    found = settled_beside_erased(2, 1)
    assert (found.fates, found.claims, found.moved) == ({0: Fate.SUPERSEDED}, {0}, [])


def test_a_version_that_was_erased_before_it_came_takes_the_place_of_a_plain_one_and_waits_for_any_other() -> None:
    facts = placed_of([event(1, None, 5, revision=1)])  # nobody's, as it is judged
    for old, is_claim in ((known(0), False), (known(0, identifier=BOB), True), (known(0, partition=ELSEWHERE), True)):
        found = settle(facts, {KEY}, [old], Here(HERE, False, lambda one: not one or one == ANNA))
        assert bool(found.claims) is is_claim
        assert found.moved == ([] if is_claim else [(old, Fate.SUPERSEDED)])


def test_an_erased_version_that_waits_is_erased_for_good_when_a_better_one_comes() -> None:
    waits = known(1, Fate.ERASED, identifier="", reason=CLAIM)
    assert settled([2], waits).moved == [(waits, Fate.ERASED)]
    assert settled([0], waits).moved == []


def test_a_version_under_its_hidden_id_and_one_under_its_former_id_are_versions_of_one_event() -> None:
    facts = placed_of([event(1, 2, 5, revision=1), event(1, None, 5)])
    facts[1] = (facts[1][0], facts[1][1]._replace(event_id=HIDDEN[1]))
    found = settle(facts, {KEY, HIDDEN}, [], Here(HERE, True, lambda _: True), {HIDDEN: KEY})
    assert found.fates == {1: Fate.SUPERSEDED}


def test_an_anonymised_version_that_is_replaced_is_followed_again_under_its_hidden_id() -> None:
    stored = known(0, identifier="")._replace(event_id=HIDDEN[1])
    facts = placed_of([event(1, None, 5, revision=1)])
    found = settle(facts, {KEY}, [stored], Here(HERE, True, lambda _: True), {HIDDEN: KEY})
    assert found.moved == [(stored, Fate.SUPERSEDED)]
    assert found.again_alone == {HIDDEN, KEY}
