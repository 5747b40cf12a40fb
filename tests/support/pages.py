"""A page of HTML as a reader of it: its text, its elements, its language, and what it would load."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Final

LOADING: Final = frozenset(("src", "href", "srcset", "action", "data"))
_VOID: Final = frozenset(("meta", "link", "br", "col", "hr", "img"))


class PageText(HTMLParser):
    """What stands on a page."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.loads: list[str] = []
        self.language = ""

    @property
    def text(self) -> str:
        """All of it."""
        return " ".join(self.texts)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in _VOID:
            self.open.append(tag)
        self.loads += [value or "" for name, value in attrs if name in LOADING]
        if tag == "html":
            self.language = dict(attrs).get("lang") or ""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "title"):
            self.texts.append(data)


def read_page(page: str) -> PageText:
    """Reads it; every element is closed by its own end."""
    found = PageText()
    found.feed(page)
    found.close()
    assert found.open == []
    return found
