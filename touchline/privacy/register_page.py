"""The register of processing as Markdown and as a page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from touchline.markup import Markup, document, facts, table, tag
from touchline.privacy.register import (
    ALSO_KEPT,
    MEASURES,
    NOT_DECLARED,
    READERS,
    Entry,
    Register,
    basis_of,
    how_long,
    listed,
)

TITLE: Final = "Register of processing"
_NOBODY: Final = "nobody else"
_NOWHERE: Final = "none outside the EEA"


def markdown_of(register: Register, release: str) -> str:
    """GitHub's Markdown; texts of sources.yaml stand in it as texts."""
    return "\n".join(_markdown(register, release)) + "\n"


def html_of(register: Register, release: str) -> str:
    """One file that needs nothing else."""
    about = tag("p", _of(release))
    parts = [about, tag("h2", "Who answers for it"), facts(list(_controller(register)))]
    parts += [tag("h2", "What is processed, and why"), *map(_article, register.entries)]
    parts += [tag("h2", "Who reads"), table("Roles", ("role", "who", "reads"), READERS)]
    parts += [tag("h2", "What else is kept"), table("Terms", ("what", "how long"), ALSO_KEPT)]
    parts += [tag("h2", "How it is protected"), tag("ul", *(tag("li", one) for one in MEASURES))]
    if register.missing:
        parts += [tag("h2", "Not declared yet"), tag("ul", *(tag("li", tag("code", one)) for one in register.missing))]
    return document(TITLE, "en", *parts)


def _markdown(register: Register, release: str) -> Iterator[str]:
    yield from (f"# {TITLE}", "", _of(release), "", "## Who answers for it", "")
    yield from (f"- {name}: {_plain(what)}" for name, what in _controller(register))
    yield from ("", "## What is processed, and why")
    for entry in register.entries:
        yield from ("", f"### {_plain(entry.name)} (`{entry.source}`)", "", "| | |", "|---|---|")
        yield from (f"| {name} | {_plain(what)} |" for name, what in _lines(entry))
    yield from ("", "## Who reads", "", "| role | who | reads |", "|---|---|---|")
    yield from (f"| `{one.role}` | {one.who} | {one.reads} |" for one in READERS)
    yield from ("", "## What else is kept", "", "| what | how long |", "|---|---|")
    yield from (f"| {what} | {term} |" for what, term in ALSO_KEPT)
    yield from ("", "## How it is protected", "")
    yield from (f"- {one}" for one in MEASURES)
    if register.missing:
        yield from ("", "## Not declared yet", "")
        yield from (f"- `{one}`" for one in register.missing)


def _article(entry: Entry) -> Markup:
    return tag("article", tag("h3", f"{entry.name} ({entry.source})"), facts(list(_lines(entry))))


def _controller(register: Register) -> Iterator[tuple[str, str]]:
    who = register.controller
    if who is None:
        yield "Controller", NOT_DECLARED
        return
    yield "Controller", f"{who.name}, {who.contact}"
    if who.representative:
        yield "Representative", who.representative
    if who.data_protection_officer:
        yield "Data protection officer", who.data_protection_officer


def _lines(entry: Entry) -> Iterator[tuple[str, str]]:
    yield "What for", entry.why or NOT_DECLARED
    yield "Legal basis", basis_of(entry)
    yield "Whose data", listed(entry.subjects or None, "")
    yield "Which data", listed(entry.data or None, "")
    yield "How long", how_long(entry)
    yield "Who else receives them", listed(entry.recipients, _NOBODY)
    yield "Transfers", listed(entry.transfers, _NOWHERE)


def _of(release: str) -> str:
    return f"Made of sources.yaml by touchline {release}: what its sources declare, and what the software does with their events."


def _plain(text: str) -> str:
    """Text of people within Markdown: nothing in it is markup, and it stays in its line."""
    escaped = "".join(f"\\{one}" if one in r"\`*_{}[]<>#|!&~" else one for one in text)
    return " ".join(escaped.split())
