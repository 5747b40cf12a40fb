"""Who is to be erased, as far as this worker has read: the requests, and which identifiers at which times they cover.

An identifier is known by a keyed hash, which stays when the request is done and names nobody any more. So an erased person does not come
back, whatever is sent again.

Why: docs/decisions/0191.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from touchline.errors import WrongUsage
from touchline.processors.ledger.ledger import ErasureRequest, Ledger
from touchline.processors.values.records import Fact
from touchline.schemas.erasure import ErasureSecret

ERASE: Final = "erase"
ANONYMISE: Final = "anonymise"
"""The other way: events count on, as nobody's."""
READ: Final = "read"
"""No request: whoever has read all that was inserted before this row says so in a mark."""
_NOTHING = MappingProxyType[str, str]({})
Span = tuple[int, int, str]
"""(after, up to and including, in µs; erase or anonymise)"""


class Erasures:
    """Grows with each look; nothing leaves it. Without a secret there may be no request."""

    def __init__(self, secret: ErasureSecret | None) -> None:
        self._secret = secret
        self._spans: defaultdict[bytes, list[Span]] = defaultdict(list)
        self._open: dict[tuple[int, bytes], ErasureRequest] = {}
        self._to_tell = 0
        self.newest = 0
        """Number of the newest request that was read."""
        self.until_us = -1
        """Nothing later than this is covered by any of them."""
        self._ended: Mapping[str, int] = {}
        self.done_count = 0
        """Requests that are done: nothing that the ledger keeps names their identifiers any more."""

    @property
    def has_secret(self) -> bool:
        """Whether events can be hidden."""
        return self._secret is not None

    def end_terms(self, before_us: Mapping[str, int]) -> None:
        """Events of these sources that happened before these times (µs) may have been ended by a term."""
        self._ended = before_us

    @property
    def hides_nothing(self) -> bool:
        """Whether no event can be kept under a hidden id."""
        return not self.newest and not self._ended

    def may_hide(self, source: str, time_us: int) -> bool:
        """Whether such an event may be kept under a hidden id."""
        return time_us <= self.until_us or time_us < self._ended.get(source, 0)

    @property
    def open_count(self) -> int:
        """Requests that still name an identifier."""
        return len(self._open)

    def look(self, ledger: Ledger) -> None:
        """Read the requests that have come, and whether those that were open are done. Raises LedgerUnavailable; WrongUsage where this
        worker has not the secret of them."""
        first = min((number for number, _ in self._open), default=self.newest + 1)
        read, known = ledger.erasures_after(first - 1), self.newest
        self.know(one for one in read if one.number > known)
        for one in read:
            if one.number <= known and not one.identifier and (one.number, one.digest) in self._open:
                del self._open[one.number, one.digest]
                self.done_count += 1

    def know(self, requests: Iterable[ErasureRequest]) -> None:
        """Requests that were not known yet. Raises WrongUsage."""
        for one in requests:
            if self._secret is None or self._secret.id != one.secret_id:
                raise WrongUsage(
                    "requests to erase were made with another erasure secret than this worker has",
                    "give every worker the file of erasure_secret_file that `touchline erase` has",
                )
            self.newest = max(self.newest, one.number)
            if one.how == READ:
                self._to_tell = one.number
                continue
            self._spans[one.digest].append((one.after_us, one.until_us, one.how))
            if one.identifier:
                self._open[one.number, one.digest] = one
            else:
                self.done_count += 1
            self.until_us = max(self.until_us, one.until_us)

    def after(self, number: int) -> list[ErasureRequest]:
        """The requests behind this number that still name an identifier. Those that do not were followed by all."""
        return [one for one in self._open.values() if one.number > number]

    def names(self, identifier: str) -> bool:
        """Whether any request ever named it."""
        return self._secret is not None and self._secret.of_identifier(identifier) in self._spans

    def must_tell(self, number: int) -> bool:
        """Whether somebody waits for a mark that says that all behind this number was read."""
        return self._to_tell > number

    def spans_of(self, identifier: str) -> tuple[Span, ...]:
        """What is erased of it, in order."""
        if not self._spans or self._secret is None:
            return ()
        return tuple(sorted(self._spans.get(self._secret.of_identifier(identifier), ())))

    def covers(self, identifier: str, time_us: int) -> bool:
        """Whether what is said of this identifier at this time is erased, or to be cut off the person."""
        return time_us <= self.until_us and any(
            after_us < time_us <= until_us for after_us, until_us, _ in self.spans_of(identifier)
        )

    def hidden_id(self, source: str, event_id: str) -> str:
        """The id of the event once it is erased."""
        assert self._secret is not None, "there is a request, so there is a secret"
        return self._secret.hidden_id(source, event_id)

    def hidden_keys(self, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[str, str]]:
        """By (source, hidden id) the (source, id) pairs; of an event that comes under both, the other one. Nothing if nothing can be
        hidden."""
        if self.hides_nothing:
            return {}
        names: dict[tuple[str, str], tuple[str, str]] = {}
        for key in keys:
            named = (key[0], self.hidden_id(*key))
            if named != key or named not in names:
                names[named] = key
        return names


def anonymised(fact: Fact, erasures: Erasures) -> Fact:
    """The same event as nobody's: without anything that tells whose it was, under its hidden id."""
    about = fact.about_event_id and erasures.hidden_id(fact.about_source, fact.about_event_id)
    return fact._replace(
        event_id=erasures.hidden_id(fact.source, fact.event_id),
        identifier="",
        identifier_type="",
        person="",
        consent_id="",
        order_id="",
        about_event_id=about,
        properties=_NOTHING,
        comment="",
        cipher_key_id="",
    )


def how_of(spans: Iterable[Span], time_us: int) -> str | None:
    """What is to become of an event of that time: erased where any request says so, else cut off the person; None: nothing."""
    found = {how for after_us, until_us, how in spans if after_us < time_us <= until_us}
    return ERASE if ERASE in found else ANONYMISE if found else None
