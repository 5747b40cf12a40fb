"""Lines of the file of write keys: a further one, one less, and whose they are. Comments and all other lines stay as they are."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from pathlib import Path
from typing import Final, NamedTuple

from touchline.errors import WrongUsage
from touchline.producers.collector.access import ALL_SOURCES, WriteKeys, words_of
from touchline.producers.collector.browser_keys import terms_in

SECRET_BYTES: Final = 32
ID_CHARACTERS: Final = 64
NO_KEY: Final = "# no write key: nobody may send\n"


class NewKey(NamedTuple):
    """A key that was just made. The secret is shown once."""

    key_id: str
    secret: str

    def __repr__(self) -> str:
        return f"NewKey({self.key_id!r}, secret hidden)"

    @property
    def presented(self) -> str:
        """As a sender shows it."""
        return f"{self.key_id}.{self.secret}"


def read_keys(text: str, path: Path) -> WriteKeys:
    """The keys of a text, none of an empty one. Raises WrongUsage that names the line of `path`."""
    return WriteKeys.from_text(text if text.strip() else NO_KEY, path, may_have_none=True)


def new_key(source: str, taken: Collection[str]) -> NewKey:
    """A key whose id is the source's, with a number where that is taken."""
    names = (source[: ID_CHARACTERS - len(end)] + end for end in ("", *(f"-{number}" for number in range(2, 10_000))))
    return NewKey(next(name for name in names if name not in taken), secrets.token_hex(SECRET_BYTES))


def with_key(text: str, key: NewKey, source: str) -> str:
    """The text with a line for the key, as the last one."""
    broken = "" if not text or text.endswith("\n") else "\n"
    kept = "".join(line for line in text.splitlines(keepends=True) if line != NO_KEY)
    return f"{kept}{broken}{key.presented} {source}\n"


def without_key(text: str, key_id: str, source: str, path: Path) -> str:
    """The text without the line of a key. Raises WrongUsage where there is none, or where it is not of this source alone."""
    sources = read_keys(text, path).sources
    if key_id not in sources:
        raise WrongUsage(f"{path} has no such key", "touchline source list names the keys of each source")
    if sources[key_id] != frozenset((source,)):
        raise WrongUsage(
            f"the key {key_id} is not of {source} alone",
            f"take the source out of its line in {path}, or the line: the collector reads it again by itself",
        )
    kept = [line for line in text.splitlines(keepends=True) if not _has_id(line, key_id)]
    left = "".join(kept)
    return left if any(map(words_of, kept)) else left + NO_KEY


def key_ids_of(keys: WriteKeys, source: str) -> list[str]:
    """The ids of the keys that may send for a source, those for all sources included."""
    return [key_id for key_id, sources in keys.sources.items() if sources is None or source in sources]


def presented_for(text: str, source: str) -> str | None:
    """A key that may send for the source, as it is shown to the collector; None where there is none."""
    lines = [words for line in text.splitlines() if (words := words_of(line))]
    servers = (words for words in lines if terms_in(words, "")[1] is None)  # a key of browsers reads nothing
    return next((words[0] for words in servers if source in words[1:] or ALL_SOURCES in words[1:]), None)


def _has_id(line: str, key_id: str) -> bool:
    words = words_of(line)
    return bool(words) and words[0].rpartition(".")[0] == key_id
