"""The file that says what the events of analytics SDKs are on our maps: touchpoints, actions, orders.

Why: docs/decisions/0195.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from unicodedata import normalize

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from touchline.schemas.journey.read_model import parse_model
from touchline.schemas.money import Currency
from touchline.schemas.personal.find import mask
from touchline.schemas.text_file import read_text_file

CallKind = Literal["page", "screen", "track", "identify", "alias", "group"]
_OWN_NAME: Final = "{name}"
_NO_WORD: Final = re.compile(r"[\W_]+")
_NAME_MAX: Final = 256
_KNOWN_MAX: Final = 4_096
_KNOWN_CHARACTERS_MAX: Final = 128
"""Longer names are read anew each time, so that nobody fills the memory by them."""
_PAGE: Final = "docs/senders/analytics.md"
_EXAMPLES: Final = {
    "touchpoint": "`touchpoint: product_view`, an id of a map",
    "path": "`path: /product/*`",
}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Words = Annotated[str, StringConstraints(min_length=1, max_length=_NAME_MAX)]


class Named(_Part):
    """What an event is here."""

    touchpoint: Words
    action: Annotated[str, StringConstraints(max_length=_NAME_MAX)] = ""
    channel: Words | None = None
    order: Literal["purchase", "refund"] | None = None


class Page(_Part):
    """Page views of some paths."""

    path: Words
    touchpoint: Words
    action: Annotated[str, StringConstraints(max_length=_NAME_MAX)] = "view"


class Names(_Part):
    """The whole file."""

    events: Mapping[str, Named] = {}
    calls: Mapping[CallKind, Named] = {}
    pages: Sequence[Page] = ()
    currency: Currency | None = Field(default=None, description="Of amounts that come without one")

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        plain: dict[str, str] = {}
        for name in self.events:
            if not _plain(name):
                raise ValueError(f"{name!r} has no letter and no digit; write the event's name")
            if (other := plain.setdefault(_plain(name), name)) != name:
                raise ValueError(f"{other!r} and {name!r} are one name; leave one of them out")
        return self

    def __len__(self) -> int:
        """How many events are named."""
        return len(self.events)

    @cached_property
    def _known(self) -> dict[tuple[str, str], Named]:
        return {}

    @cached_property
    def _by_plain_name(self) -> dict[str, Named]:
        return {_plain(name): named for name, named in self.events.items()}

    def named(self, kind: CallKind, name: str, path: str = "") -> Named:
        """What a call is here; `path` is that of the page. Of a name the personal values are masked before it becomes a touchpoint's."""
        if kind == "page" and path:
            for page in self.pages:
                if fnmatchcase(path, page.path):
                    return Named(touchpoint=page.touchpoint, action=page.action, channel="web")
        known = self._known.get((kind, name))
        if known is None:
            known = self._named(kind, name)
            if len(name) <= _KNOWN_CHARACTERS_MAX:
                if len(self._known) >= _KNOWN_MAX:
                    self._known.clear()
                self._known[kind, name] = known
        return known

    def _named(self, kind: CallKind, name: str) -> Named:
        listed = self._by_plain_name.get(_plain(name)) if kind == "track" else None
        named = listed or self.calls.get(kind) or Named(touchpoint=_OWN_NAME)
        if _OWN_NAME not in named.touchpoint:
            return named
        own = _word(mask(name[:_NAME_MAX]).text) or kind
        return named.model_copy(update={"touchpoint": named.touchpoint.replace(_OWN_NAME, own)[:_NAME_MAX]})


def shipped_names() -> Names:
    """Those of the file that comes with the package."""
    text = resources.files("touchline.producers.collector.vendors").joinpath("names.yaml").read_text(encoding="utf-8")
    return parse_names(text, "names.yaml")


def load_names(path: Path) -> Names:
    """Those of a file. Raises WrongUsage with every problem found."""
    hint = f"check sender_names_file; {_PAGE} shows the file that is shipped"
    return parse_names(read_text_file(path, f"the file of senders' names {path}", hint), str(path))


def parse_names(text: str, file: str) -> Names:
    """The names written in `text`; `file` is the name used in complaints. Raises WrongUsage."""
    return parse_model(text, file, Names, _PAGE, _EXAMPLES)


def _plain(name: str) -> str:
    return _NO_WORD.sub("", normalize("NFKC", name[:_NAME_MAX]).casefold())


def _word(name: str) -> str:
    return _NO_WORD.sub("_", normalize("NFKC", name).lower()).strip("_")
