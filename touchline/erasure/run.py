"""Makes requests to erase, and completes them: wait until nothing counts, blank, write the certificate. Each step may be killed and done
again: what is half done is found in the tables.

Why: docs/decisions/0191.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from clickhouse_driver import Client

from touchline.care.forgetting import forget_in, known_to
from touchline.erasure.blank import blank
from touchline.erasure.blank_quarantine import blank_quarantine
from touchline.erasure.blank_readings import blank_readings
from touchline.erasure.blank_request import blank_requests
from touchline.erasure.certificate import Certificate, begun, finished, retention_until
from touchline.erasure.due import due
from touchline.erasure.look import Places, look, wanted_of
from touchline.erasure.tables import (
    Row,
    ask_again_where_numbers_meet,
    ask_to_read,
    read_requests,
    read_times,
    rows_of,
    write_rows,
    write_states,
)
from touchline.erasure.values import ASKED, DONE, RETRACTED, Found, Request, Subject, end_of
from touchline.erasure.wait import Behind, not_read, not_retracted, standing_of, wait_for
from touchline.errors import NotClean, WrongUsage
from touchline.kafka.retention import TopicRetention
from touchline.producers.outbox.forget import forget
from touchline.schemas.erasure import ErasureSecret
from touchline.wording import counted

_AGAIN = "run it again: records that came meanwhile are taken along"
_OF_RECORDS = frozenset(("received", "attached", "claim"))
"""Rows of which none may be left. Links, handoffs and the like go with the identifier, and one may have events behind the request."""
_ID_BYTES = 6
"""So that requests of one day, thousands of them, have ids of their own."""
Tell = Callable[[str], None]


class Kafka(NamedTuple):
    """The topic, and how long it keeps records; None where Kafka did not say."""

    topic: str
    retention: TopicRetention | None


class Around(NamedTuple):
    """What a run needs beside the places where persons are found: `register` notes requests beside the backups, `kafka` says how long the
    topic keeps records, `told` the same of topics of alerts and invitations, `tell` takes sentences about what goes on. `partitions` is how
    many the topic has; None where Kafka did not say."""

    register: Callable[[], object]
    kafka: Callable[[], Kafka]
    tell: Callable[[str], None]
    timeout_seconds: float
    partitions: int | None = None
    told: Callable[[], Sequence[Kafka]] = tuple


class SomeLeft(NotClean):
    """Not all requests are done. `certificates` are those of the others, which are."""

    def __init__(self, what: str, hint: str, certificates: Sequence[Certificate]) -> None:
        super().__init__(what, hint)
        self.certificates = certificates


def ask(
    client: Client, secret: ErasureSecret, how: str, subjects: Sequence[tuple[Subject, Found]], now: datetime
) -> list[str]:
    """Make a request for each, all in one step. Returns their ids.

    What the certificates need is written first: where this is killed in between, there is no request and nothing begins.
    """
    rows: list[Row] = []
    drafts: dict[str, str] = {}
    for subject, found in subjects:
        request = f"{now:%Y%m%d}-{secrets.token_hex(_ID_BYTES)}"
        drafts[request] = json.dumps(begun(request, how, subject, found))
        rows += rows_of(request, how, subject.targets, secret, now)
    write_states(client, ASKED, drafts)
    write_rows(client, rows)
    return list(drafts)


def open_requests(
    requests: Sequence[Request], secret: ErasureSecret, keys: Sequence[str] | None = None
) -> list[Request]:
    """Those of the requests that are not done; with keys those that name one of them. Raises WrongUsage where they were made with another
    secret."""
    digests = None if keys is None else {secret.of_identifier(key).hex() for key in keys}
    found = [one for one in requests if one.is_open and (digests is None or not digests.isdisjoint(one.digests))]
    if any(one.secret_ids != [secret.id] for one in found):
        raise WrongUsage(
            "these requests were made with another erasure secret",
            "name the file that they were made with by erasure_secret_file: every worker needs it, too",
        )
    return found


def complete(
    places: Places,
    secret: ErasureSecret,
    ids: Sequence[str],
    raw: Mapping[str, Sequence[str]],
    around: Around,
) -> list[Certificate]:
    """Bring these requests to their end, all together. `raw` are by request the raw values by which its person was named. Raises NotClean
    where workers have not followed within the time, and SomeLeft where of some persons something is left: run it again."""
    client = places.client
    around.register()
    ask_again_where_numbers_meet(client, ids)
    requests = _open_of(client, ids)
    if not requests and not due(client).records:  # retention leaves something to be blanked, too
        return []
    around.tell(f"completing {counted(len(requests), 'request')}")
    late = _retract(client, requests, around)
    # What partitions said to each other is blanked, so all must have read it.
    number = ask_to_read(client, secret)
    found = wait_for(lambda: not_read(client, number, around.partitions), around.tell, around.timeout_seconds)
    if not found.is_over:
        raise _waited_in_vain(found)
    ready = [one for one in _open_of(client, ids) if one.id not in late]
    _blank(places, secret, ready, raw, around.tell)
    around.tell("counting what is left")
    certificates, left = _finish(places, ready, raw, around)
    around.register()
    if left or late:
        raise _not_all(len(requests), late, left, certificates)
    return certificates


def _open_of(client: Client, ids: Sequence[str]) -> list[Request]:
    wanted = set(ids)
    return [one for one in read_requests(client) if one.id in wanted and one.is_open]


def _retract(client: Client, requests: Sequence[Request], around: Around) -> set[str]:
    """Wait until nothing of them counts. Returns those of which something still does when the time is over; of one alone, or where a
    partition has not followed, that is the end: raises NotClean."""
    asked = [one for one in requests if one.state == ASKED]
    if not asked:
        return set()
    found = wait_for(lambda: not_retracted(client, asked, around.partitions), around.tell, around.timeout_seconds)
    late: set[str] = set()
    if not found.is_over:
        if not found.streams:
            late = {one.id for one, left in zip(asked, standing_of(client, asked), strict=True) if left}
        if found.streams or len(late) == len(requests):
            raise _waited_in_vain(found)
    write_states(client, RETRACTED, {one.id: one.draft for one in asked if one.id not in late})
    around.tell("nothing of it counts any more" if not late else f"{counted(len(late), 'request')} still count")
    return late


def _waited_in_vain(found: Behind) -> NotClean:
    return NotClean(
        f"not done yet: {found.sentence()}",
        "the request stands and workers follow it by themselves; run `touchline erase --resume` when they have",
    )


def _blank(
    places: Places, secret: ErasureSecret, requests: Sequence[Request], raw: Mapping[str, Sequence[str]], tell: Tell
) -> None:
    subjects = [_subject(one, raw) for one in requests]
    blank(places.client, secret, tell)
    wanted = [wanted_of(one) for one in subjects]
    keys, values = ([text for one in wanted for text in one[place]] for place in (0, 1))
    blank_quarantine(places.client, places.cipher, keys, values)
    blank_readings(places.client, secret, {key for one in wanted for key in one.keys})
    for folder in places.outboxes:
        forget(folder, [key for one in subjects for key in one.identifiers if key])
    if places.care is not None and subjects:
        until = {key: end_us for one in subjects for key, end_us in end_of(one.targets).items()}
        forget_in(places.care, until, known_to(places.client))


class _Left(NamedTuple):
    """What still names the person of a request."""

    rows: int = 0
    quarantine: int = 0
    aside: int = 0
    alerts: int = 0


def _finish(
    places: Places, requests: Sequence[Request], raw: Mapping[str, Sequence[str]], around: Around
) -> tuple[list[Certificate], dict[str, _Left]]:
    """End all requests of which nothing is left: their certificates, and by request what is left of the others.

    A certificate is kept before the identifiers go: without them nothing could be counted any more. Where they are gone already, it was.
    """
    client = places.client
    named = [one for one in requests if any(target.identifier for target in one.targets)]
    found = look(places, [_subject(one, raw) for one in named])
    left = {one.id: rest for one, after in zip(named, found, strict=True) if any(rest := _left_of(after))}
    clean = [(one, after) for one, after in zip(named, found, strict=True) if one.id not in left]
    made = _certificates(client, clean, raw, around) if clean else {}
    write_states(client, RETRACTED, {request: json.dumps(one) for request, one in made.items()})
    left |= dict.fromkeys(blank_requests(client, list(made)), _Left())
    known = {one.id: json.loads(one.draft or "{}") for one in requests} | made
    done = {one.id: known[one.id] for one in requests if one.id not in left}
    write_states(client, DONE, {request: json.dumps(one) for request, one in done.items()})
    return list(done.values()), left


def _left_of(after: Found) -> _Left:
    return _Left(
        sum(row.rows for row in after.rows if row.kind in _OF_RECORDS), after.quarantine, after.aside, after.alerts
    )


def _certificates(
    client: Client,
    requests: Sequence[tuple[Request, Found]],
    raw: Mapping[str, Sequence[str]],
    around: Around,
) -> dict[str, Certificate]:
    """By request the whole certificate, from what is left of its person."""
    now, times = datetime.now(UTC), read_times(client, [one.id for one, _ in requests])
    kept, *told = [retention_until(*topic, now) for topic in (around.kafka(), *around.told())]
    made: dict[str, Certificate] = {}
    for one, after in requests:
        draft: Certificate = json.loads(one.draft or "{}")
        if not draft:  # what was found before is not known any more
            draft = begun(one.id, one.how, Subject(one.targets), after)
        moments = {ASKED: one.asked_at, **times[one.id], DONE: now}
        made[one.id] = finished(draft, moments, after, kept, has_value=bool(raw.get(one.id)), told=told)
    return made


def _not_all(
    asked: int, late: Collection[str], left: Mapping[str, _Left], certificates: Sequence[Certificate]
) -> SomeLeft:
    """What to say where not all are done."""
    said, open_ = [], len(late) + len(left)
    if late:
        said.append(f"rows of {counted(len(late), 'request')} still count")
    if left:
        rows, quarantine, aside, alerts = (sum(numbers) for numbers in zip(*left.values(), strict=True))
        kept = f"{counted(rows, 'row')}, {counted(quarantine, 'record')} in quarantine, {counted(aside, 'event')} set aside in outboxes"
        kept += f" and {counted(alerts, 'alert')}"
        whom = "the person" if len(left) == 1 else f"{counted(len(left), 'person')}"
        said.append(f"{kept if any((rows, quarantine, aside, alerts)) else 'rows of the ledger'} still name {whom}")
    which = "" if asked == 1 else f"{open_:,} of {asked:,} requests {'is' if open_ == 1 else 'are'} "
    hint = "the others are done; `touchline erase --resume` completes what remains" if certificates else _AGAIN
    return SomeLeft(f"{which}not done yet: {'; '.join(said)}", hint, certificates)


def _subject(request: Request, raw: Mapping[str, Sequence[str]]) -> Subject:
    return Subject([one for one in request.targets if one.identifier], tuple(raw.get(request.id, ())))
