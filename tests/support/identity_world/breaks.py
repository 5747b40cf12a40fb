"""Each safety step that can be removed, and what removes it. Some schedule must find each.

Most are of the worker's own code. Some ClickHouse does for it (the fence, one insert is one part, an insert under way is waited for); these
are taken from the server of the simulation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from copy import deepcopy
from dataclasses import replace
from typing import Any, NamedTuple
from unittest.mock import patch

from tests.support.identity_world import server
from touchline.identity import components, neighbourhood
from touchline.identity.links import Newest
from touchline.identity.watch import Fate as Stand
from touchline.identity.watchlist import WatchList
from touchline.processors import claims, news, persons, pipeline
from touchline.processors.homes import Homes, holding
from touchline.processors.ledger.columns import ATTACHED
from touchline.processors.ledger.ledger import LedgerUnavailable
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.loop import loop, restore
from touchline.processors.loop.standing import StandingMaps
from touchline.processors.pipeline import Pipeline
from touchline.processors.relations import Relations
from touchline.processors.state.ids import PartitionIds
from touchline.processors.state.tails import Tails
from touchline.processors.steps import settle
from touchline.processors.steps.receive import receive as receive_step
from touchline.processors.walk import END, has_walked
from touchline.schemas import versions
from touchline.schemas.reasons import Fate

Removal = AbstractContextManager[Any]
_VERSION = ATTACHED.index("map_version")
BEYOND = 1 << 30
"""More inserts than there are."""


class Break(NamedTuple):
    """What is missing then, and how it is taken out. Of rare ones: `first` is a schedule near which one shows, `times` how much longer to
    look, and `is_sleepy` whether it takes workers that sleep at the wrong moment."""

    missing: str
    remove: Callable[[], Removal]
    first: int | None = None
    times: int = 1
    is_sleepy: bool = False


@contextmanager
def broken(name: str) -> Iterator[None]:
    """The worker without this step, for one schedule; with an empty name the worker as it is.

    Nothing is patched for the time of a call: the strand of that call may be stopped, and others would meet the patch.
    """
    with BREAKS[name].remove() if name else nullcontext():
        yield


def _instead(target: Any, name: str, new: Any) -> Callable[[], Removal]:
    return lambda: patch.object(target, name, new)


def _around(target: Any, name: str, around: Callable[..., Any]) -> Callable[[], Removal]:
    """`around(original, *arguments)` in the place of a function or method."""
    original = getattr(target, name)

    def instead(*arguments: Any, **options: Any) -> Any:
        return around(original, *arguments, **options)

    return lambda: patch.object(target, name, instead)


@contextmanager
def _all(*removals: Removal) -> Iterator[None]:
    with ExitStack() as stack:
        for one in removals:
            stack.enter_context(one)
        yield


# ---------------------------------------------------------------- one writer, one insert


def _mark_before_fence(acquire: Any, self: Any, stream: Any, *arguments: Any, **options: Any) -> Any:
    mark = self._server.mark_of(stream)
    self._wait()
    acquire(self, stream, *arguments, **options)
    return mark


def _blind_retry(insert: Any, self: Any, one: Any) -> None:
    try:
        insert(self, one)
    except LedgerUnavailable:
        insert(self, one)


def _ack_early(insert: Any, self: Any, one: Any) -> None:
    try:
        insert(self, one)
    except LedgerUnavailable:
        return


def _no_offset_filter() -> Removal:
    receive, met = receive_step, dict[int, Any]()

    def all_of_it(batch: Any, last_offset: int) -> Any:
        if id(batch) in met:
            return receive(batch, last_offset)
        met[id(batch)] = batch
        return receive(batch, batch.start_offset - 1)

    return patch.object(pipeline, "receive", all_of_it)


def _no_dedup(judge: Any, standing: Any, arriving: Any) -> Any:
    judged = judge(standing, arriving)
    return judged._replace(arriving=[Fate.STORED if one is Fate.DUPLICATE else one for one in judged.arriving])


def _nothing_late(resolve: Any, *arguments: Any) -> Any:
    return resolve(*arguments)._replace(late=[])


class _Equal:
    """Equal to whatever it is compared with."""

    def __ne__(self, other: object) -> bool:
        return False


def _strangers_at_home(resolve: Any, records: Any, outcomes: Any, tails: Any, is_at_home: Any) -> Any:
    del is_at_home
    return resolve(records, outcomes, tails, lambda key: True)


def _plain_for_good(publish: Any, *arguments: Any) -> Any:
    published = publish(*arguments)
    published.followed.tails.clear()
    return published


def _own_words_unread(
    set_apart: Any, tails: Any, ledger: Any, stream: Any, after: Any, until: Any, *others: Any
) -> Any:
    """What the stream itself said counts when a tick has read it."""
    read = ledger.progress_of(stream).cursors.get(stream.name, 0)
    set_apart(tails, ledger, stream, after, {**until, stream.name: read}, *others)


class _NoAway:
    """A ledger whose feed holds no word of what others received."""

    def __init__(self, ledger: Any) -> None:
        self._ledger = ledger

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def feed(self, after: Any, until: Any) -> Any:
        return [row for row in self._ledger.feed(after, until) if row.kind != "away"]


def _away_forgotten(set_apart: Any, tails: Any, ledger: Any, *others: Any) -> Any:
    set_apart(tails, _NoAway(ledger), *others)


# ---------------------------------------------------------------- who publishes


def _home_publishes(_: Any, partition: Any, identifiers: Any, cursors: Any, at: Homes) -> Any:
    found = holding(partition, identifiers, cursors, at)
    return found._replace(held={one for one in identifiers if at.has(partition.number, one)})


def _unordered_handoffs(_: Any, partition: Any, identifiers: Any, cursors: Any, at: Homes) -> Any:
    """Whoever was ever given an identifier holds it."""
    found = holding(partition, identifiers, cursors, at)
    given = {row.identifier for row in partition.ledger.handoffs_of(identifiers) if row.handoff_to == partition.number}
    return found._replace(held=found.held | given)


def _beyond_cursors(_: Any, partition: Any, identifiers: Any, cursors: Any, at: Homes) -> Any:
    return holding(partition, identifiers, dict.fromkeys(partition.ledger.positions(), BEYOND), at)


def _eager_leader() -> Removal:
    """Who leads publishes all of the component, whoever holds it."""
    seen: list[Any] = []
    members = components.members

    def members_seen(found: Any) -> Any:
        seen[:] = [members(found)]
        return seen[0]

    def all_that_is_led(_: Any, partition: Any, identifiers: Any, cursors: Any, at: Homes) -> Any:
        judged = seen.pop() if seen else {}
        found = holding(partition, identifiers, cursors, at)
        led = {
            one.key
            for smallest, component in judged.items()
            if at.has(partition.number, smallest.key)
            for one in component
        }
        return found._replace(held=found.held | led)

    return _all(patch.object(persons, "members", members_seen), _around(persons, "holding", all_that_is_led)())


def _no_retract(publish: Any, *arguments: Any) -> Any:
    published = publish(*arguments)
    given = {handoff[0] for handoff in published.handoffs}
    rows = published.followed.published
    rows[:] = [row for row in rows if row.values[persons._IDENTIFIER] not in given]
    return published


def _handoff_first() -> Removal:
    """The rows of what is given away go in the next insert."""
    later: dict[int, list[Any]] = defaultdict(list)

    def publish(original: Any, partition: Any, *arguments: Any) -> Any:
        published = original(partition, *arguments)
        given = {handoff[0] for handoff in published.handoffs}
        rows, waiting = published.followed.published, later.pop(partition.number, [])
        later[partition.number] = [row for row in rows if row.values[persons._IDENTIFIER] in given]
        rows[:] = [*waiting, *(row for row in rows if row.values[persons._IDENTIFIER] not in given)]
        return published

    return _around(pipeline, "publish", publish)()


def _untold(kind: str) -> Callable[..., Any]:
    """What this kind of row says of identifiers is not heard."""

    def touched(original: Any, partition: Any, news: Any, decided: Any) -> Any:
        found = original(partition, news, decided)
        others = news._replace(rows=[row for row in news.rows if row.kind != kind])
        return found._replace(told=original(partition, others, decided).told)

    return touched


def _release_untold(publish: Any, partition: Any, news: Any, decided: Any, *arguments: Any) -> Any:
    published = publish(partition, news, decided, *arguments)
    return published._replace(away=published.away - {event.identifier for event in decided.lost})


def _endpoint_only(publish: Any, partition: Any, news: Any, *arguments: Any) -> Any:
    """Only links of what is held here are judged."""
    (at,) = [one for one in arguments if isinstance(one, Homes)]
    ends = {end for row in news.rows for end in (row.identifier, row.linked_identifier) if end}
    held = holding(partition, ends, news.until, at).held
    rows = [
        row
        for row in news.rows
        if row.kind not in ("link", "unlink") or row.identifier in held or row.linked_identifier in held
    ]
    return publish(partition, news._replace(rows=rows), *arguments)


class _Blind(Newest):
    """What is named together with an end of a change is not judged with it."""

    is_asked = False

    def named_with(self, identifiers: Any) -> Any:
        if self.is_asked:
            return super().named_with(identifiers)
        self.is_asked = True
        return set()


def _unlinked_for_good(effective_link: Any, self: Any, one: Any, other: Any) -> Any:
    """What came first or last counts, and not when it was."""
    ends = (one, other) if one < other else (other, one)
    return None if ends in self._unlinked_us else effective_link(self, one, other)


# ---------------------------------------------------------------- how far was read


def _cursors_in_memory(progress_of: Any, self: Any, stream: Any) -> Any:
    return progress_of(self, stream)._replace(cursors=self.positions())


def _cursors_early(insert: Any, self: Any, partition: Any, blocks: Any, reached: Any, *others: Any) -> Any:
    """A batch says that all was followed which a tick has yet to read."""
    if others[-1].new.records:
        reached = reached._replace(cursors={**reached.cursors, **partition.ledger.positions()})
    return insert(self, partition, blocks, reached, *others)


def _no_ack(news_of: Any, partition: Any, *arguments: Any, **options: Any) -> Any:
    for piece in news_of(partition, *arguments, **options):
        yield piece._replace(must_mark=False)


# ---------------------------------------------------------------- versions


def _all_passed(*arguments: Any) -> Any:
    return set


def _own_cursor(passed_of: Any, partition: Any, news: Any, at: Any) -> Any:
    """The own poll counts as if it had read everything."""
    return passed_of(partition, news._replace(until=dict.fromkeys(partition.ledger.positions(), BEYOND)), at)


def _look_first(passed_of: Any, partition: Any, news: Any, at: Any) -> Any:
    """The marks that say what is passed are read after the look-up."""
    return lambda positions: passed_of(partition, news._replace(progress=partition.ledger.progress()), at)(positions)


def _no_claim_index(hear: Any, partition: Any, news: Any) -> Any:
    """Claims leave no trace among the ids."""
    before = deepcopy(partition.ids._seen)
    asked = hear(partition, news)
    partition.ids._seen = before
    return asked


def _first_come(version: Any) -> Any:
    return (-version.revision, -version.completeness)


def _settle_beside(decide: Any, own: Any, standings: Any, releases: Any, passed: Any, rules: Any) -> Any:
    """A stored version bars no settling."""
    outcome = decide(own, standings, releases, passed, rules)
    none_stored = [one._replace(fate=Stand.SUPERSEDED) if one.fate is Stand.STORED else one for one in standings]
    beside = decide(own, none_stored, releases, passed, rules)
    settled = {place: fate for place, fate in beside.moved.items() if fate is Stand.STORED}
    return outcome._replace(moved={**outcome.moved, **settled})


def _look_once(decide: Any, own: Any, standings: Any, releases: Any, passed: Any, rules: Any) -> Any:
    """A claim is settled whatever else is known by then."""
    outcome = decide(own, standings, releases, passed, rules)
    for place, one in enumerate(standings):
        if one.fate is Stand.CLAIM and one.position.partition == own:
            outcome.moved.pop(place, None)
            alone = [other for other in standings if other is one or other.fate is Stand.STORED]
            again = decide(own, alone, releases, passed, rules)
            if again.moved.get(alone.index(one)) is Stand.STORED:
                outcome.moved[place] = Stand.STORED
    return outcome


def _no_release_barrier(decide: Any, own: Any, standings: Any, releases: Any, passed: Any, rules: Any) -> Any:
    outcome = decide(own, standings, (), passed, rules)
    return outcome._replace(must_release=False, must_look=outcome.must_look or outcome.must_release)


def _clean_untold(decide: Any, *arguments: Any) -> Any:
    return decide(*arguments)._replace(must_look=False)


def _in_place_untold(original: Any, *arguments: Any) -> Any:
    settled = original(*arguments)
    settled.replaced.clear()
    return settled


def _no_claim(here: Any, partition: int, is_only: bool, is_plain: Any) -> Any:
    return here(partition, True, is_plain)


# ---------------------------------------------------------------- maps


def _no_walk(next_step: Any, partition: Any, change: int) -> Any:
    return next_step(partition, change)._replace(walked_to=END, identifiers=[], alone=[])


def _drop_leaves(next_step: Any, partition: Any, change: int) -> Any:
    is_drop = len(partition.ledger.standing_maps().maps) == 1
    return (_no_walk if is_drop else lambda *arguments: next_step(*arguments[1:]))(next_step, partition, change)


def _walk_in_memory(progress_of: Any, self: Any, stream: Any) -> Any:
    return progress_of(self, stream)._replace(map_change=self.standing_maps().change, walked_to="n0")


def _walk_goes_on(next_step: Any, partition: Any, change: int) -> Any:
    """A walk under way is not begun anew with another change."""
    if partition.reached.walked_to in ("", END):
        return next_step(partition, change)
    return next_step(replace(partition, reached=partition.reached._replace(map_change=change)), change)


class _Content(int):
    """What stands, for the number of the change: the same again after a version was withdrawn and added once more."""

    def __le__(self, other: int) -> bool:
        return self == other


def _change_unnumbered(standing_maps: Any, self: Any) -> Any:
    standing = standing_maps(self)
    return standing._replace(change=_Content({1: 1, 3: 2, 2: 3}[sum(version for _, version in standing.maps)]))


def _switch_early(_: Any, self: Any, partition: Any) -> None:
    change = self._pipeline.map_change
    if has_walked(partition, change):
        self._maps.switch_readers(change)


def _old_not_restated(diff: Any, published: Any, wanted: Any) -> Any:
    wanted = list(wanted)
    shown = max([row.values[_VERSION] for row in published] + [row[1][_VERSION] for row in wanted], default=0)
    return diff(
        [row for row in published if row.values[_VERSION] == shown],
        [row for row in wanted if row[1][_VERSION] == shown],
    )


BREAKS: dict[str, Break] = {
    "no_fence": Break("an insert of who owns the stream no more is refused", _instead(MemoryLedger, "check_fence", lambda *_: None)),
    "no_inflight_wait": Break("inserts under way end before the mark is read", _instead(server.Server, "is_running", lambda *_: False)),
    "mark_before_fence": Break("the mark is read behind the fence", _around(server.Client, "acquire", _mark_before_fence)),
    "blind_retry": Break("nothing is inserted again without a look at the mark", _around(server.Client, "insert", _blind_retry)),
    "ack_early": Break("no answer is no yes", _around(server.Client, "insert", _ack_early)),
    "split_insert": Break("all rows of an insert are there at once", _instead(server.Server, "splits", True)),
    "torn_reads": Break("a query sees the store of one moment", _instead(server.Server, "tears", True), is_sleepy=True),
    "no_offset_filter": Break("what the mark covers is left out", _no_offset_filter),
    "no_dedup": Break("a version that came before is a duplicate", _around(settle, "judge", _no_dedup)),
    "nothing_late": Break("what comes late is followed from the beginning", _around(pipeline, "resolve", _nothing_late)),
    "stale_tails": Break("tails are brought up to the mark", _instead(loop, "restore", lambda *_: 0)),
    "nobody_apart": Break("linked identifiers are left to ticks after a restart", _instead(restore, "_set_apart", lambda *_: None)),
    "own_words_unread": Break("what was given away is left to ticks after a restart", _around(restore, "_set_apart", _own_words_unread)),
    "away_forgotten": Break("what others received is left to ticks after a restart", _around(restore, "_set_apart", _away_forgotten)),
    "elsewhere_followed": Break("tails hold what is published, and nothing else", _instead(restore, "partition_of", lambda _: _Equal())),
    "plain_for_good": Break("linked identifiers are left to ticks", _around(pipeline, "publish", _plain_for_good)),
    "strangers_at_home": Break("batches follow what is at home only", _around(pipeline, "resolve", _strangers_at_home)),
    "home_publishes": Break("the holder publishes, and not the home", _around(persons, "holding", _home_publishes)),
    "eager_leader": Break("a leader waits until it is given an identifier", _eager_leader),
    "no_retract": Break("who gives away retracts", _around(pipeline, "publish", _no_retract)),
    "handoff_first": Break("who gives away retracts in the same insert", _handoff_first),
    "unordered_handoffs": Break("the newest handoff counts", _around(persons, "holding", _unordered_handoffs)),
    "beyond_cursors": Break("handoffs count when they are read", _around(persons, "holding", _beyond_cursors), times=5),
    "no_reread": Break("who is given an identifier reads all of it", _around(persons, "_touched", _untold("handoff"))),
    "no_away": Break("a holder hears what changed elsewhere", _around(persons, "_touched", _untold("away"))),
    "release_untold": Break("a holder hears what was released elsewhere", _around(pipeline, "publish", _release_untold)),
    "endpoint_only": Break("links of others are judged, too", _around(pipeline, "publish", _endpoint_only), times=5),
    "no_raw_neighbours": Break("neighbours of what changed are judged with it", _instead(neighbourhood, "Newest", _Blind)),
    "no_label_closure": Break("what is published together is judged together", _instead(Relations, "published_with", lambda *_: set())),
    "unlinked_for_good": Break("times decide, and not the order of arrival", _around(Newest, "effective_link", _unlinked_for_good)),
    "links_stay": Break("links go with their version", _instead(Pipeline, "_lost_links", lambda *_: [])),
    "cursors_in_memory": Break("cursors are durable", _around(MemoryLedger, "progress_of", _cursors_in_memory)),
    "cursors_early": Break("cursors are written with what follows from what was read", _around(Pipeline, "_insert", _cursors_early)),
    "first_come": Break("of conflicting versions the hash decides", _instead(versions, "_order", _first_come)),
    "no_claim": Break("a revision of what was not met here claims", _around(pipeline, "Here", _no_claim)),
    "no_claim_index": Break("the ids of claims are met", _around(claims, "_hear", _no_claim_index)),
    "index_mem": Break("the ids of claims are met after a restart", _instead(PartitionIds, "meet_claims", lambda *_: None)),
    "in_place_any_key": Break("only a version that nobody else publishes is replaced", _instead(settle, "_is_one_place", lambda *_: True)),
    "in_place_untold": Break("who waits hears of a revision in place", _around(pipeline, "settle", _in_place_untold), times=5),
    "no_claim_barrier": Break("a claim is passed before it is settled", _instead(claims, "passed_of", _all_passed)),
    "no_release_barrier": Break("a release is passed before a claim is settled", _around(claims, "decide_one", _no_release_barrier)),
    "own_cursor": Break("the own poll is the own cursor", _around(claims, "passed_of", _own_cursor), times=10, is_sleepy=True),
    "look_first": Break("marks are read before versions", _around(claims, "passed_of", _look_first), times=10, is_sleepy=True),
    "look_once": Break("what is known is looked up again before a claim is settled", _around(claims, "decide_one", _look_once)),
    "settle_beside": Break("none is stored when a claim is settled", _around(claims, "decide_one", _settle_beside)),
    "no_ack": Break("that a claim was read stands in a mark", _around(loop, "news_of", _no_ack)),
    "watch_mem": Break("claims are watched after a restart", _instead(loop, "WatchList", lambda *_: WatchList())),
    "no_walk": Break("a new map is applied to all that was stored", _around(news, "next_step", _no_walk)),
    "drop_leaves": Break("rows of a map that was dropped are retracted", _around(news, "next_step", _drop_leaves)),
    "walk_mem": Break("how far a walk has come is durable", _around(MemoryLedger, "progress_of", _walk_in_memory)),
    "walk_goes_on": Break("each change of the maps is walked from the beginning", _around(news, "next_step", _walk_goes_on), times=10),
    "change_unnumbered": Break(
        "changes of the maps are numbered", _around(MemoryLedger, "standing_maps", _change_unnumbered), times=10, is_sleepy=True
    ),
    "switch_early": Break("readers wait until all have walked", _around(StandingMaps, "switch_when_walked", _switch_early)),
    "old_not_restated": Break("all versions that stand are restated", _around(pipeline, "diff", _old_not_restated)),
    "tails_not_laid_out": Break("tails follow the maps that stand", _instead(Tails, "lay_out", lambda *_: None)),
    "clean_untold": Break("who waits hears of a release", _around(claims, "decide_one", _clean_untold)),
}  # fmt: skip
