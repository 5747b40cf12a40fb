"""A person named in one word: which keys may be meant, and which raw value is looked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from touchline.cli.export import raw_value
from touchline.cli.naming import keys_named
from touchline.errors import WrongUsage
from touchline.schemas.identifiers import IDENTIFIER_TYPES, PersonKeys
from touchline.settings import Settings, load_settings

KEYS = PersonKeys("k1", bytes(32))
CARD = KEYS.key("loyalty", "4711")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    file = tmp_path / "person_key"
    file.write_text(f"k1:{'00' * 32}\n")
    return load_settings(person_key_file=file)


@pytest.mark.parametrize("text", ["loyalty:4711", "loyalty:47-11", "loyalty: 4711 "])
def test_an_identifier_is_made_into_the_key_that_senders_make(settings: Settings, text: str) -> None:
    assert keys_named(text, settings) == [CARD]


def test_an_identifier_of_a_known_type_is_never_taken_for_a_key(settings: Settings) -> None:
    assert keys_named("loyalty:12345678", settings) == [KEYS.key("loyalty", "12345678")]


def test_what_may_be_both_is_looked_for_as_both_and_a_key_comes_first(settings: Settings) -> None:
    assert keys_named("crm:12345678", settings) == ["crm:12345678", KEYS.key("crm", "12345678")]
    assert keys_named(CARD, settings)[0] == CARD
    assert keys_named(f"{CARD[:11]}…", settings)[0] == CARD[:11]


@pytest.mark.parametrize(
    "text",
    ["", "4711", ":4711", "loyalty:", "loyalty:0000", "Loyalty Card:4711", "jane@example.org", "k1:16eaacd", "k1:xyz"],
)
def test_what_names_nobody_is_wrong_usage_that_tells_no_value(settings: Settings, text: str) -> None:
    with pytest.raises(WrongUsage) as refused:
        keys_named(text, settings)
    assert refused.value.hint
    assert "0000" not in refused.value.what + refused.value.hint
    assert "jane" not in refused.value.what + refused.value.hint


@given(st.sampled_from(IDENTIFIER_TYPES), st.text(min_size=1, max_size=64))
def test_the_value_of_an_identifier_is_looked_for_as_it_was_given(kind: str, value: str) -> None:
    assert raw_value(f"{kind}:{value}") == value.strip()


def test_of_a_whole_person_key_no_raw_value_is_looked_for() -> None:
    assert raw_value(CARD) == ""
    assert raw_value("crm:12345678") == "12345678"
