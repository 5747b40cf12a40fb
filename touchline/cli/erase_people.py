"""Whom `touchline erase` is about: the names of a file or of one word, those who are found by them, and what is told of these."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from touchline.cli.naming import keys_named
from touchline.cli.person import is_key
from touchline.erasure.look import Places, look
from touchline.erasure.page import found_lines, totals_lines
from touchline.erasure.run import open_requests
from touchline.erasure.tables import read_requests
from touchline.erasure.values import Found, Request, Subject
from touchline.erasure.whom import Faults, Named, subjects_of, with_whole_keys
from touchline.errors import WrongUsage
from touchline.schemas.erasure import ErasureSecret
from touchline.schemas.identifiers import IDENTIFIER_TYPES
from touchline.settings import Settings
from touchline.wording import counted

LISTED_MAX: Final = 20
"""Of more persons at once totals are shown."""


class People(NamedTuple):
    """Whom the command is about: what is to be asked for, what was asked for before and is half done (raw values by request), and the
    requests that are done for those of whom nothing is kept; the names of whom nothing is; and how many names there are."""

    found: list[tuple[Subject, Found]]
    resumed: dict[str, list[str]]
    done: list[Request]
    nobody: list[Named]
    names: int

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.found or self.resumed)


def find_people(
    places: Places, secret: ErasureSecret, names: Sequence[Named], until_us: int, say: Callable[[str], None]
) -> People:
    """All of them at once: each place is asked a few times, however many are named."""
    is_long = len(names) > LISTED_MAX
    client, requests = places.client, read_requests(places.client)
    if is_long:
        say(f"finding {counted(len(names), 'person')}")
    names = with_whole_keys(client, names)
    resumed, new = _half_done(requests, secret, names)
    subjects = subjects_of(client, new, until_us)
    if is_long:
        identifiers = sum(len(one.identifiers) for one in subjects)
        say(f"counting what is kept of {counted(len(subjects), 'person')}, {counted(identifiers, 'identifier')}")
    found = [(one, kept) for one, kept in zip(subjects, look(places, subjects), strict=True) if not kept.is_empty]
    digests = {secret.of_identifier(key).hex() for named in names for key in named.keys}
    done = [one for one in requests if not one.is_open and not digests.isdisjoint(one.digests)]
    kept_keys = {key for subject, _ in found for key in subject.identifiers}
    nobody = [one for one in new if kept_keys.isdisjoint(one.keys)]
    return People(found, resumed, done, nobody, len(names))


def _half_done(
    requests: Sequence[Request], secret: ErasureSecret, names: Sequence[Named]
) -> tuple[dict[str, list[str]], list[Named]]:
    """Raw values by request that is half done, and the names of those who were not asked for yet."""
    by_digest: defaultdict[str, list[str]] = defaultdict(list)
    for one in open_requests(requests, secret, [key for named in names for key in named.keys]):
        for digest in set(one.digests):
            by_digest[digest].append(one.id)
    resumed: dict[str, list[str]] = {}
    new = []
    for named in names:
        half_done = {request for key in named.keys for request in by_digest.get(secret.of_identifier(key).hex(), ())}
        for request in sorted(half_done):
            resumed.setdefault(request, []).extend([named.raw] if named.raw else [])
        if not half_done:
            new.append(named)
    return resumed, new


def read_names(who: str, settings: Settings) -> list[Named]:
    """Raises WrongUsage, which names a line and not what stands there: it may be somebody's."""
    if who != "-" and not Path(who).is_file():
        return [_named(who, settings)]
    try:
        text = sys.stdin.read() if who == "-" else Path(who).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUsage(
            f"the file cannot be read ({type(error).__name__})", "a text file, one person a line"
        ) from None
    found, faults = [], Faults()
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                found.append(_named(line.strip(), settings)._replace(line=number))
            except WrongUsage as error:
                faults.add(number, error)
    faults.raise_any()
    if not found:
        raise WrongUsage("nobody is named there", "one person key or identifier (type:value) a line")
    return found


def _named(text: str, settings: Settings) -> Named:
    name, _, value = text.partition(":")
    is_raw = name in IDENTIFIER_TYPES or not is_key(text)
    return Named(keys_named(text, settings), *((name, value.strip()) if is_raw else ()))


def found_text(people: People) -> Iterator[str]:
    """What is told of them before anything is done, line by line; of many their sums."""
    if len(people.found) > LISTED_MAX:
        yield from totals_lines(people.found)
    else:
        for number, (subject, found) in enumerate(people.found, 1):
            yield from found_lines(subject, found, f"{number}. " if len(people.found) > 1 else "")
    if len(people.resumed) > LISTED_MAX:
        yield f"{counted(len(people.resumed), 'request')} are half done: they go on"
    else:
        yield from (f"request {one} is half done: it goes on" for one in sorted(people.resumed))
    if people.is_empty:
        if len(people.done) > LISTED_MAX:
            yield f"erased before: {counted(len(people.done), 'request')}, see `touchline erase --list`"
        else:
            yield from (
                f"erased before: request {one.id}, done {one.state_at:%Y-%m-%d %H:%M} UTC" for one in people.done
            )
        yield "nothing is kept of this person" if people.names == 1 else "nothing is kept of these persons"
    elif people.nobody:
        lines = [f"{one.line}" for one in people.nobody]
        rest = f" and {len(lines) - LISTED_MAX:,} more" if len(lines) > LISTED_MAX else ""
        yield f"nothing is kept of {counted(len(lines), 'name')}, of line {', '.join(lines[:LISTED_MAX])}{rest}"
