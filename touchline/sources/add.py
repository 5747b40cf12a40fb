"""A source and its first write key, a further key, one key less: what the commands write, each file as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from touchline.errors import WrongUsage
from touchline.schemas.sources import read_sources
from touchline.sources.entry import NEW_FILE, checked_fields, with_entry
from touchline.sources.files import SECRET_MODE, TEXT_MODE, locked, replace_text, text_of
from touchline.sources.keys import NewKey, new_key, read_keys, with_key, without_key


class Files(NamedTuple):
    """Where sources and their keys stand."""

    sources: Path
    write_keys: Path


def add_source(files: Files, name: str, fields: Mapping[str, Any]) -> NewKey:
    """Declare a source and make a write key for it alone. The source comes first: a collector that sees a key knows its source.

    Raises WrongUsage, and nothing is changed; but where the second file cannot be written, which the error says.
    """
    with locked(*files):
        changed = with_entry(text_of(files.sources, NEW_FILE), name, checked_fields(fields), files.sources)
        text = text_of(files.write_keys, "")
        key = new_key(name, read_keys(text, files.write_keys).sources)
        replace_text(files.sources, changed, TEXT_MODE)
        try:
            replace_text(files.write_keys, with_key(text, key, name), SECRET_MODE)
        except WrongUsage as error:
            raise WrongUsage(
                f"{name} is declared, but has no write key: {error.what}",
                f"{error.hint}; then: touchline source key {name}",
            ) from None
    return key


def add_key(files: Files, name: str) -> NewKey:
    """A further write key for a declared source. Raises WrongUsage."""
    with locked(files.write_keys):
        if name not in read_sources(text_of(files.sources, NEW_FILE), files.sources).sources:
            raise WrongUsage(f"{files.sources} declares no source of this name", f"touchline source add {name}")
        text = text_of(files.write_keys, "")
        key = new_key(name, read_keys(text, files.write_keys).sources)
        replace_text(files.write_keys, with_key(text, key, name), SECRET_MODE)
    return key


def revoke_key(files: Files, name: str, key_id: str) -> None:
    """Take a write key of the source out of the file: collectors refuse it within a second. Raises WrongUsage."""
    with locked(files.write_keys):
        text = text_of(files.write_keys, "")
        replace_text(files.write_keys, without_key(text, key_id, name, files.write_keys), SECRET_MODE)
