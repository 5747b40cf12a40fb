"""The words around a question, and the language in which somebody reads them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Final

import yaml

FALLBACK: Final = "en"
_LISTED_MAX: Final = 20
Words = Mapping[str, str]


@cache
def _all_words() -> dict[str, Words]:
    text = resources.files(__package__).joinpath("words.yaml").read_text(encoding="utf-8")
    read: dict[str, Words] = yaml.safe_load(text)
    return read


def words_for(language: str) -> Words:
    """The words in a language (BCP 47), by their names; English ones where we have none."""
    words = _all_words()
    return words.get(language) or words.get(language.partition("-")[0]) or words[FALLBACK]


def languages() -> tuple[str, ...]:
    """The languages that have words."""
    return tuple(_all_words())


def accepted(header: str, offered: Collection[str]) -> str:
    """The language that a reader's Accept-Language (RFC 9110) likes best among those offered; "" where it names none of them."""
    known = {one.lower(): one for one in offered}
    for asked in _by_weight(header):
        if found := known.get(asked) or known.get(asked.partition("-")[0]):
            return found
    return ""


def _by_weight(header: str) -> Iterator[str]:
    weighed: list[tuple[float, int, str]] = []
    for number, part in enumerate(header.split(",")[:_LISTED_MAX]):
        name, _, parameter = part.partition(";")
        weight = _weight(parameter)
        if name.strip() and weight > 0:
            weighed.append((-weight, number, name.strip().lower()))
    return (name for _, _, name in sorted(weighed))


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        weight = float(value) if name == "q" else 0.0
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0
