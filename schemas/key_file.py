"""The file of person keys: the present secret in its first line, those that were in use before in the lines below.

    k2:<64 hex digits>
    k1:<64 hex digits>:2026-03-01T09:30:00Z

A line is `<key id>:<hex of 32 bytes>`, behind it the moment at which the next one took its place. Senders make keys with the first one, and
link them to those of the older ones (docs/decisions/0022).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from touchline.errors import WrongUsage
from touchline.schemas.text_file import read_text_file
from touchline.schemas.times import parse_time

_FORM: Final = (
    "write <key id>:<hex of 32 random bytes> in its first line; older ones go below, each with :<time> behind it"
)


class KeyLine(NamedTuple):
    """One secret."""

    key_id: str
    secret: bytes
    retired_at: str
    """RFC 3339; empty of the present one."""

    def __repr__(self) -> str:
        return f"KeyLine({self.key_id!r}, secret hidden, {self.retired_at!r})"


def read_key_file(path: Path | str) -> list[KeyLine]:
    """The lines, the present one first. Raises WrongUsage where the file cannot be read or is malformed, without what stands there."""
    hint = "start the local stack once (touchline up), or write one line: <key id>:<hex of 32 random bytes>"
    text = read_text_file(Path(path), f"the person key file {path}", hint)
    lines: list[KeyLine] = []
    for number, line in enumerate(filter(None, map(str.strip, text.splitlines())), 1):
        key_id, _, rest = line.partition(":")
        digits, _, retired_at = rest.partition(":")
        try:
            secret = bytes.fromhex(digits)
        except ValueError:
            raise WrongUsage(f"the person key file {path} is malformed in line {number}", _FORM) from None
        if bool(retired_at) != (number > 1) or (retired_at and not _is_moment(retired_at)):
            raise WrongUsage(f"the person key file {path} is malformed in line {number}", _FORM)
        if any(key_id == other.key_id for other in lines):
            raise WrongUsage(
                f"the person key file {path} has a key id twice, in line {number}", "each secret has an id of its own"
            )
        lines.append(KeyLine(key_id, secret, retired_at))
    if not lines:
        raise WrongUsage(f"the person key file {path} is empty", _FORM)
    return lines


def rotated(lines: Sequence[KeyLine], key_id: str, secret: bytes, at: str) -> list[KeyLine]:
    """The same with a new present secret; what was the present one is retired at that moment."""
    present, *older = lines
    return [KeyLine(key_id, secret, ""), present._replace(retired_at=at), *older]


def text_of(lines: Sequence[KeyLine]) -> str:
    """The file's text."""
    return "".join(f"{one.key_id}:{one.secret.hex()}{':' if one.retired_at else ''}{one.retired_at}\n" for one in lines)


def _is_moment(text: str) -> bool:
    try:
        parse_time(text)
    except ValueError:
        return False
    return True
