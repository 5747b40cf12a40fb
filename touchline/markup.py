"""HTML from calls: `tag("p", "a < b", kind="note")`. Text is always escaped; nothing else makes markup."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final, TypeAlias

VOID: Final = frozenset(("meta", "link", "br", "col", "hr", "img", "input"))
DOCTYPE: Final = "<!doctype html>\n"
_NOTHING_ELSE: Final = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE: Final = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 0 auto; padding: 1.5rem; color: #1b1f24; background: #fff; }
h1, h2, h3 { line-height: 1.25; margin: 1.6em 0 .5em; } h1 { margin-top: 0; }
a { color: #0b5cad; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem; }
caption { text-align: start; font-weight: 600; padding: .3rem 0; }
th, td { text-align: start; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid #767b82; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: minmax(9rem, 15rem) 1fr; gap: .25rem 1rem; margin: .5rem 0 1rem; }
dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; }
blockquote { margin: .3rem 0; padding-inline-start: .8rem; border-inline-start: 4px solid #767b82; white-space: pre-wrap; }
section, article { break-inside: avoid-page; } .scroll { overflow-x: auto; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; } }
@media (prefers-color-scheme: dark) { body { color: #e8eaed; background: #17191c; } a { color: #8ec5ff; } }
"""


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


def document(title: str, language: str, *body: Child) -> str:
    """A whole page that needs nothing else: its style within, no script, and nothing may be loaded. `language` is that of its words."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_NOTHING_ELSE),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="robots", content="noindex"),
        tag("title", title),
        tag("style", trusted(_STYLE)),
    )
    return f"{DOCTYPE}{tag('html', head, tag('body', tag('main', tag('h1', title), *body)), lang=language)}\n"


def facts(pairs: Sequence[tuple[str, Child]]) -> Markup:
    """Names and what they are; what is None is left out."""
    return tag(
        "dl",
        *(tag(kind, child) for name, what in pairs if what is not None for kind, child in (("dt", name), ("dd", what))),
    )


def table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[Child]]) -> Markup:
    """A table whose first column names its rows; it scrolls by itself where it is too wide, also by the keyboard."""
    head = tag("thead", tag("tr", *(tag("th", one, scope="col") for one in heads)))
    lines = (tag("tr", tag("th", row[0], scope="row"), *(tag("td", cell) for cell in row[1:])) for row in rows)
    whole = tag("table", tag("caption", caption), head, tag("tbody", *lines))
    return tag("div", whole, class_="scroll", tabindex="0", role="region", aria_label=caption)
