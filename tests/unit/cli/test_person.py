"""How `touchline person` is told whom to explain."""

from __future__ import annotations

from pathlib import Path

import pytest

from touchline.cli.person import asked_keys
from touchline.errors import WrongUsage
from touchline.schemas.identifiers import PersonKeys
from touchline.settings import Settings, load_settings

KEYS = PersonKeys("k1", bytes(32))
CARD = KEYS.key("loyalty", "4711")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    file = tmp_path / "person_key"
    file.write_text(f"k1:{'00' * 32}\n")
    return load_settings(person_key_file=file)


def test_a_raw_identifier_is_made_into_the_key_that_senders_make(settings: Settings) -> None:
    assert asked_keys(None, {"loyalty": "47-11", "mail": None}, None, settings) == [CARD]
    assert asked_keys(None, {}, "crm:88-1", settings) == [KEYS.key("crm", "88-1")]


@pytest.mark.parametrize("key", [CARD, CARD[:11], f"{CARD[:11]}…"])
def test_a_key_may_be_given_whole_or_as_the_pages_show_it(settings: Settings, key: str) -> None:
    assert CARD.startswith(asked_keys(key, {}, None, settings)[0])


@pytest.mark.parametrize(
    ("key", "given", "identifier"),
    [
        (None, {}, None),
        (CARD, {"loyalty": "4711"}, None),
        (None, {"loyalty": "4711", "login": "jane"}, None),
        ("4711", {}, None),
        ("k1:16eaacd", {}, None),
        (None, {}, "crm"),
        (None, {"loyalty": "4.71101E+12"}, None),
        (None, {"loyalty": "0000"}, None),
    ],
)
def test_what_names_nobody_is_wrong_usage_and_tells_no_value(
    settings: Settings, key: str | None, given: dict[str, str | None], identifier: str | None
) -> None:
    with pytest.raises(WrongUsage) as refused:
        asked_keys(key, given, identifier, settings)
    assert refused.value.hint
    assert "4.71101E" not in str(refused.value)
