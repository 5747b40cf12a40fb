"""A further entry in the text of sources.yaml: what stands there stays to the letter, comments and order included.

The text is not written anew from its values, which would lose both. YAML's events tell where the last entry ends, and the new one is put
behind it, as deep as its neighbours. Whether that was right is then read from the new text: the old entries and the new one, nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import indent as indented
from typing import Any, Final, NamedTuple

import yaml
from pydantic import ValidationError

from touchline.errors import WrongUsage
from touchline.schemas.sources import SOURCE_ID_PATTERN, Source, read_sources

NEW_FILE: Final = "# Systems that send events: docs/configuration.md lists the fields.\nsources: {}\n"
_is_source_id: Final = re.compile(SOURCE_ID_PATTERN).fullmatch
_KEY: Final = "sources"
_STEP: Final = 2
_WIDTH: Final = 1 << 20
"""Longer than any line: the writer of YAML is to fold none."""


class _Place(NamedTuple):
    """Where the entries of `sources` stand in a text. Indices count characters."""

    is_flow: bool
    """Within { }."""
    begin: int
    """Behind the `{`, or where the first entry begins."""
    end: int
    """Where the last entry ends; `begin` where there is none."""
    column: int
    """Of the first entry."""


def with_entry(text: str, name: str, fields: Mapping[str, Any], path: Path) -> str:
    """The text of sources.yaml with a further source, as its last one.

    Raises WrongUsage where the text is wrong before or after it (errors name `path`), where it has that source, or where it is written in
    a way that a new entry cannot be put into; then the hint has the entry.
    """
    if not _is_source_id(name):
        raise WrongUsage(
            "the name is no source id",
            "use lower-case letters, digits, `_`, `.` and `-`, at most 64, a letter or digit first",
        )
    if name in read_sources(text, path).sources:
        raise WrongUsage(
            f"{path} declares {name} already",
            f"see what came of it: touchline source test {name}; a further write key: touchline source key {name}",
        )
    place = _place_of(text)
    changed = None if place is None else _put(text, place, name, dict(fields))
    if changed is None or not _is_only_more(text, changed, name, fields):
        raise WrongUsage(
            f"{path} is written in a way that an entry cannot be added to without changing what stands there",
            f"add it by hand, under `sources:`:\n{_block(name, fields, '  ', chr(10))}",
        )
    read_sources(changed, path)
    return changed


def checked_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are given, if a source may have them so. Raises WrongUsage that names the option."""
    given = {name: value for name, value in fields.items() if value is not None}
    try:
        Source.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "legal_basis"
        option = {"default_channel": "channel"}.get(name, name.replace("_", "-"))
        raise WrongUsage(f"--{option}: {first['msg']}", "docs/configuration.md lists what the field takes") from None
    return given


def _place_of(text: str) -> _Place | None:
    """Where the entries stand; None where `sources` is no mapping in its place, but a reference to another one."""
    events: Iterator[Any] = iter(yaml.parse(text, yaml.SafeLoader))
    start = _value_of_sources(events)
    if not isinstance(start, yaml.MappingStartEvent) or start.end_mark is None:
        return None
    first: Any = None
    end, depth = -1, 1
    for event in events:
        first = first or event
        depth += _deeper(event)
        if not depth:
            break
        # The end of a block is no place: it has no width, and lies behind the comments that follow.
        begun, ended = event.start_mark.index, event.end_mark.index
        if ended > begun or isinstance(event, yaml.ScalarEvent):
            end = ended
    is_flow = bool(start.flow_style)
    begin = start.end_mark.index if is_flow else first.start_mark.index
    return _Place(is_flow, begin, max(begin, end), first.start_mark.column)


def _value_of_sources(events: Iterator[Any]) -> Any:
    """The event with which the value begins; what comes before it is used up."""
    for event in events:
        if isinstance(event, yaml.MappingStartEvent):
            break
    for key in events:
        _use_up(events, key)
        value = next(events, None)
        if getattr(key, "value", None) == _KEY:
            return value
        _use_up(events, value)
    return None


def _use_up(events: Iterator[Any], event: Any) -> None:
    """All that belongs to a value that begins with this event."""
    depth = _deeper(event)
    while depth:
        inner = next(events)
        depth += _deeper(inner)


def _deeper(event: Any) -> int:
    return isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)


def _put(text: str, place: _Place, name: str, fields: Mapping[str, Any]) -> str | None:
    newline = "\r\n" if "\r\n" in text else "\n"
    if place.is_flow:
        entry = _dumped({name: dict(fields)}, flow=True).strip()[1:-1]
        if place.end > place.begin:
            return f"{text[: place.end]}, {entry}{text[place.end :]}"
        return _opened(text, place, name, fields, newline) or f"{text[: place.begin]}{entry}{text[place.begin :]}"
    at = _behind_comments(text, _line_end(text, place.end), place.column)
    broken = "" if text[:at].endswith("\n") else newline
    return f"{text[:at]}{broken}{_block(name, fields, ' ' * place.column, newline)}{text[at:]}"


def _opened(text: str, place: _Place, name: str, fields: Mapping[str, Any], newline: str) -> str | None:
    """An empty `sources: {}` at the beginning of a line becomes a block: further entries are to look like those of everybody."""
    line = text[text.rfind("\n", 0, place.begin) + 1 : _line_end(text, place.begin)]
    if line.strip() != f"{_KEY}: {{}}" or not line.startswith(_KEY):
        return None
    at = _line_end(text, place.begin)
    head = text[: place.begin - 1].rstrip(" ")
    broken = "" if text[:at].endswith("\n") else newline
    return f"{head}{text[place.begin + 1 : at]}{broken}{_block(name, fields, ' ' * _STEP, newline)}{text[at:]}"


def _line_end(text: str, index: int) -> int:
    """Behind the line break that ends the line; `index` itself where it stands behind one already."""
    if text[:index].endswith("\n"):
        return index
    found = text.find("\n", index)
    return len(text) if found < 0 else found + 1


def _behind_comments(text: str, index: int, column: int) -> int:
    """Behind the comments that go with the last entry: those as deep as it or deeper."""
    found = at = index
    while at < len(text):
        end = _line_end(text, at + 1) if text[at] != "\n" else at + 1
        line = text[at:end]
        content = line.lstrip(" ")
        if content.startswith("#") and len(line) - len(content) >= column:
            found = end
        elif content.strip():
            break
        at = end
    return found


def _block(name: str, fields: Mapping[str, Any], indent: str, newline: str) -> str:
    key = _dumped({name: None}, flow=False).rpartition(":")[0]
    inner = indented(_dumped(fields, flow=False), indent + " " * _STEP)
    return f"{indent}{key}:\n{inner}".replace("\n", newline)


def _dumped(value: Mapping[str, Any], *, flow: bool) -> str:
    return yaml.safe_dump(dict(value), default_flow_style=flow, allow_unicode=True, width=_WIDTH, sort_keys=False)


def _is_only_more(text: str, changed: str, name: str, fields: Mapping[str, Any]) -> bool:
    try:
        before, after = yaml.safe_load(text), yaml.safe_load(changed)
    except (yaml.YAMLError, ValueError):
        return False
    wanted = {**before, _KEY: {**before[_KEY], name: dict(fields)}}
    return bool(after == wanted) and [*after] == [*before] and [*after[_KEY]] == [*wanted[_KEY]]
