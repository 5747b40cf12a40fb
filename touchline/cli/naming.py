"""A person named in one word: a person key, or a raw identifier as type:value."""

from __future__ import annotations

from touchline.cli.person import asked_keys, is_key
from touchline.errors import WrongUsage
from touchline.schemas.identifiers import IDENTIFIER_TYPES, PersonKeys
from touchline.settings import Settings


def keys_named(text: str, settings: Settings) -> list[str]:
    """The person keys, or beginnings of keys, that may be meant, the likeliest first. `crm:12345678` may be the beginning of a key that was
    made under the key id crm, or a number of the type crm. An identifier has the keys of before a rotation, too.

    Raises WrongUsage, which does not repeat the text: it may be somebody's.
    """
    name, colon, value = text.partition(":")
    if not colon or not name or not value:
        raise WrongUsage(
            "that names no person",
            "give a person key such as k1:16eaacd3, or an identifier as type:value (loyalty:4711)",
        )
    if name in IDENTIFIER_TYPES:
        return asked_keys(None, {}, text, settings)
    if not is_key(text):
        _require_no_part_of_a_key(name, settings)
        return asked_keys(None, {}, text, settings)
    keys = asked_keys(text, {}, None, settings)
    try:
        return [*keys, *asked_keys(None, {}, text, settings)]
    except WrongUsage:
        return keys


def _require_no_part_of_a_key(name: str, settings: Settings) -> None:
    """Raises WrongUsage where an identifier would have the key id as its type: that is a person key, mistyped or cut too short, and the
    answer that nothing is kept would be wrong."""
    if name == PersonKeys.from_file(settings.person_key_file).key_id:
        raise WrongUsage(
            "that is no person key, nor the beginning of one",
            "give it as `touchline person` shows it, with 8 digits or more",
        )
