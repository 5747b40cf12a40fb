"""Signed links: who has none of ours gets in nowhere, and nothing personal stands in one."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, strategies as st

from touchline.errors import WrongUsage
from touchline.surveys.links import Kind, Link, LinkProblem, LinkRefused, ask_url, derived_id, read, sign

SECRET = bytes(range(32))
NOW = 1_760_000_000
ASK = Link("ask", NOW + 3600, "de", ask_id="5b0f5f7d3f1e4f0c8a7d1c2e9b604713")
PLACE = Link("place", NOW + 3600, "", place="store-12", touchpoint="store_visit", question="nps_here")
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
NAMES = st.text(st.characters(categories=("L", "N", "P", "S"), exclude_characters="@"), min_size=1, max_size=40)
_ENDS = st.integers(NOW + 1, 2**32 - 1)
_ASKS = st.binary(min_size=16, max_size=16).map(bytes.hex)
LINKS = st.one_of(
    st.tuples(st.sampled_from(["ask", "receipt"]), _ENDS, st.sampled_from(["", "de", "fr-CH"]), _ASKS).map(
        lambda said: Link(said[0], *said[1:])  # type: ignore[arg-type]
    ),
    st.tuples(_ENDS, st.sampled_from(["", "it"]), NAMES, NAMES, NAMES).map(
        lambda said: Link("place", said[0], said[1], "", *said[2:])
    ),
)


def problem(text: str, now_s: float = NOW, kinds: tuple[Kind, ...] = ("ask", "place", "receipt")) -> LinkProblem | None:
    found = read(SECRET, text, now_s, kinds)
    return found.problem if isinstance(found, LinkRefused) else None


@given(LINKS)
def test_a_link_is_read_as_it_was_signed(link: Link) -> None:
    assert read(SECRET, sign(SECRET, link), NOW) == link


@given(LINKS, st.data())
def test_no_other_character_at_any_place_gets_in(link: Link, data: st.DataObject) -> None:
    text = sign(SECRET, link)
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from([one for one in ALPHABET if one != text[at]]))
    assert problem(text[:at] + other + text[at + 1 :]) in (LinkProblem.FORGED, LinkProblem.MALFORMED)


@given(LINKS, st.data())
def test_no_part_of_a_link_gets_in(link: Link, data: st.DataObject) -> None:
    text = sign(SECRET, link)
    start, end = sorted((data.draw(st.integers(0, len(text))), data.draw(st.integers(0, len(text)))))
    if (part := text[start:end]) != text:
        assert problem(part) in (LinkProblem.FORGED, LinkProblem.MALFORMED)


@given(st.text())
def test_whatever_is_no_link_is_refused_by_a_reason(text: str) -> None:
    assert problem(text) is not None


@given(st.binary(min_size=21, max_size=200))
def test_what_has_the_form_of_a_link_and_not_our_seal_is_forged(raw: bytes) -> None:
    assert problem(base64.urlsafe_b64encode(raw).rstrip(b"=").decode()) is LinkProblem.FORGED


@given(LINKS, st.binary(min_size=32, max_size=32).filter(lambda one: one != SECRET))
def test_the_link_of_another_secret_is_forged(link: Link, other: bytes) -> None:
    assert problem(sign(other, link)) is LinkProblem.FORGED


@given(LINKS, st.sampled_from([1, 2, 3]))
def test_a_link_whose_kind_is_swapped_is_forged(link: Link, number: int) -> None:
    text = sign(SECRET, link)
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    swapped = base64.urlsafe_b64encode(bytes((number,)) + raw[1:]).rstrip(b"=").decode()
    assert problem(swapped) is (None if swapped == text else LinkProblem.FORGED)


def test_a_link_ends_at_its_time() -> None:
    text = sign(SECRET, ASK)
    assert problem(text, ASK.expires_s - 0.001) is None
    assert problem(text, ASK.expires_s) is LinkProblem.EXPIRED


def test_a_link_of_another_kind_is_refused_where_it_does_not_belong() -> None:
    assert problem(sign(SECRET, ASK), kinds=("place",)) is LinkProblem.OTHER_KIND
    assert problem(sign(SECRET, PLACE), kinds=("place",)) is None


def test_a_link_is_short_enough_for_a_code_on_a_receipt() -> None:
    assert len(sign(SECRET, ASK)) <= 56
    assert len(sign(SECRET, PLACE)) <= 80


@pytest.mark.parametrize(
    "link",
    [
        ASK._replace(ask_id="receipt-4711"),
        ASK._replace(ask_id=""),
        ASK._replace(language="German"),
        ASK._replace(expires_s=2**32),
        PLACE._replace(place="anna@example.com"),
        PLACE._replace(place=""),
        PLACE._replace(touchpoint="a\x00b"),
        PLACE._replace(question="x" * 129),
    ],
)
def test_what_no_link_may_say_is_not_signed_and_not_repeated(link: Link) -> None:
    with pytest.raises(WrongUsage) as error:
        sign(SECRET, link)
    assert "4711" not in str(error.value)
    assert "anna" not in str(error.value)


def test_the_address_of_an_ask_is_good_until_the_ask_ends() -> None:
    address = ask_url("https://ask.example", SECRET, ASK.ask_id, ASK.expires_s * 1_000_000 - 1, "de")
    assert read(SECRET, address.removeprefix("https://ask.example/q/"), NOW) == ASK


def test_ids_are_told_by_their_parts_alone() -> None:
    assert derived_id(SECRET, "a", "b") == derived_id(SECRET, "a", "b")
    assert len({derived_id(SECRET, *parts) for parts in (("a", "b"), ("ab",), ("a,b",), ("b", "a"))}) == 4
    assert derived_id(SECRET, "a") != derived_id(bytes(32), "a")
