"""Write keys: who may send, and for which sources.

The file has one key a line, `<id>.<secret>` followed by the sources that it may send for, or by `*` for all that are declared:

    web-shop.6f1f...e2 web-shop
    survey.09ab...77 survey-tool call-centre

A sender gives the whole first word as `Authorization: Bearer <id>.<secret>`. Keys of browsers say more: browser_keys.py.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

from touchline.errors import WrongUsage
from touchline.producers.collector.browser_keys import BrowserTerms, terms_in
from touchline.schemas.sources import SOURCE_ID_PATTERN
from touchline.schemas.text_file import read_text_file

ALL_SOURCES: Final = "*"
_KEY: Final = re.compile(r"([A-Za-z0-9_.-]{1,64})\.([A-Za-z0-9_-]{32,128})")
_FORM: Final = "write lines `<id>.<secret of 32 or more letters and digits> <source> ...`; `#` begins a comment"
_is_source_id: Final = re.compile(SOURCE_ID_PATTERN).fullmatch
_NOBODY: Final = hashlib.sha256(b"").digest()


class WriteKey(NamedTuple):
    """A key that was found valid: its id, and the sources that it may send for (None: all that are declared)."""

    key_id: str
    sources: frozenset[str] | None
    browser: BrowserTerms | None = None
    """Of a key that stands in pages, what may come by it."""

    def permits(self, source: object) -> bool:
        """Whether events of this source may come by this key."""
        return self.sources is None or source in self.sources

    @property
    def only_source(self) -> str | None:
        """The source that all events by this key are of; None where it may send for several."""
        return next(iter(self.sources)) if self.sources is not None and len(self.sources) == 1 else None


class Keys(Protocol):
    """Whom the collector asks for a write key."""

    @property
    def is_stale(self) -> bool:
        """Whether the file says something else by now that cannot be read."""

    def find(self, presented: str) -> WriteKey | None:
        """The key, or None."""


class WriteKeys:
    """The keys of one file, as it was read once. Holds digests, so that neither a dump of the memory nor a message tells a secret."""

    def __init__(
        self,
        keys: Mapping[str, tuple[bytes, frozenset[str] | None]],
        browsers: Mapping[str, BrowserTerms] = MappingProxyType({}),
    ) -> None:
        self._keys = keys
        self._browsers = browsers

    @property
    def sources(self) -> Mapping[str, frozenset[str] | None]:
        """By key id the sources that it may send for; None: all that are declared. A source need not be declared yet: its events are
        refused until it is."""
        return {key_id: sources for key_id, (_, sources) in self._keys.items()}

    @property
    def is_stale(self) -> bool:
        """Never: what was read holds."""
        return False

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        return f"WriteKeys({sorted(self._keys)}, secrets hidden)"

    @classmethod
    def from_file(cls, path: Path, *, may_have_none: bool = False) -> WriteKeys:
        """See `from_text`. Raises WrongUsage, too, where the file cannot be read."""
        hint = f"start the local stack once (touchline up), or set write_keys_file and {_FORM}"
        text = read_text_file(path, f"the file of write keys {path}", hint)
        return cls.from_text(text, path, may_have_none=may_have_none)

    @classmethod
    def from_text(cls, text: str, path: Path, *, may_have_none: bool = False) -> WriteKeys:
        """Raises WrongUsage with the line of `path`, never with its content. A file without a key is wrong, unless it `may_have_none`:
        then one that says so by a comment means that nobody may send, while an empty one is still wrong."""
        keys: dict[str, tuple[bytes, frozenset[str] | None]] = {}
        browsers: dict[str, BrowserTerms] = {}
        for number, line in enumerate(text.splitlines(), 1):
            words = words_of(line)
            if not words:
                continue
            place = f"line {number} of the write keys {path}"
            words, terms = terms_in(words, place)
            key_id, entry = _read(words, place)
            if key_id in keys:
                raise WrongUsage(f"{place} repeats an id", "give each key its own id")
            keys[key_id] = entry
            if terms is not None:
                browsers[key_id] = terms
        if not keys and not (may_have_none and text.strip()):
            raise WrongUsage(f"the file of write keys {path} has no key", _FORM)
        return cls(keys, browsers)

    def find(self, presented: str) -> WriteKey | None:
        """The key, or None. Takes as long for an unknown id as for a wrong secret."""
        key_id, _, secret = presented.rpartition(".")
        digest, sources = self._keys.get(key_id, (_NOBODY, frozenset[str]()))
        is_right = hmac.compare_digest(hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest(), digest)
        return WriteKey(key_id, sources, self._browsers.get(key_id)) if is_right and secret else None


def bearer_of(headers: Mapping[str, str]) -> str | None:
    """The write key in a request's headers (RFC 6750), None where there is none."""
    scheme, _, presented = headers.get("Authorization", "").strip().partition(" ")
    return presented.strip() if scheme.lower() == "bearer" and presented.strip() else None


def basic_user_of(headers: Mapping[str, str]) -> str | None:
    """The write key as the user name of Basic authentication (RFC 7617), None where there is none."""
    scheme, _, presented = headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(presented, validate=True).decode().partition(":")[0] or None
    except (binascii.Error, UnicodeDecodeError):
        return None


def words_of(line: str) -> list[str]:
    """The key and the sources of a line of the file; none of a line without a key."""
    return line.partition("#")[0].split()


def _read(words: Sequence[str], place: str) -> tuple[str, tuple[bytes, frozenset[str] | None]]:
    found = _KEY.fullmatch(words[0])
    if found is None:
        raise WrongUsage(f"{place} is malformed", _FORM)
    sources = words[1:]
    if not sources:
        raise WrongUsage(f"{place} names no source", "add the sources that it may send for, or * for all")
    if sources != [ALL_SOURCES] and not all(map(_is_source_id, sources)):
        raise WrongUsage(f"{place} names what is no source id", "see sources.yaml; `*` stands alone")
    key_id, secret = found.groups()
    allowed = None if sources == [ALL_SOURCES] else frozenset(sources)
    return key_id, (hashlib.sha256(secret.encode()).digest(), allowed)
