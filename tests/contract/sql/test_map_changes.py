"""Maps that change: readers see the old version until all workers have applied the new one, then the new one in one step."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from clickhouse_driver import Client

from tests.contract.sql.rows import NOON, Row, answer, attached, mark, received, retraction, write
from tests.unit.map_changes.test_diff_of_files import MAP
from touchline.account.maps import BEGINNINGS, NO_REMAINS, SAME_EVENTS, check_maps
from touchline.errors import NotClean, WrongUsage
from touchline.map_changes.apply import Outcome, apply_map, drop_map, drop_version
from touchline.map_changes.diff.events import NOT_ON_MAP, UNMAPPED, ChangedPerson, Crossing, Reason, read_event_changes
from touchline.map_changes.progress import read_versions, read_walked, what_is_under_way
from touchline.map_changes.start import begin_maps
from touchline.map_changes.tables import (
    compiled_maps,
    newest_change,
    read_changes,
    read_shown,
    set_default_map,
    switch_readers,
    write_changes,
)
from touchline.map_changes.watch import watch
from touchline.schemas.journey.read import parse_map
from touchline.sql.all_views import ALL_VIEWS
from touchline.sql.language.parameterized import ParameterizedView

SHOP = parse_map(MAP)
NEXT = SHOP.model_copy(update={"version": 2, "title": "A shop, seen anew"})
OTHER = SHOP.model_copy(update={"map": "other", "sources": ("till",)})
SEE, BUY = {"stage": "see", "stage_order": 1}, {"stage": "buy", "stage_order": 3}


def rows_of(version: int, first_id: int = 0, name: str = "shop", **values: Any) -> list[Row]:
    """Three events of two persons under that version: both see, the first one buys."""
    common = {"map": name, "map_version": version, "cycle": 1, **values}
    place = 100 * version + first_id
    return [
        attached(place + 1, event_id="e1", person="k1:a", touchpoint="ad", rule="seen", transition="enter", touchpoint_number=1,
                 first_of=255, **SEE, **common),
        attached(place + 2, event_id="e2", person="k1:b", touchpoint="ad", rule="seen", transition="enter", touchpoint_number=1,
                 first_of=255, **SEE, **common),
        attached(place + 3, event_id="e3", person="k1:a", touchpoint="till", rule="bought", transition="skip", touchpoint_number=2,
                 is_conversion=1, **BUY, **common),
    ]  # fmt: skip


def stored() -> list[Row]:
    return [received(number, "stored", number, event_id=f"e{number}") for number in (1, 2, 3)]


def marks(change: int = 0, walked_to: str = "", insert_number: int = 1) -> Row:
    return mark(
        900 + insert_number,
        3,
        {"received": 3, "stored": 3},
        map_change=change,
        walked_to=walked_to,
        insert_number=insert_number,
    )


def versions_seen(client: Client, view: str = "journey.attachments") -> list[tuple[str, int]]:
    return [
        (name, version)
        for name, version in client.execute(f"SELECT DISTINCT map, map_version FROM {view} ORDER BY ALL")
    ]


def begun_with_history(client: Client) -> None:
    """A worker with version 1 has stored three events, then one with version 2 starts."""
    begin_maps(client, [SHOP])
    write(client, [*stored(), *rows_of(1), marks()])
    begin_maps(client, [NEXT])


def test_the_first_maps_on_an_empty_ledger_are_seen_at_once_and_the_first_is_the_default(empty_client: Client) -> None:
    begun = begin_maps(empty_client, [OTHER, SHOP])
    assert [one.map for one in begun.maps] == ["other", "shop"]
    assert begun.new == (("other", 1), ("shop", 1))
    assert begun.change == newest_change(empty_client) == 2
    found = {(one.map, one.version): (one.state, one.is_shown, one.is_default) for one in read_versions(empty_client)}
    assert found == {("other", 1): ("applied", True, True), ("shop", 1): ("applied", True, False)}
    again = begin_maps(empty_client, [OTHER, SHOP])
    assert (again.new, again.change) == ((), 2), "starting again changes nothing"


def test_a_raised_version_is_not_seen_by_any_view_until_it_is_applied_and_then_in_one_step(
    empty_client: Client,
) -> None:
    begun_with_history(empty_client)
    write(empty_client, rows_of(2)[:2])
    for view in (
        "attachments",
        "touchpoints",
        "journeys",
        "kpi_volume_1d",
        "kpi_persons_touchpoint_1d",
        "funnel_stage",
        "map_days",
        "dim_map",
        "dim_stage",
    ):
        named = (
            "map, map_version" if not view.startswith("dim_") else "if(map_version > 0, 'shop', '') AS map, map_version"
        )
        assert empty_client.execute(f"SELECT DISTINCT {named} FROM journey.{view}") == [("shop", 1)], view
    assert list(what_is_under_way(read_versions(empty_client))) == [
        "map shop version 2 is applied to 66 % of the events: version 1 is shown until it is done"
    ]
    assert switch_readers(empty_client, 1) == [], "an older walk switches nobody"
    write(empty_client, rows_of(2)[2:])
    assert switch_readers(empty_client, 2) == [("shop", 2)]
    assert switch_readers(empty_client, 2) == [], "the second one finds it done"
    assert versions_seen(empty_client) == [("shop", 1), ("shop", 2)], "the old one stays for whoever names it"
    assert versions_seen(empty_client, "journey.touchpoints") == [("shop", 2)]
    assert empty_client.execute("SELECT map_version, is_default, is_shown FROM journey.dim_map ORDER BY ALL") == [
        (1, 0, 0),
        (2, 1, 1),
    ]


def test_every_view_that_reads_attached_rows_leaves_out_what_readers_shall_not_see() -> None:
    for view in ALL_VIEWS:
        ddl = view.ddl()
        assert "journey_raw.stages" not in ddl or "hidden_maps" in ddl, view.full_name
        assert ddl.count("kind = 'attached'") <= ddl.count(
            "empty((SELECT groupArray((map, version)) FROM journey_raw.hidden_maps))"
        ) or (view.name == "map_versions"), view.full_name


def test_views_with_arguments_show_nothing_of_a_version_that_is_not_applied(empty_client: Client) -> None:
    begun_with_history(empty_client)
    write(empty_client, rows_of(2))
    given = {
        "map": "'shop'", "map_version": "2", "date_from": "'2026-01-01'", "date_to": "'2026-12-31'", "filter": "map()", "mode": "'any'",
        "as_of": "toDateTime('2026-12-31 00:00:00', 'UTC')", "by": "'stage'", "grain": "'week'", "person": "'k1:a'", "cycle": "1",
        "before_from": "'2025-01-01'", "before_to": "'2025-12-31'",
    }  # fmt: skip
    seen = []
    for version in ("2", "1"):
        counts = {}
        for view in ALL_VIEWS:
            if (
                isinstance(view, ParameterizedView)
                and view.parameters.keys() <= given.keys()
                and "map_version" in view.parameters
            ):
                arguments = {name: given[name] for name in view.parameters} | {"map_version": version}
                counts[view.name] = empty_client.execute(f"SELECT count() FROM {view.called(**arguments)}")[0][0]
        seen.append(counts)
    assert set(seen[0].values()) == {0}, seen[0]
    assert sum(count > 0 for count in seen[1].values()) >= 5, "the same questions about version 1 are answered"


def test_a_dropped_version_is_left_out_at_once_and_what_readers_see_is_never_dropped(empty_client: Client) -> None:
    begun_with_history(empty_client)
    write(empty_client, rows_of(2))
    with pytest.raises(WrongUsage, match="readers see version 1 of map shop"):
        drop_version(empty_client, "shop", 1)
    switch_readers(empty_client, 2)
    drop_version(empty_client, "shop", 1)
    for view in ("attachments", "journeys", "funnel_stage"):
        assert versions_seen(empty_client, f"journey.{view}") == [("shop", 2)], view
    with pytest.raises(WrongUsage, match="no version 1 that could be dropped") as refused:
        drop_version(empty_client, "shop", 1)
    assert "versions that stand: 2" in refused.value.hint
    with pytest.raises(WrongUsage, match="is the default"):
        drop_map(empty_client, "shop")
    begun = begin_maps(empty_client, [SHOP])
    assert begun.dropped == (("shop", 1),)
    assert [one.version for one in begun.maps] == [2], "a file does not bring it back"
    assert apply_map(empty_client, SHOP) is Outcome.BEGUN
    assert versions_seen(empty_client) == [("shop", 2)], (
        "nor is what is left of its rows seen before it is applied anew"
    )


def test_a_version_may_be_withdrawn_before_readers_are_switched_and_a_map_as_a_whole(empty_client: Client) -> None:
    begin_maps(empty_client, [SHOP, OTHER])
    write(empty_client, [*stored(), *rows_of(1), marks()])
    apply_map(empty_client, NEXT)
    drop_version(empty_client, "shop", 2)
    assert switch_readers(empty_client, newest_change(empty_client)) == []
    assert drop_map(empty_client, "other") == [1]
    assert {one.key: one.state for one in read_versions(empty_client)} == {
        ("other", 1): "dropped", ("shop", 2): "dropped", ("shop", 1): "applied",
    }  # fmt: skip


def test_a_map_that_stands_is_attached_by_workers_that_have_no_file_of_it(empty_client: Client) -> None:
    begin_maps(empty_client, [SHOP, OTHER])
    write(empty_client, [marks()])
    begun = begin_maps(empty_client, [NEXT])
    assert [(one.map, one.version) for one in begun.maps] == [("other", 1), ("shop", 1), ("shop", 2)]
    assert begun.maps[0] == OTHER
    compiled = compiled_maps(empty_client, [("other", 1), ("gone", 1)])
    assert compiled.keys() == {("other", 1)}
    assert compiled["other", 1].takes("till", "")


def test_applying_again_goes_on_and_an_applied_version_is_seen_again_at_once(empty_client: Client) -> None:
    begin_maps(empty_client, [SHOP])
    write(empty_client, [*stored(), *rows_of(1), marks()])
    assert apply_map(empty_client, NEXT) is Outcome.BEGUN
    assert apply_map(empty_client, NEXT) is Outcome.UNDER_WAY
    assert newest_change(empty_client) == 2
    switch_readers(empty_client, 2)
    assert apply_map(empty_client, NEXT) is Outcome.SHOWN
    assert apply_map(empty_client, SHOP) is Outcome.SHOWN
    assert versions_seen(empty_client, "journey.touchpoints") == [("shop", 1)]
    with pytest.raises(WrongUsage, match="already known with other content"):
        apply_map(empty_client, NEXT.model_copy(update={"description": "else"}))


def test_the_default_map_is_the_first_of_the_settings_as_soon_as_readers_see_it(empty_client: Client) -> None:
    begin_maps(empty_client, [SHOP])
    write(empty_client, [marks()])
    begin_maps(empty_client, [OTHER, SHOP])
    assert read_shown(empty_client).default == "shop", "other is not applied yet"
    switch_readers(empty_client, 2)
    begin_maps(empty_client, [OTHER, SHOP])
    assert read_shown(empty_client).default == "other"
    assert not set_default_map(empty_client, "other")
    assert not set_default_map(empty_client, "nobody")


def test_changes_have_numbers_of_their_own_also_where_two_write_at_once(empty_client: Client) -> None:
    first = write_changes(empty_client, [("a", 1, "stands"), ("b", 1, "stands")])
    assert [one.number for one in first] == [1, 2]

    class Late:
        """Another one writes between the look and the insert, once."""

        done = False

        def execute(self, query: str, *given: Any) -> Any:
            if query.startswith("INSERT") and not self.done:
                self.done = True
                write_changes(empty_client, [("c", 1, "stands")])
            return empty_client.execute(query, *given)

    write_changes(Late(), [("d", 1, "stands")])
    numbers = [one.number for one in read_changes(empty_client)]
    assert len(numbers) == len(set(numbers)) == 4


def test_watching_ends_when_readers_see_it_and_says_so_when_no_worker_comes_further(empty_client: Client) -> None:
    begun_with_history(empty_client)
    said: list[str] = []
    clock = iter(range(1_000))
    with pytest.raises(NotClean, match="no worker has come further for 30 s") as still:
        watch(empty_client, ("shop", 2), said.append, clock=lambda: float(next(clock)), sleep=lambda _: None)
    assert "it goes on by itself" in still.value.hint
    assert said == ["0 of 3 events attached (0 %), 0 of 1 partition done"]

    def work(_: float) -> None:
        write(empty_client, [*rows_of(2), marks(2, "end", 2)])
        switch_readers(empty_client, 2)

    assert watch(empty_client, ("shop", 2), said.append, sleep=work).state == "applied"
    assert [one.has_walked(2) for one in read_walked(empty_client)] == [True]


def differences(client: Client, check: str) -> list[tuple[str, str]]:
    return [(one.subject, one.said) for one in check_maps(client) if one.check == check]


def test_reconcile_finds_versions_that_hold_other_events_than_are_stored(empty_client: Client) -> None:
    begin_maps(empty_client, [SHOP, OTHER])
    write(empty_client, [*stored(), received(4, "stored", 4, event_id="e4", source="till"), *rows_of(1), marks()])
    assert differences(empty_client, SAME_EVENTS) == [
        ("map other version 1", "0 events attached, 1 stored that it takes"),
        ("map shop version 1", "3 events attached, 4 stored that it takes"),
    ]
    fourth = [
        attached(50 + place, event_id="e4", source="till", map=name, map_version=1)
        for place, name in enumerate(("shop", "other"))
    ]
    write(empty_client, fourth)
    assert list(check_maps(empty_client)) == []
    write(empty_client, [retraction(fourth[0]), attached(60, event_id="e5", source="till", map="shop", map_version=1)])
    assert differences(empty_client, SAME_EVENTS) == [
        ("map shop version 1", "4 events attached, and as many stored that it takes, but others")
    ]


def test_what_is_withheld_since_a_consent_was_withdrawn_is_not_missing(empty_client: Client) -> None:
    begin_maps(empty_client, [SHOP, OTHER])
    late = {"event_time": NOON + timedelta(hours=5), "identifier": "k9", "purposes": "analytics", "consent_id": "c1"}
    withdrawal = {
        "event_type": "touchline.consent.v1", "action": "withdrawn", "identifier": "k9", "consent_id": "c1", "purposes": "analytics",
        "about_time": NOON + timedelta(hours=4),
    }  # fmt: skip
    rows = [
        *stored(),
        *rows_of(1),
        marks(),
        received(7, "stored", 7, event_id="e7", **withdrawal),
        received(8, "stored", 8, event_id="e8", **late),
    ]
    write(empty_client, [{"consent_id": "", "purposes": ""} | row for row in rows])
    assert differences(empty_client, SAME_EVENTS) == []
    write(empty_client, [received(9, "stored", 9, event_id="e9", **late | {"identifier": "k8"})])
    assert differences(empty_client, SAME_EVENTS) == [
        ("map shop version 1", "3 events attached, 4 stored that it takes")
    ]


def test_reconcile_finds_journeys_without_a_beginning_and_rows_of_maps_that_nobody_runs(empty_client: Client) -> None:
    begun_with_history(empty_client)
    write(empty_client, rows_of(2))
    switch_readers(empty_client, 2)
    assert list(check_maps(empty_client)) == []
    write(empty_client, [retraction(rows_of(2)[0])])
    assert differences(empty_client, BEGINNINGS) == [
        ("map shop version 2", "1 journey without the event that began it (started 1970)")
    ]
    drop_version(empty_client, "shop", 1)
    assert differences(empty_client, NO_REMAINS) == [("map shop version 1", "3 events attached, and it was dropped")]
    write(empty_client, [retraction(one) for one in rows_of(1)])
    assert differences(empty_client, NO_REMAINS) == []
    write(empty_client, [attached(70, map="stranger", map_version=1)])
    assert differences(empty_client, NO_REMAINS) == [
        ("map stranger version 1", "1 event attached, and it was never registered")
    ]


def test_the_diff_of_two_versions_says_which_stages_rules_persons_and_kpis_change(empty_client: Client) -> None:
    begun_with_history(empty_client)
    second = rows_of(2)
    second[1] |= {"stage": "try", "stage_order": 2, "rule": "tried", "evidence": "touchpoint=ad"}
    second[2] |= {"stage": "", "stage_order": 0, "is_mapped": 0, "rule": "", "is_conversion": 0}
    scores = [
        answer(80 + version, "nps", 9, (0, 10), map="shop", map_version=version, event_id="a1", person="k1:b", touchpoint="ad",
               **(SEE if version == 1 else {"stage": "try", "stage_order": 2}))
        for version in (1, 2)
    ]  # fmt: skip
    write(
        empty_client, [*second, *scores, attached(90, event_id="e9", map="shop", map_version=2, person="k1:c", **SEE)]
    )
    switch_readers(empty_client, 2)
    found = read_event_changes(empty_client, ("shop", 1), ("shop", 2))
    assert (found.events, found.restaged_events, found.persons, found.changed_persons) == (4, 3, 3, 3)
    assert found.crosswalk == [
        Crossing("see", "see", 1, 1),
        Crossing("see", "try", 1, 1),
        Crossing("buy", UNMAPPED, 1, 1),
        Crossing(NOT_ON_MAP, "see", 1, 1),
    ]
    assert Reason("ad", "", "see", "seen", "", "try", "tried", "touchpoint=ad", 1, 1) in found.reasons
    assert Reason("till", "", "buy", "bought", "", UNMAPPED, "", "", 1, 1) in found.reasons
    assert ChangedPerson("k1:a", 1, 0, 1, 0) in found.examples
    assert len(found.examples) == 3
    figures = {(one.kpi, one.stage): one[2:] for one in found.figures}
    assert figures["conversion_rate", ""] == (0.5, 2, 0.0, 2)
    assert figures["nps standard (transactional)", "see"][0] is not None
    assert figures["nps standard (transactional)", "try"][2:] == (100.0, 1)
    same = read_event_changes(empty_client, ("shop", 1), ("shop", 1))
    assert (same.restaged_events, same.changed_persons, same.reasons) == (0, 0, [])
