"""A map is raised, and another one is drafted and applied, while customers are under way: real Kafka, workers that are started anew, and
ClickHouse. The numbers are those of a stack that had all of it from the beginning. What readers see while a version is being applied:
tests/contract/sql/test_map_that_changes.py."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.contract.sql.test_map_that_changes import MINI, RAISED
from tests.support.engines import Ledger, own_face, touchline, working
from tests.support.real_worker import ask
from tests.support.rest import wait_until_at_rest
from tests.support.view_sums import view_sums
from tests.support.workers import wait_for
from touchline.local.parts import settings_environment

if TYPE_CHECKING:
    from touchline.local.stack import LocalStack

Visit = tuple[str, str, str]
"""Customer, touchpoint, month and day; at ten o'clock of 2025."""
FIRST = [
    ("anna", "ad", "11-01"), ("bob", "ad", "11-01"), ("cleo", "ad", "11-01"), ("dan", "ad", "11-01"),
    ("bob", "till", "11-02"), ("dan", "sample", "11-03"),
]  # fmt: skip
THEN = [("anna", "till", "11-04"), ("dan", "till", "11-05")]
LATE = [("cleo", "ad", "10-30")]
DURING = {"see": 4, "try": 3, "buy": 3}
CHANGES = {"map_versions"}
"""A view of what was done to maps, not of events."""


@contextmanager
def shop_with(stack: LocalStack, folder: Path, text: str) -> Iterator[Ledger]:
    """A stack without a worker, and a map of that text in its folder of maps."""
    maps = folder / "maps"
    maps.mkdir(parents=True)
    (maps / "mini.yaml").write_text(text)
    with own_face(stack, folder, journeys_dir=maps, maps=["mini"], tick_seconds=0.5) as shop:
        yield shop


def settle(shop: Ledger) -> None:
    """Until nothing waits any more. That all is clean is asked once at the end: it is dear."""
    wait_until_at_rest(shop.settings)


def send(shop: Ledger, folder: Path, visits: Sequence[Visit]) -> None:
    events = [
        {
            "type": "touchline.touchpoint.v1", "source": "shell", "id": f"{who}-{touchpoint}-{day}", "time": f"2025-{day}T10:00:00Z",
            "touchpoint": touchpoint, "identifiers": [{"type": "login", "value": who}],
        }
        for who, touchpoint, day in visits
    ]  # fmt: skip
    file = folder / "visits.ndjson"
    file.write_text("\n".join(map(json.dumps, events)))
    touchline(shop, "emit", str(file))
    settle(shop)


def wait_until_shown(shop: Ledger, of_map: str, version: int) -> None:
    """Until readers see that version, and nothing waits any more."""
    sql = "SELECT count() FROM journey.map_versions WHERE map = %(of_map)s AND map_version = %(version)s AND is_shown"
    wait_for(
        lambda: ask(shop.settings, sql, of_map=of_map, version=version) == [(1,)],
        lambda: touchline(shop, "map", "list"),
        120,
    )
    settle(shop)
    listed = json.loads(touchline(shop, "map", "list", "--json"))["maps"]
    assert (of_map, version, True) in [(one["map"], one["version"], one["is_shown"]) for one in listed]


def reached(shop: Ledger, version: int) -> dict[str, int]:
    """Journeys that reached each stage, in any order."""
    sql = (
        f"SELECT toString(stage), reached FROM journey_api.funnel_stage(map = 'mini', map_version = {version}, date_from = '2025-01-01', "
        "date_to = '2025-12-31', filter = map(), as_of = %(as_of)s, mode = 'any')"
    )
    return dict(ask(shop.settings, sql, as_of=datetime(2025, 11, 20, tzinfo=UTC)))


def journeys(shop: Ledger, version: int, of_map: str = "mini") -> list[tuple[Any, ...]]:
    """(first day, highest stage, touchpoints) of every journey."""
    sql = (
        "SELECT toString(toDate(started_at)), max_stage_order, touchpoints FROM journey.journeys WHERE map = %(of_map)s "
        "AND map_version = %(version)s ORDER BY ALL"
    )
    return ask(shop.settings, sql, version=version, of_map=of_map)


def reported(shop: Ledger) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(touchline(shop, "report", "--mode", "any", "--json"))
    return said


