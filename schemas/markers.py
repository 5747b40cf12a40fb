"""Texts that a mapping or sources.yaml declares to stand for nobody, beside those that always do (`nobody.py`).

A marker is compared as it is written and as an identifier of the type is: the marker `9000 1` is also `9000-1` where cards are, and
`guest@shop.de` also `Guest <guest@shop.de>` where mail addresses are.
"""

from __future__ import annotations

from touchline.schemas.identifiers import IdentifierRejected, normalise
from touchline.schemas.tool_forms import plain


class Markers:
    """Declared markers; capitals and surrounding blanks do not count."""

    def __init__(self, texts: tuple[str, ...]) -> None:
        self._texts = frozenset(plain(text).lower() for text in texts)
        self._normalised: dict[tuple[str, str | None], frozenset[str]] = {}

    def __bool__(self) -> bool:
        return bool(self._texts)

    def name_nobody(self, identifier_type: str, value: str, country: str | None = None) -> bool:
        """Whether the value of an identifier of that type is one of them; `country` is that of national telephone numbers."""
        if plain(value).lower() in self._texts:
            return True
        named = self._normalised.get((identifier_type, country))
        if named is None:
            found = (_normalised(identifier_type, text, country) for text in self._texts)
            named = self._normalised[identifier_type, country] = frozenset(text for text in found if text)
        return bool(named) and _normalised(identifier_type, value, country) in named


def _normalised(identifier_type: str, value: str, country: str | None) -> str:
    """In small letters; empty where the text is no identifier of the type."""
    try:
        return normalise(identifier_type, value, country).lower()
    except IdentifierRejected:
        return ""
