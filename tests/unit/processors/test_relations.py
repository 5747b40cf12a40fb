"""What is said of identifiers is read once, with the types by which links name them."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from tests.support.erasures import erasures_of, request
from touchline.identity.links import Erasure, Identifier, Link, Unlink
from touchline.processors.ledger.ledger import Said
from touchline.processors.relations import Relations
from touchline.processors.state.erasures import ERASE
from touchline.schemas.identifiers import order_of

LOGIN, COOKIE = Identifier(*order_of("login"), "k2"), Identifier(*order_of("anonymous"), "k3")
SAID = [
    Said("link", 10, "shop", "e1", "k2", "login", "k3", "anonymous"),
    Said("unlink", 20, "shop", "e2", "k2", "login", "k3", "anonymous"),
]
ERASURES = erasures_of(request(1, "k3", 30, after_us=4), request(2, "k9", 50))


class Ledger:
    """Says these, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def said_about(self, identifiers: Collection[str]) -> list[Said]:
        self.asked.append(sorted(identifiers))
        return SAID if {"k2", "k3"} & set(identifiers) else []

    def published_with(self, identifiers: Collection[str]) -> set[str]:
        return {*identifiers, "k3"}


def relations() -> tuple[Ledger, Relations]:
    ledger = Ledger()
    return ledger, Relations(ledger, ERASURES)  # type: ignore[arg-type]  # the two look-ups that relations ask for


def test_links_unlinks_and_erasures_are_told_with_both_types() -> None:
    _, found = relations()
    assert found.look_up([LOGIN]) == (
        [Link(10, ("shop", "e1"), LOGIN, COOKIE)],
        [Unlink(20, ("shop", "e2"), LOGIN, COOKIE)],
        [Erasure(30, COOKIE, 4)],
    )


def test_an_identifier_that_nothing_names_has_no_type() -> None:
    _, found = relations()
    assert found.identifiers(["k2", "k9"]) == {LOGIN, Identifier(*order_of(""), "k9")}


def test_whoever_is_published_with_it_has_a_type_too() -> None:
    _, found = relations()
    assert found.published_with([LOGIN]) == {LOGIN, COOKIE}


def test_the_erased_spans_of_each_identifier_are_told_and_of_others_there_are_none() -> None:
    _, found = relations()
    assert [found.erased(key) for key in ("k3", "k9", "k2")] == [((4, 30, ERASE),), ((-1, 50, ERASE),), ()]


def test_an_erased_identifier_of_which_nothing_is_said_is_told_with_its_erasure_when_news_name_it() -> None:
    erased = Identifier(*order_of("mail"), "k9")
    found = Relations(Ledger(), ERASURES, [erased])  # type: ignore[arg-type]  # as above
    assert found.look_up([erased]) == ([], [], [Erasure(50, erased)])


def test_each_identifier_is_read_once() -> None:
    ledger, found = relations()
    found.identifiers(["k2"])
    found.look_up([LOGIN])
    found.look_up([LOGIN, COOKIE])
    found.look_up([COOKIE])
    assert ledger.asked == [["k2"], ["k3"]]


def test_who_is_probably_asked_for_next_is_read_ahead() -> None:
    ledger = Ledger()
    found = Relations(ledger, ERASURES, (), lambda keys: {"k3"} - set(keys))  # type: ignore[arg-type]  # as above
    assert found.identifiers(["k2"]) == {LOGIN}
    assert len(found.look_up([LOGIN, COOKIE]).links) == 1
    assert ledger.asked == [["k2", "k3"]]


def test_who_is_published_together_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, found = relations()
    asked: list[Collection[str]] = []

    def published_with(identifiers: Collection[str]) -> set[str]:
        asked.append(set(identifiers))
        return {"k2"}

    monkeypatch.setattr(ledger, "published_with", published_with)
    for one in ([LOGIN], [COOKIE], [LOGIN, COOKIE]):
        assert found.published_with(one) == {LOGIN}
    assert asked == [{"k2"}, {"k3"}]