def events_and_persons(shop: Ledger) -> tuple[int, int]:
    totals = reported(shop)["totals"]
    return totals["events"], totals["persons"]


def test_a_map_raised_while_customers_are_under_way_has_the_numbers_it_would_have_had_from_the_beginning(
    stack: LocalStack, tmp_path: Path
) -> None:
    with shop_with(stack, tmp_path / "raised", MINI) as shop:
        with working(stack, shop, tmp_path / "raised"):
            send(shop, tmp_path, FIRST)
        assert reached(shop, 1) == {"see": 4, "try": 2, "buy": 1}
        before = journeys(shop, 1)

        (shop.settings.journeys_dir / "mini.yaml").write_text(RAISED)
        with working(stack, shop, tmp_path / "raised"):
            wait_until_shown(shop, "mini", 2)
            assert events_and_persons(shop) == (6, 4), "another title alone changes no number"
            versions = "SELECT map_version, count() FROM journey.touchpoints GROUP BY ALL"
            assert ask(shop.settings, versions) == [(2, 6)]
            assert reached(shop, 2) == {"see": 4, "try": 2, "buy": 1}
            assert journeys(shop, 2) == journeys(shop, 1) == before

            send(shop, tmp_path, THEN)
            assert reached(shop, 2) == reached(shop, 1) == DURING
            anna_bob_cleo_dan = [("2025-11-01", 1, 1), ("2025-11-01", 3, 2), ("2025-11-01", 3, 2), ("2025-11-01", 3, 3)]
            assert journeys(shop, 2) == journeys(shop, 1) == anna_bob_cleo_dan
            rates = {one["stage"]: (one["reached"], one["rate"]) for one in reported(shop)["stages"]}
            assert {stage: count for stage, (count, _) in rates.items()} == DURING
            assert all(rate is None or 0 <= rate <= 1 for _, rate in rates.values())

            send(shop, tmp_path, LATE)
            assert journeys(shop, 2) == journeys(shop, 1) == [("2025-10-30", 1, 2), *anna_bob_cleo_dan[1:]]
            assert reached(shop, 2) == reached(shop, 1) == DURING
            touchline(shop, "map", "drop", "mini", "1")
            settle(shop)
            touchline(shop, "reconcile", "--wait", "120")
        found = view_sums(shop.settings)

    with shop_with(stack, tmp_path / "anew", RAISED) as other, working(stack, other, tmp_path / "anew"):
        send(other, tmp_path, [*FIRST, *THEN, *LATE])
        wanted = view_sums(other.settings)
    assert {name: sums for name, sums in found.items() if name not in CHANGES} == {
        name: sums for name, sums in wanted.items() if name not in CHANGES
    }


def test_a_drafted_map_shows_the_stored_events_and_keeps_them_under_workers_that_do_not_name_it(
    stack: LocalStack, tmp_path: Path
) -> None:
    with shop_with(stack, tmp_path / "drafted", MINI) as shop:
        with working(stack, shop, tmp_path / "drafted"):
            send(shop, tmp_path, FIRST)
            draft = shop.settings.journeys_dir / "drafted.yaml"
            draft.write_text(touchline(shop, "map", "suggest", "--map", "drafted"))
            touchline(shop, "map", "check", str(draft))
            touchline(shop, "map", "apply", str(draft), "--no-wait")
            wait_until_shown(shop, "drafted", 1)
        of_draft = "SELECT count(), uniqExact(person) FROM journey.attachments WHERE map = 'drafted'"
        assert ask(shop.settings, of_draft) == [(6, 4)]
        shown = [one["events"] for one in reported(shop)["touchpoints"] if one["map"] == "drafted"]
        assert (len(shown), sum(shown)) == (3, 6)

        both = shop.settings.with_changes(maps=["mini", "drafted"])
        named = shop._replace(settings=both, environment=settings_environment(both))
        with working(stack, named, tmp_path / "drafted"):
            send(named, tmp_path, THEN)
        with working(stack, shop, tmp_path / "drafted"):
            send(shop, tmp_path, LATE)
            assert ask(shop.settings, of_draft) == [(9, 4)], "an event of a known person takes nothing away"
            assert events_and_persons(shop) == (9, 4)
            touchline(shop, "reconcile", "--wait", "120")
