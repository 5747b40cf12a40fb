"""Errors of wrong usage do not repeat what was typed: it may be somebody's name, card or mail address."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from touchline.cli.main import run
from touchline.cli.typed import HIDDEN, without_typed

MAIL, CARD = "zeb.quux@example.org", "4711-0815"


@pytest.mark.parametrize("value", [MAIL, CARD, "Zebediah Quux"])
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["person", "k1:16eaacd3", "{}"], "unexpected extra argument"),
        (["person", "--loyalty", "1", "{}", "more"], "unexpected extra argument"),
        (["person", "{}"], "that is no person key"),
        (["person", "--identifier", "{}"], "--identifier is not type:value"),
        (["export", "loyalty:1", "{}"], "unexpected extra argument"),
        (["comments", "--limit", "{}"], "--limit"),
        (["comments", "--limit={}"], "--limit"),
        (["comments", "--since", "{}"], "--since"),
        (["emit", "--touchpoint", "x", "--person", "{}"], "--person is not type:value"),
        (["emit", "--touchpoint", "x", "--amount", "{}"], "--amount is not an amount"),
        (["quarantine", "list", "--reason", "{}"], "--reason"),
        (["report", "--no-such={}"], "No such option"),
        (["comments", "--set", "partitions={}"], "partitions"),
    ],
)
def test_wrong_usage_is_told_without_the_value(
    words: list[str], said: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([word.format(value) for word in words]) == 2
    shown = capsys.readouterr()
    assert said in shown.err
    assert value not in shown.err + shown.out
    assert not any(piece in shown.err for piece in ("Zebediah", "Quux", "quux", "0815"))


@pytest.mark.parametrize("words", [[MAIL], [CARD], ["quarantine", MAIL], ["person", f"--{MAIL}"]])
def test_what_stands_in_the_place_of_a_command_or_an_option_is_told_where_it_looks_like_one(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words) == 2
    shown = capsys.readouterr().err
    assert words[-1].strip("-") not in shown
    assert run(["quarantine", "lst"]) == 2
    assert "'lst'" in capsys.readouterr().err


@given(st.text(min_size=1).filter(lambda text: not text.startswith("-") and any(one.isdigit() for one in text)))
def test_no_value_with_a_digit_is_repeated(value: str) -> None:
    for said in (f"Invalid value for '--limit': {value!r} is not a valid integer", f"No such command {value!r}."):
        assert repr(value) not in without_typed(said, ["--limit", value])
        assert HIDDEN in without_typed(said, [f"--limit={value}"])
    assert value not in without_typed(f"Got unexpected extra argument(s) (a {value})", ["a", value]).partition("(s)")[2]
