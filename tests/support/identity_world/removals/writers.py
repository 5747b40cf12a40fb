"""One writer a stream, one insert at a time, and what a worker knows when it takes over."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from tests.support.identity_world import server
from tests.support.identity_world.removals.patching import Break, Removal, around, instead
from touchline.processors import pipeline, unread
from touchline.processors.ledger.ledger import LedgerUnavailable
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.loop import acquire, restore
from touchline.processors.steps import settle
from touchline.processors.steps.receive import receive as receive_step
from touchline.processors.values.person import new_person
from touchline.schemas.reasons import Fate


def mark_before_fence(acquire: Any, self: Any, stream: Any, *arguments: Any, **options: Any) -> Any:
    mark = self._server.mark_of(stream)
    self._wait()
    acquire(self, stream, *arguments, **options)
    return mark


def blind_retry(insert: Any, self: Any, one: Any) -> None:
    try:
        insert(self, one)
    except LedgerUnavailable:
        insert(self, one)


def ack_early(insert: Any, self: Any, one: Any) -> None:
    try:
        insert(self, one)
    except LedgerUnavailable:
        return


def no_offset_filter() -> Removal:
    receive, met = receive_step, dict[int, Any]()

    def all_of_it(batch: Any, last_offset: int) -> Any:
        if id(batch) in met:
            return receive(batch, last_offset)
        met[id(batch)] = batch
        return receive(batch, batch.start_offset - 1)

    return patch.object(pipeline, "receive", all_of_it)


def no_dedup(judge: Any, standing: Any, arriving: Any) -> Any:
    judged = judge(standing, arriving)
    return judged._replace(arriving=[Fate.STORED if one is Fate.DUPLICATE else one for one in judged.arriving])


def nothing_late(resolve: Any, *arguments: Any) -> Any:
    return resolve(*arguments)._replace(late=[])


def strangers_at_home(resolve: Any, records: Any, outcomes: Any, tails: Any, is_at_home: Any) -> Any:
    del is_at_home
    return resolve(records, outcomes, tails, lambda key: True)


def plain_for_good(publish: Any, *arguments: Any) -> Any:
    published = publish(*arguments)
    published.followed.tails.clear()
    return published


def read_ahead(read: Any, partition: Any, tails: Any, maps: Any) -> Any:
    with patch.object(unread, "partition_of", lambda position: partition.number):
        return read(partition, tails, maps)


def unread_followed(set_apart: Any, tails: Any, ledger: Any, stream: Any, after: Any, until: Any, *others: Any) -> Any:
    """What no tick has read yet is as good as followed."""
    if after != ledger.progress_of(stream).cursors:
        set_apart(tails, ledger, stream, after, until, *others)


class NoAway:
    """A ledger whose feed holds no word of what others received."""

    def __init__(self, ledger: Any) -> None:
        self._ledger = ledger

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def feed(self, after: Any, until: Any) -> Any:
        return [row for row in self._ledger.feed(after, until) if row.kind != "away"]


def away_forgotten(set_apart: Any, tails: Any, ledger: Any, *others: Any) -> Any:
    set_apart(tails, NoAway(ledger), *others)


BREAKS: dict[str, Break] = {
    "no_fence": Break(
        "an insert of who owns the stream no more is refused", instead(MemoryLedger, "check_fence", lambda *_: None)
    ),
    "no_inflight_wait": Break(
        "inserts under way end before the mark is read", instead(server.Server, "is_running", lambda *_: False)
    ),
    "mark_before_fence": Break(
        "the mark is read behind the fence", around(server.Client, "acquire", mark_before_fence)
    ),
    "blind_retry": Break(
        "nothing is inserted again without a look at the mark", around(server.Client, "insert", blind_retry)
    ),
    "ack_early": Break("no answer is no yes", around(server.Client, "insert", ack_early)),
    "split_insert": Break(
        "all rows of an insert are there at once", instead(server.Server, "splits", True), focus="parted"
    ),
    "torn_reads": Break(
        "a query sees the store of one moment",
        instead(server.Server, "tears", True),
        focus="torn",
    ),
    "no_offset_filter": Break("what the mark covers is left out", no_offset_filter),
    "no_dedup": Break("a version that came before is a duplicate", around(settle, "judge", no_dedup)),
    "nothing_late": Break("what comes late is followed again", around(pipeline, "resolve", nothing_late)),
    "stale_tails": Break("tails are brought up to the mark", instead(acquire, "restore", lambda *_: 0)),
    "unread_is_new": Break(
        "after the loss of a state persons are read before they are followed",
        instead(unread, "_read", lambda _, tails, maps: dict.fromkeys(tails, new_person(len(maps)))),
    ),
    "nobody_apart": Break(
        "linked identifiers are left to ticks after a restart", instead(restore, "_set_apart", lambda *_: None)
    ),
    "read_ahead": Break(
        "who is read and has an event in another partition is left to ticks",
        around(unread, "_read", read_ahead),
        focus="elsewhere",
    ),
    "unread_followed": Break(
        "what no tick has read is left to ticks after a restart",
        around(restore, "_set_apart", unread_followed),
        focus="moved_on",
    ),
    "away_forgotten": Break(
        "what others received is left to ticks after a restart",
        around(restore, "_set_apart", away_forgotten),
        focus="moved_on",
    ),
    "plain_for_good": Break("linked identifiers are left to ticks", around(pipeline, "publish", plain_for_good)),
    "strangers_at_home": Break("batches follow what is at home only", around(pipeline, "resolve", strangers_at_home)),
}
