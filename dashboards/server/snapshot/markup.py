"""HTML from calls: `tag("p", "a < b", kind="note")`. Text is always escaped; nothing else makes markup."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final, TypeAlias

VOID: Final = frozenset(("meta", "link", "br", "col", "hr", "img"))
DOCTYPE: Final = "<!doctype html>\n"


class Markup(str):
    """Text that is HTML already. Made by `tag` and `trusted` only."""

    __slots__ = ()


Child: TypeAlias = "str | Sequence[Child] | None"


def tag(name: str, /, *children: Child, **attributes: str | None) -> Markup:
    """One element. An attribute `class_` is `class`, `data_x` is `data-x`; with None it is left out."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{joined(children)}</{name}>")


def joined(child: Child) -> Markup:
    """Children one after another, text escaped."""
    if child is None:
        return Markup("")
    if isinstance(child, Markup):
        return child
    if isinstance(child, str):
        return Markup(escape(child))
    return Markup("".join(joined(one) for one in child))


def trusted(text: str) -> Markup:
    """A stylesheet of ours, as it stands."""
    return Markup(text)
