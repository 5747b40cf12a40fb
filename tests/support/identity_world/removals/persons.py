"""Who belongs together, and who publishes it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from tests.support.identity_world.removals.patching import Break, Removal, all_of, around, instead
from touchline.identity import components, neighbourhood
from touchline.identity.links import Newest
from touchline.processors import persons, pipeline
from touchline.processors.homes import Homes, holding
from touchline.processors.relations import Relations


def home_publishes(_: Any, partition: Any, identifiers: Any, cursors: Any, at: Homes) -> Any:
    found = holding(partition, identifiers, cursors, at)
    return found._replace(held={one for one in identifiers if at.has(partition.number, one)})


def unordered_handoffs(_: Any, partition: Any, identifiers: Any, cursors: Any, at: Homes) -> Any:
    """Whoever was ever given an identifier holds it."""
    found = holding(partition, identifiers, cursors, at)
    given = {row.identifier for row in partition.ledger.handoffs_of(identifiers) if row.handoff_to == partition.number}
    return found._replace(held=found.held | given)


def eager_leader() -> Removal:
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

    return all_of(patch.object(persons, "members", members_seen), around(persons, "holding", all_that_is_led)())


def no_retract(publish: Any, *arguments: Any) -> Any:
    published = publish(*arguments)
    given = {handoff[0] for handoff in published.handoffs}
    rows = published.followed.published
    rows[:] = [row for row in rows if row.values[persons._IDENTIFIER] not in given]
    return published


def handoff_first() -> Removal:
    """The rows of what is given away go in the next insert."""
    later: dict[int, list[Any]] = defaultdict(list)

    def publish(original: Any, partition: Any, *arguments: Any) -> Any:
        published = original(partition, *arguments)
        given = {handoff[0] for handoff in published.handoffs}
        rows, waiting = published.followed.published, later.pop(partition.number, [])
        later[partition.number] = [row for row in rows if row.values[persons._IDENTIFIER] in given]
        rows[:] = [*waiting, *(row for row in rows if row.values[persons._IDENTIFIER] not in given)]
        return published

    return around(pipeline, "publish", publish)()


def untold(kind: str) -> Callable[..., Any]:
    """What this kind of row says of identifiers is not heard."""

    def touched(original: Any, partition: Any, news: Any, decided: Any) -> Any:
        found = original(partition, news, decided)
        others = news._replace(rows=[row for row in news.rows if row.kind != kind])
        return found._replace(told=original(partition, others, decided).told)

    return touched


def release_untold(publish: Any, partition: Any, news: Any, decided: Any, *arguments: Any) -> Any:
    published = publish(partition, news, decided, *arguments)
    lost = {event.identifier for event in decided.lost}
    return published._replace(away={one: time_us for one, time_us in published.away.items() if one not in lost})


def endpoint_only(publish: Any, partition: Any, news: Any, *arguments: Any) -> Any:
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


class Blind(Newest):
    """What is named together with an end of a change is not judged with it."""

    is_asked = False

    def named_with(self, identifiers: Any) -> Any:
        if self.is_asked:
            return super().named_with(identifiers)
        self.is_asked = True
        return set()


def unlinked_for_good(effective_link: Any, self: Any, one: Any, other: Any) -> Any:
    """What came first or last counts, and not when it was."""
    ends = (one, other) if one < other else (other, one)
    return None if ends in self._unlinked_us else effective_link(self, one, other)


BREAKS: dict[str, Break] = {
    "home_publishes": Break("the holder publishes, and not the home", around(persons, "holding", home_publishes)),
    "eager_leader": Break("a leader waits until it is given an identifier", eager_leader),
    "no_retract": Break("who gives away retracts", around(pipeline, "publish", no_retract)),
    "handoff_first": Break("who gives away retracts in the same insert", handoff_first),
    "unordered_handoffs": Break("the newest handoff counts", around(persons, "holding", unordered_handoffs)),
    "no_reread": Break("who is given an identifier reads all of it", around(persons, "_touched", untold("handoff"))),
    "no_away": Break("a holder hears what changed elsewhere", around(persons, "_touched", untold("away"))),
    "release_untold": Break(
        "a holder hears what was released elsewhere", around(pipeline, "publish", release_untold), focus="released"
    ),
    "endpoint_only": Break(
        "links of others are judged, too",
        around(pipeline, "publish", endpoint_only),
        focus="chained",
    ),
    "no_raw_neighbours": Break(
        "neighbours of what changed are judged with it", instead(neighbourhood, "Newest", Blind), focus="crowded"
    ),
    "no_label_closure": Break(
        "what is published together is judged together",
        instead(Relations, "published_with", lambda *_: set()),
        focus="parted",
    ),
    "unlinked_for_good": Break(
        "times decide, and not the order of arrival", around(Newest, "effective_link", unlinked_for_good)
    ),
    "links_stay": Break("links go with their version", instead(pipeline, "_lost_links", lambda *_: [])),
}
