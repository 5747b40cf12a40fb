"""After a rotation of the person keys: links from each person's new key to the ones of before, at first sight.

A link is an identify event of the source that sees the identifier, so its legal basis and its term of retention hold for it, too.
Everything in it follows from the keys: whoever makes it again, in whatever process, makes the same event, which counts once.

Why: docs/decisions/0022.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from touchline.schemas.events import IDENTIFY
from touchline.schemas.identifiers import PersonKeys

_DIGEST_BYTES: Final = 16
_ID_PREFIX: Final = "key-rotation-"

Older = tuple[str, ...]
"""The keys of before of one identifier, the newest first."""


class RotationLinks:
    """What is to be linked, and what was; threads may share one. Without older keys there is nothing to do."""

    def __init__(self, person_keys: PersonKeys | None) -> None:
        self._older_keys = () if person_keys is None else person_keys.older
        self._older: dict[str, Older] = {}
        self._linked: set[tuple[str, str, str]] = set()
        self.is_needed = bool(self._older_keys)

    def learn(self, key: str, kind: str, value: str, country: str | None) -> None:
        """An identifier is seen for the first time, and has this key now."""
        self._older[key] = tuple(one.keys.key(kind, value, country) for one in self._older_keys)

    def unlink(self) -> None:
        """Some links may not have arrived: whoever is seen again is linked again."""
        self._linked.clear()

    def forget(self) -> None:
        """Nobody is known any more: who is seen again is learned and linked again."""
        self._older.clear()
        self._linked.clear()

    def links_of(self, sent: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Identify events that link the persons of an event that is on its way; each pair once for each source."""
        return [
            self._link(sent, person["type"], key, older)
            for person in sent["persons"]
            if (older := self._older.get(key := person["key"])) and self._is_new(sent, key)
        ]

    def _is_new(self, sent: Mapping[str, Any], key: str) -> bool:
        consent = sent.get("consent")
        seen = (sent["source"], key, "" if consent is None else consent["id"])
        if seen in self._linked:
            return False
        self._linked.add(seen)
        return True

    def _link(self, sent: Mapping[str, Any], kind: str, key: str, older: Older) -> dict[str, Any]:
        inherited = {name: sent[name] for name in ("simulated", "consent") if sent.get(name)}
        parts = (kind, key, *older, str(inherited.get("simulated", "")), inherited.get("consent", {}).get("id", ""))
        digest = hashlib.blake2b("\0".join(parts).encode(), digest_size=_DIGEST_BYTES).hexdigest()
        return {
            "type": IDENTIFY,
            "id": f"{_ID_PREFIX}{digest}",
            "source": sent["source"],
            "time": self._older_keys[0].retired_at,
            "persons": [{"type": kind, "key": one} for one in (key, *older)],
            **inherited,
        }
