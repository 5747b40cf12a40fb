"""What is said about identifiers, read from the ledger as a judgement asks for it, each once.

A judgement asks step by step, from each identifier to those that are linked with it. Most components are known from the last time, so all
of one is read ahead in one question. Whoever is read or judged without need does no harm (touchline/identity/neighbourhood.py).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from touchline.identity.links import Erasure, History, Identifier, Link, Unlink
from touchline.processors.ledger.ledger import Ledger, Said
from touchline.processors.state.erasures import Erasures, Span
from touchline.schemas.identifiers import order_of

Near = Callable[[Collection[str]], Collection[str]]


def _nobody(_: Collection[str]) -> Collection[str]:
    return ()


class Relations:
    """Links, unlinks and erasures around some identifiers, for one tick. `erasures` are the requests that this worker knows. `named` are
    identifiers that the news name: these have their types even where nothing that stands names them any more. `near` gives the keys that
    are probably asked for next."""

    def __init__(
        self, ledger: Ledger, erasures: Erasures, named: Iterable[Identifier] = (), near: Near = _nobody
    ) -> None:
        self._ledger = ledger
        self._erasures = erasures
        self._near = near
        self._asked: set[str] = set()
        self._together: set[str] = set()
        self._known: dict[str, Identifier] = {one.key: one for one in named}
        self._said: dict[str, list[Said]] = {}
        self._spans: dict[str, tuple[Span, ...]] = {}

    def identifiers(self, keys: Iterable[str]) -> set[Identifier]:
        """The identifiers of these keys, with the types by which links name them. Of one that nothing names the type is empty: it is a
        person of its own, and nothing is compared with it."""
        keys = set(keys)
        self._read(keys)
        return {self._known.setdefault(key, Identifier(*order_of(""), key)) for key in keys}

    def look_up(self, identifiers: Collection[Identifier]) -> History:
        """All that stands about them."""
        keys = {one.key for one in identifiers}
        self._read(keys)
        said = {one for key in keys for one in self._said[key]}
        links, unlinks = [], []
        for one in said:
            ends = (self._known[one.identifier], self._known[one.linked_identifier])
            if one.kind == "link":
                links.append(Link(one.event_time, (one.source, one.event_id), *ends))
            else:
                unlinks.append(Unlink(one.event_time, (one.source, one.event_id), *ends))
        erasures = [
            Erasure(until_us, self._known[key], after_us)
            for key in {end for one in said for end in (one.identifier, one.linked_identifier)} | keys
            for after_us, until_us, _ in self.erased(key)
            if key in self._known
        ]
        return History(links, unlinks, erasures)

    def published_with(self, identifiers: Collection[Identifier]) -> set[Identifier]:
        """Whoever is published together with one of them, or with one that was asked for before."""
        keys = {one.key for one in identifiers}
        missing = keys - self._asked
        if missing:
            missing |= set(self._near(missing)) - self._asked
            self._asked |= missing
            self._together |= self._ledger.published_with(missing)
        return self.identifiers(self._together)

    def erased(self, key: str) -> tuple[Span, ...]:
        """What of the identifier is erased."""
        spans = self._spans.get(key)
        if spans is None:
            spans = self._spans[key] = self._erasures.spans_of(key)
        return spans

    def _read(self, keys: Collection[str]) -> None:
        missing = {key for key in keys if key not in self._said}
        if not missing:
            return
        missing |= {key for key in self._near(missing) if key not in self._said}
        for key in missing:
            self._said[key] = []
        for one in self._ledger.said_about(sorted(missing)):
            ends = ((one.identifier, one.identifier_type), (one.linked_identifier, one.linked_identifier_type))
            for key, kind in ends:
                self._known.setdefault(key, Identifier(*order_of(kind), key))
                if key in missing:
                    self._said[key].append(one)
