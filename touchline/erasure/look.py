"""What is kept of persons before, and after: in the ledger, in quarantine, and in the outboxes and alerts of this machine."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from clickhouse_driver import Client

from touchline.care.forgetting import CareTraces, traces_in
from touchline.erasure.count import count_rows
from touchline.erasure.quarantined import count_quarantined
from touchline.erasure.values import Found, Subject, end_of, whole_of
from touchline.export.named_in import Wanted
from touchline.processors.steps.cipher import Cipher
from touchline.producers.outbox.forget import OutboxTraces, traces_of


class Places(NamedTuple):
    """Where a person may be found: the ledger, the key of what is kept encrypted, folders of outboxes, and that of `touchline care` (None:
    none has run here)."""

    client: Client
    cipher: Cipher
    outboxes: Sequence[Path]
    care: Path | None = None


def look(places: Places, subjects: Sequence[Subject], now: datetime | None = None) -> list[Found]:
    """What is kept of each. Each place is read once for all of them."""
    if not subjects:
        return []
    wanted = [wanted_of(one) for one in subjects]
    kept_out = count_quarantined(places.client, places.cipher, wanted, now or datetime.now(UTC))
    counted = count_rows(places.client, [one.targets for one in subjects])
    traces = outbox_traces(places.outboxes, [one.identifiers for one in subjects])
    of_care = care_traces(places.care, subjects)
    return [
        Found(
            *(rows.rows, rows.comments, rows.first_day, rows.last_day),
            quarantine,
            trace.waiting + trace.sent + care.events,
            trace.aside + trace.damaged,
            care.alerts,
        )
        for rows, quarantine, trace, care in zip(counted, kept_out, traces, of_care, strict=True)
    ]


def care_traces(folder: Path | None, subjects: Sequence[Subject]) -> list[CareTraces]:
    """Of each person what `touchline care` keeps for itself."""
    if folder is None:
        return [CareTraces()] * len(subjects)
    return traces_in(folder, [end_of(one.targets) for one in subjects])


def outbox_traces(folders: Sequence[Path], persons: Sequence[Collection[str]]) -> list[OutboxTraces]:
    """Of each person sums over the outboxes that are there."""
    found = [traces_of(folder, persons) for folder in folders]
    return [
        OutboxTraces(*(sum(traces[place][kind] for traces in found) for kind in range(len(OutboxTraces._fields))))
        for place in range(len(persons))
    ]


def wanted_of(subject: Subject) -> Wanted:
    """What a record in quarantine may hold of the person. A key of a device that others use, too, is not looked for: nothing in such a
    record says whose it is."""
    return Wanted(whole_of(subject.targets) - {""}, subject.raw)
