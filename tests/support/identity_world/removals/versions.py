"""Which version of an event counts, across partitions."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from tests.support.identity_world.removals.patching import BEYOND, Break, around, instead
from touchline.identity.watch import Fate as Stand
from touchline.identity.watchlist import WatchList
from touchline.processors import claims, pipeline
from touchline.processors.ledger.memory import MemoryLedger
from touchline.processors.loop import acquire
from touchline.processors.loop.ticking import Ticking
from touchline.processors.steps import settle
from touchline.processors.sweep import Sweeper
from touchline.schemas import versions


def all_passed(*arguments: Any) -> Any:
    return set


def own_cursor(passed_of: Any, partition: Any, news: Any, at: Any) -> Any:
    """The own poll counts as if it had read everything."""
    return passed_of(partition, news._replace(until=dict.fromkeys(partition.ledger.positions(), BEYOND)), at)


def look_first(passed_of: Any, partition: Any, news: Any, at: Any) -> Any:
    """The marks that say what is passed are read after the look-up."""
    return lambda positions: passed_of(partition, news._replace(progress=partition.ledger.progress()), at)(positions)


def no_claim_index(hear: Any, partition: Any, news: Any, erasures: Any) -> Any:
    """Claims leave no trace among the ids."""
    before = deepcopy(partition.ids._seen)
    asked = hear(partition, news, erasures)
    partition.ids._seen = before
    return asked


def first_come(version: Any) -> Any:
    return (-version.revision, -version.completeness)


def settle_beside(decide: Any, own: Any, standings: Any, releases: Any, passed: Any, rules: Any) -> Any:
    """A stored version bars no settling."""
    outcome = decide(own, standings, releases, passed, rules)
    none_stored = [one._replace(fate=Stand.SUPERSEDED) if one.fate is Stand.STORED else one for one in standings]
    beside = decide(own, none_stored, releases, passed, rules)
    settled = {place: fate for place, fate in beside.moved.items() if fate is Stand.STORED}
    return outcome._replace(moved={**outcome.moved, **settled})


def look_once(decide: Any, own: Any, standings: Any, releases: Any, passed: Any, rules: Any) -> Any:
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


def no_release_barrier(decide: Any, own: Any, standings: Any, releases: Any, passed: Any, rules: Any) -> Any:
    outcome = decide(own, standings, (), passed, rules)
    return outcome._replace(must_release=False, must_look=outcome.must_look or outcome.must_release)


def clean_untold(decide: Any, *arguments: Any) -> Any:
    return decide(*arguments)._replace(must_look=False)


def in_place_untold(original: Any, *arguments: Any) -> Any:
    settled = original(*arguments)
    settled.replaced.clear()
    return settled


def no_claim(here: Any, partition: int, is_only: bool, is_plain: Any) -> Any:
    return here(partition, True, is_plain)


def sweep_untold(hear: Any, partition: Any, news: Any, erasures: Any) -> Any:
    """Only who sweeps looks at what it found."""
    rows = [row for row in news.rows if partition.number == 0 or row.reason != claims.FOUND]
    return hear(partition, news._replace(rows=rows), erasures)


def sweep_forgets(step: Any, self: Any, *arguments: Any) -> Any:
    """What was found is told once, whatever becomes of the insert."""
    found = step(self, *arguments)
    self.told(found)
    return found


BREAKS: dict[str, Break] = {
    "no_sweep": Break(
        "what nobody looks up is found", instead(Ticking, "_sweep_of", lambda *_: lambda _: ()), focus="swept"
    ),
    "sweep_untold": Break("all hear of what a sweep found", around(claims, "_hear", sweep_untold), focus="swept"),
    "sweep_forgets": Break(
        "what a sweep found is told until it is stored",
        around(Sweeper, "step", sweep_forgets),
        focus="swept",
    ),
    "first_come": Break("of conflicting versions the hash decides", instead(versions, "_order", first_come)),
    "no_claim": Break("a revision of what was not met here claims", around(pipeline, "Here", no_claim)),
    "no_claim_index": Break("the ids of claims are met", around(claims, "_hear", no_claim_index)),
    "index_mem": Break(
        "the ids of claims are met after a restart",
        instead(MemoryLedger, "claim_hashes", lambda *_: iter(())),
        focus="forgotten",
    ),
    "in_place_any_key": Break(
        "only a version that nobody else publishes is replaced", instead(settle, "_is_one_place", lambda *_: True)
    ),
    "in_place_untold": Break(
        "who waits hears of a revision in place",
        around(pipeline, "settle", in_place_untold),
        focus="in_place",
    ),
    "no_claim_barrier": Break(
        "a claim is passed before it is settled", instead(claims, "passed_of", all_passed), focus="released"
    ),
    "no_release_barrier": Break(
        "a release is passed before a claim is settled",
        around(claims, "decide_one", no_release_barrier),
        focus="released",
    ),
    "own_cursor": Break(
        "the own poll is the own cursor",
        around(claims, "passed_of", own_cursor),
        focus="released",
    ),
    "look_first": Break(
        "marks are read before versions",
        around(claims, "passed_of", look_first),
        focus="looked",
    ),
    "look_once": Break(
        "what is known is looked up again before a claim is settled",
        around(claims, "decide_one", look_once),
        focus="in_place",
    ),
    "settle_beside": Break("none is stored when a claim is settled", around(claims, "decide_one", settle_beside)),
    "watch_mem": Break("claims are watched after a restart", instead(acquire, "WatchList", lambda *_: WatchList())),
    "clean_untold": Break("who waits hears of a release", around(claims, "decide_one", clean_untold)),
}
