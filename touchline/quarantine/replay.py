"""Send mended records again, so that a second run, or one after a crash, adds nothing.

    judge ──refused──▶ stays open, with what to mend
      │ mended
      ▼
    its version stands in the ledger? ──yes──▶ settle
      │ no
      ▼
    Kafka, acknowledged ──▶ the worker's fate of the new record ──accepted──▶ settle
                                             ├──refused again──▶ settle the new record as a repetition; the entry stays open
                                             └──suppressed──▶ the entry stays open

Nothing is settled before the ledger has the event, and nothing is sent before the ledger has all that Kafka had when the run began: so
whatever an earlier run sent, with or without living on to say so, is found as a version that stands.

Why: docs/decisions/0120.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from touchline.quarantine.entries import Entry
from touchline.quarantine.judge import Judgement, Mended, Unmendable
from touchline.quarantine.keep import Kept
from touchline.quarantine.settle import SettledAs, Settlement
from touchline.schemas.reasons import Fate, Reason

Version = tuple[str, str, int]
"""(source, event id, payload hash)"""
Place = tuple[str, int]
"""(stream, offset) of a record that was sent."""

ALREADY_THERE = "its event was in the ledger already"
REFUSED_AGAIN = "declare the same in the sources.yaml of the workers, which they read again, or give them this release: they know another"
_FATES_WITH_EVENT = (Fate.STORED, Fate.DUPLICATE, Fate.SUPERSEDED)


class ReplayFate(NamedTuple):
    """What a worker made of a replay."""

    fate: str
    reason: str
    field: str

    @property
    def has_event(self) -> bool:
        """Whether the ledger has the event now. Of a conflict it has: as a version."""
        return self.fate in _FATES_WITH_EVENT or self.reason == Reason.CONFLICT

    @property
    def is_entry(self) -> bool:
        """Whether the replay itself is in quarantine now."""
        return self.fate == Fate.QUARANTINED


class ReplayLedger(Protocol):
    """What a replay asks of the ledger, and appends beside it."""

    def standing(self, versions: Sequence[Version]) -> set[Version]:
        """Those of the versions that stand: stored, superseded or in conflict."""

    def fates(self, places: Sequence[Place]) -> Mapping[Place, ReplayFate]:
        """The fates of these records, as far as a worker has come."""

    def settle(self, settlements: Sequence[Settlement]) -> None:
        """Append the ends of entries."""


class Sender(Protocol):
    """The way to Kafka."""

    def send(self, records: Sequence[tuple[Mended, Entry]]) -> list[Place | Unmendable | None]:
        """Send each record and wait. Where Kafka acknowledged it; why it never will take it; None where that is not known."""


class ReplayPlan(NamedTuple):
    """What to do with a page. Entries of one version are one record to send."""

    to_send: list[tuple[Mended, list[Entry]]]
    there: list[Entry]
    refused: list[tuple[Entry, Unmendable]]


@dataclass(frozen=True)
class Replayed:
    """What became of the entries: `settled`, of these `there_already` before anything was sent; `refused` by why, field and remedy;
    `waiting` were sent and not judged in time. `sent` counts records."""

    settled: int = 0
    there_already: int = 0
    sent: int = 0
    waiting: int = 0
    refused: Counter[Unmendable] = field(default_factory=Counter)

    def __add__(self, other: Replayed) -> Replayed:
        return Replayed(
            self.settled + other.settled,
            self.there_already + other.there_already,
            self.sent + other.sent,
            self.waiting + other.waiting,
            self.refused + other.refused,
        )


def plan(judged: Iterable[tuple[Kept, Judgement]], standing: set[Version]) -> ReplayPlan:
    """Sort a page: refused, there already, to be sent."""
    to_send: dict[Version, tuple[Mended, list[Entry]]] = {}
    planned = ReplayPlan([], [], [])
    for kept, verdict in judged:
        if isinstance(verdict, Unmendable):
            planned.refused.append((kept.entry, verdict))
        elif verdict.version in standing:
            planned.there.append(kept.entry)
        else:
            to_send.setdefault(verdict.version, (verdict, []))[1].append(kept.entry)
    planned.to_send.extend(to_send.values())
    return planned


def replay_page(
    judged: Sequence[tuple[Kept, Judgement]],
    ledger: ReplayLedger,
    sender: Callable[[], Sender],
    pauses: Iterable[object],
) -> Replayed:
    """Replay one page. `sender` is asked for when there is something to send; each of `pauses` is drawn between two looks at the ledger,
    and their end is the end of patience."""
    versions = [verdict.version for _, verdict in judged if isinstance(verdict, Mended)]
    planned = plan(judged, ledger.standing(versions) if versions else set())
    ledger.settle([_replayed(entry, ALREADY_THERE) for entry in planned.there])
    outcome = Replayed(len(planned.there), len(planned.there), 0, 0, Counter(why for _, why in planned.refused))
    if not planned.to_send:
        return outcome
    answers = sender().send([(mended, entries[0]) for mended, entries in planned.to_send])
    places = [answer for answer in answers if isinstance(answer, tuple) and not isinstance(answer, Unmendable)]
    fates = _wait_for_fates(ledger, places, pauses)
    settlements: list[Settlement] = []
    refused: Counter[Unmendable] = Counter()
    waiting = 0
    for (_, entries), answer in zip(planned.to_send, answers, strict=True):
        if isinstance(answer, Unmendable):
            refused[answer] += len(entries)
            continue
        fated = fates.get(answer) if answer is not None else None
        if answer is None or fated is None:
            waiting += len(entries)
        elif not fated.has_event:  # nor is it where a worker suppressed it: the entry's bytes are all there is
            refused[Unmendable(fated.reason or fated.fate, fated.field, REFUSED_AGAIN)] += len(entries)
            if fated.is_entry:
                settlements.append(Settlement(*answer, SettledAs.REPEATED, f"repeats {entries[0].position}"))
        else:
            settlements += [_replayed(entry, f"{fated.fate} as {_named(answer)}") for entry in entries]
    ledger.settle(settlements)
    settled = sum(one.outcome is SettledAs.REPLAYED for one in settlements)
    return outcome + Replayed(settled, 0, len(places), waiting, refused)


def _wait_for_fates(
    ledger: ReplayLedger, places: Sequence[Place], pauses: Iterable[object]
) -> Mapping[Place, ReplayFate]:
    fates = ledger.fates(places) if places else {}
    for _ in pauses if len(fates) < len(places) else ():
        fates = ledger.fates(places)
        if len(fates) == len(places):
            break
    return fates


def _replayed(entry: Entry, note: str) -> Settlement:
    return Settlement(entry.stream, entry.offset, SettledAs.REPLAYED, note)


def _named(place: Place) -> str:
    topic, _, partition = place[0].split("/")
    return f"{topic}/{partition}/{place[1]}"
