"""Blanking on the real engine, behind the real workers: nothing of the erased is left, and no number moves at any moment."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import psutil
import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import Error

from tests.support.engine import running_engine
from tests.support.erased_world import Asked, World, events_of, link, purchase
from tests.support.erasures import SECRET
from tests.support.live_files import files_below
from tests.support.view_sums import view_sums
from tests.unit.processors.loop.two_partitions import answer
from tests.unit.processors.loop.world import person_key
from touchline.clickhouse.connect import connect, connect_as
from touchline.erasure.blank import blank, old_parts
from touchline.erasure.due import due, due_records
from touchline.erasure.volatile import drop_leftovers, volatile_tables
from touchline.errors import TouchlineError
from touchline.processors.ledger.clickhouse import ClickHouseLedger
from touchline.processors.ledger.native import ColumnClient
from touchline.settings import Settings

PERSONS = range(1, 50)
ASKED = (*(Asked(one) for one in (1, 2, 4, 1005, 7, 8, 1009)), Asked(9, "anonymise"), Asked(10, "erase", 5 * 1440))
"""Among them two with a second identifier in the other partition, one of whom events count on, and one who came back after five days."""
GONE = (1, 2, 4, 1005, 7, 8, 1009)
ABOUT = "* EXCEPT (about_event_id)"
T = TypeVar("T")


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a ledger that is stored and at rest, which each test gets a copy of."""
    folder = tmp_path_factory.mktemp("begun")
    with running_engine(folder) as settings:
        world = World(settings, folder / "workers", events_of(PERSONS, 3))
        world.deliver()
        world.rest()
        world.close()
    return folder


@pytest.fixture
def world(begun: Path, tmp_path: Path) -> Iterator[World]:
    shutil.copytree(begun, tmp_path, symlinks=True, dirs_exist_ok=True)
    with running_engine(tmp_path, migrated=False) as settings:
        world = World(settings, tmp_path / "workers", events_of(PERSONS, 3))
        yield world
        world.close()


def nothing(_: str) -> None:
    """Hears what a run says."""


def numbers(settings: Settings) -> dict[str, object]:
    """What readers see: each view and the account. An id under which an event is named is none of them."""
    client = connect(settings)
    try:
        sums: dict[str, object] = {**view_sums(settings)}
        sums["answers"] = client.execute(
            f"SELECT count(), sum(cityHash64(toString(tuple({ABOUT})))) FROM journey.answers"
        )
        sums["account"] = sorted(client.execute("SELECT * FROM journey.account"), key=str)
        return sums
    finally:
        client.disconnect()


def naming(client: Client, persons: Sequence[int]) -> list[Any]:
    """Rows of the ledger, by kind, that name one of these persons."""
    sql = """
        SELECT kind, count() FROM journey_raw.ledger
        WHERE identifier IN %(keys)s OR linked_identifier IN %(keys)s OR person IN %(keys)s GROUP BY kind"""
    return list(client.execute(sql, {"keys": tuple(map(person_key, persons))}))


@contextmanager
def polling(look: Callable[[], T]) -> Iterator[list[T]]:
    """What `look` sees again and again while the block runs, once before it and once behind it."""
    seen, is_over = [look()], threading.Event()

    def poll() -> None:
        while not is_over.is_set():
            seen.append(look())

    thread = threading.Thread(target=poll)
    thread.start()
    try:
        yield seen
    finally:
        is_over.set()
        thread.join()
    seen.append(look())


@pytest.mark.timeout(300)
def test_no_view_moves_before_while_and_after_blanking(world: World) -> None:
    world.erase(ASKED)
    waiting = due(world.client).records
    assert waiting > 50
    with polling(lambda: numbers(world.settings)) as seen:
        between = list[object]()
        done = blank(
            world.client, SECRET, lambda _: between.append(numbers(world.settings)), records_max=1 + waiting // 3
        )
    assert due(world.client).is_empty
    assert done.records > 50
    assert len(between) == 4, "three steps, and a merge before the first one"
    assert all(one == seen[0] for one in (*seen, *between))
    assert view_sums(world.settings) == view_sums(world.settings, with_projections=False)


@pytest.mark.timeout(240)
def test_nothing_that_tells_whose_it_was_is_left_in_any_table_projection_or_file(world: World, tmp_path: Path) -> None:
    world.erase(ASKED)
    client = world.client
    ids = [one.event_id for one in due_records(client, 1_000)]
    orders = client.execute(
        "SELECT DISTINCT order_id FROM journey_raw.ledger WHERE kind = 'received' AND order_id != '' AND event_id IN %(ids)s",
        {"ids": tuple(ids)},
    )
    texts = client.execute(
        "SELECT DISTINCT comment FROM journey_raw.ledger WHERE comment != '' AND event_id IN %(ids)s",
        {"ids": tuple(ids)},
    )
    notes = [f"kept {one[1:]}" for one in ids]
    in_files = {one for (one,) in orders + texts}
    secrets = {*map(person_key, GONE), *ids, *notes, *in_files}
    assert len(orders) > 5
    assert len(texts) > 3
    assert len(kept_of(client, secrets)) > 60, "before, all of it is there"
    assert files_with(tmp_path / "data", in_files), "in the files, too, as far as they are not compressed"
    # Requests name their identifiers until they are done; that is another step.
    client.execute("ALTER TABLE journey_raw.erasures UPDATE identifier = '' WHERE 1 SETTINGS mutations_sync = 2")
    blank(client, SECRET, nothing)
    assert not kept_of(client, secrets)
    client.execute("OPTIMIZE TABLE journey_raw.ledger FINAL")
    wait_for_old_parts(client)
    assert not kept_of(client, secrets)
    assert not files_with(tmp_path / "data", in_files | set(map(person_key, GONE)))
    assert not client.execute("SELECT name FROM system.tables WHERE name LIKE 'blanking%%'")


def kept_of(client: Client, secrets: set[str]) -> set[str]:
    """Those of the texts that any row, any projection or the server's own lists hold as a whole value."""
    tables = client.execute(
        "SELECT name FROM system.tables WHERE database = 'journey_raw' AND engine LIKE '%%MergeTree'"
    )
    sources = [f"journey_raw.{name}" for (name,) in tables]
    sources += [
        f"mergeTreeProjection(journey_raw, ledger, {name})" for name in ("by_occasion", "feed", "by_linked", "merged")
    ]
    sources += ["system.mutations", "system.processes", "system.settings"]
    found: set[str] = set()
    for source in sources:
        values = client.execute(
            f"SELECT DISTINCT arrayJoin(extractAll(toString(tuple(*)), '\\'([^\\']*)\\'')) AS text FROM {source} "
            "WHERE text IN %(texts)s",
            {"texts": tuple(secrets)},
        )
        found |= {text for (text,) in values}
    return found


def files_with(folder: Path, secrets: set[str]) -> list[str]:
    """Files of the server in which one of the texts can be read as it is."""
    wanted = [one.encode("utf-8", "surrogateescape") for one in secrets]
    return [
        str(path.relative_to(folder)) for path, content in files_below(folder) if any(one in content for one in wanted)
    ]


def wait_for_old_parts(client: Client) -> None:
    """Until the server has dropped the parts that it replaced. It looks for them after an insert; without any it sleeps for minutes."""
    for _ in range(600):
        if not old_parts(client):
            return
        client.execute("INSERT INTO journey_raw.ledger (stream, kind) VALUES", [("nobody/x/0", "look")])
        threading.Event().wait(0.1)
    raise AssertionError("the server keeps old parts")


def test_rows_of_everybody_else_stay_as_they_were(world: World) -> None:
    """But for what answers say and took of an erased receipt: its id, and its order in rows that are retracted."""
    world.erase(ASKED)
    columns = ", ".join(
        name
        for (name,) in world.client.execute(
            "SELECT name FROM system.columns WHERE database = 'journey_raw' AND table = 'ledger' "
            "AND name NOT IN ('about_event_id', 'order_id')"
        )
    )
    gone = {"keys": tuple(person_key(one.person) for one in ASKED)}
    others = f"""
        SELECT row_id, sign, cityHash64(toString(tuple({columns}))) FROM journey_raw.ledger
        WHERE identifier NOT IN %(keys)s AND linked_identifier NOT IN %(keys)s AND person NOT IN %(keys)s ORDER BY ALL"""
    before = world.client.execute(others, gone)
    blank(world.client, SECRET, nothing)
    after = world.client.execute(others, gone)
    assert len(before) > 500
    assert set(before) <= set(after)


@pytest.mark.timeout(240)
def test_who_came_back_keeps_what_is_newer(world: World) -> None:
    world.erase(ASKED)
    came_back = {"key": person_key(10), "until": "2025-06-06 00:00:00"}
    newer = "SELECT count(), sum(sign) FROM journey_raw.ledger WHERE identifier = %(key)s AND event_time > %(until)s"
    older = "SELECT count() FROM journey_raw.ledger WHERE identifier = %(key)s AND event_time <= %(until)s AND kind = 'received'"
    before = world.client.execute(newer, came_back)
    assert world.client.execute(older, came_back) != [(0,)]
    blank(world.client, SECRET, nothing)
    assert before[0][1] > 4
    assert world.client.execute(newer, came_back) == before
    assert world.client.execute(older, came_back) == [(0,)]


@pytest.mark.timeout(300)
def test_what_workers_look_up_is_right_at_every_moment(world: World) -> None:
    """No erased fact or row of a journey ever seems to stand, and each erased version is known by its real id or by its hidden one."""
    world.erase(ASKED)
    keys = [(one.source, one.event_id) for one in due_records(world.client, 1_000)]
    hidden = [(source, SECRET.hidden_id(source, event_id)) for source, event_id in keys]
    persons = [*map(person_key, GONE)]
    known_by = dict(zip(hidden, keys, strict=True))
    ledger = ClickHouseLedger(lambda: connect_as(ColumnClient, world.settings))

    def look() -> tuple[Any, ...]:
        events = ledger.find_events(sorted({*keys, *hidden}))
        versions = sorted(
            (
                known_by.get((one.source, one.event_id), (one.source, one.event_id)),
                one.revision,
                one.payload_hash,
                one.fate,
            )
            for one in events
        )
        both = sorted({*keys, *hidden})
        standing = [sorted(ledger.published_of(one, persons, both), key=str) for one in (0, 1)]
        alone = [sorted(ledger.facts_alone(one, both), key=str) for one in (0, 1)]
        return versions, ledger.facts_of(persons), standing, alone, ledger.links_of(0, keys), ledger.said_about(persons)

    with polling(look) as seen:
        blank(world.client, SECRET, nothing, records_max=11)
    ledger.close()
    versions, facts, standing, alone, links, said = seen[0]
    assert (facts, links, said) == ([], [], [])
    assert len(versions) > 50
    assert any(alone), "who was anonymised counts on"
    assert any(standing)
    assert len(seen) >= 3
    assert all(one == seen[0] for one in seen)


@pytest.mark.timeout(300)
def test_the_erased_do_not_come_back_when_all_is_sent_again_to_workers_without_state(world: World) -> None:
    world.erase(ASKED)
    blank(world.client, SECRET, nothing)
    before = view_sums(world.settings)
    world.restart_without_state()
    world.rest()
    world.deliver_again()
    world.rest()
    assert view_sums(world.settings) == before
    assert naming(world.client, GONE) == []
    blank(world.client, SECRET, nothing)
    assert due(world.client).is_empty
    assert view_sums(world.settings) == before


@pytest.mark.timeout(240)
def test_identifiers_that_only_words_and_lost_links_of_others_name_go_too(tmp_path: Path) -> None:
    """Of two who were linked one is erased: what the other's event said of both, and that it stood under the first, goes."""
    events = [purchase(1, 4, 10), purchase(2, 5, 20), link(3, 5, 4, 30), purchase(4, 4, 40), purchase(5, 5, 50)]
    with running_engine(tmp_path) as settings:
        world = World(settings, tmp_path / "workers", events)
        world.deliver()
        world.rest()
        assert {kind for kind, _ in naming(world.client, [4])} >= {"received", "attached", "link", "handoff"}
        world.erase([Asked(4)])
        before = numbers(settings)
        done = blank(world.client, SECRET, nothing)
        assert naming(world.client, [4]) == []
        assert {"received", "attached", "link", "handoff"} <= done.rows.keys()
        assert dict(naming(world.client, [5])).keys() >= {"received", "attached"}
        assert numbers(settings) == before
        assert blank(world.client, SECRET, nothing) == (0, {})
        world.close()


def test_an_answer_of_somebody_else_names_the_erased_event_by_its_hidden_id(tmp_path: Path) -> None:
    with running_engine(tmp_path) as settings:
        world = World(settings, tmp_path / "workers", [purchase(1, 2, 10), answer(2, 4, 20, 1), answer(3, 2, 30, 1)])
        world.deliver()
        world.rest()
        world.erase([Asked(2)])
        blank(world.client, SECRET, nothing)
        named = "SELECT DISTINCT kind, about_event_id FROM journey_raw.ledger WHERE event_id = 'e2' ORDER BY kind"
        hidden = SECRET.hidden_id("shop", "e1")
        assert world.client.execute(named) == [("attached", hidden), ("received", hidden)]
        world.close()


def blank_for_ever(client: Client) -> None:
    """A quick machine ends one run before it is killed."""
    while True:
        blank(client, SECRET, nothing, records_max=5)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("after_seconds", [0.1])
def test_after_a_kill_of_the_server_at_any_moment_another_run_completes_it(
    begun: Path, tmp_path: Path, after_seconds: float
) -> None:
    shutil.copytree(begun, tmp_path, symlinks=True, dirs_exist_ok=True)
    with running_engine(tmp_path, migrated=False) as settings:
        world = World(settings, tmp_path / "workers", events_of(PERSONS, 3))
        world.erase(ASKED)
        before = numbers(settings)
        (server,) = [one for one in psutil.Process().children() if str(tmp_path) in " ".join(one.cmdline())]
        threading.Timer(after_seconds, server.kill).start()
        with pytest.raises((Error, EOFError, OSError)):
            blank_for_ever(world.client)
        world.close()
    ports: dict[str, Any] = {
        "clickhouse_port": settings.clickhouse_port,
        "clickhouse_http_port": settings.clickhouse_http_port,
    }
    with running_engine(tmp_path, **ports) as settings:
        client = connect(settings)
        assert numbers(settings) == before
        blank(client, SECRET, nothing)
        assert due(client).is_empty
        assert naming(client, GONE) == []
        assert numbers(settings) == before
        assert client.execute("SELECT count() FROM system.tables WHERE name LIKE 'blanking%%'") == [(0,)]
        client.disconnect()


@pytest.mark.timeout(240)
def test_two_runs_at_once_do_no_harm(world: World) -> None:
    world.erase(ASKED)
    before = numbers(world.settings)
    failed: list[BaseException] = []

    def run() -> None:
        client = connect(world.settings)
        try:
            blank(client, SECRET, nothing, records_max=13)
        except BaseException as error:
            failed.append(error)
        finally:
            client.disconnect()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert due(world.client).is_empty
    assert naming(world.client, GONE) == []
    assert numbers(world.settings) == before


def test_tables_of_a_run_that_was_killed_are_dropped_by_the_next_life_of_the_server_and_not_before(
    tmp_path: Path,
) -> None:
    with running_engine(tmp_path) as settings:
        client = connect(settings)
        left = volatile_tables(client)
        left.__enter__()
        assert drop_leftovers(client) == 0
        client.disconnect()
    with running_engine(tmp_path) as settings:
        client = connect(settings)
        threading.Event().wait(1.1)  # the server counts its life in seconds
        assert drop_leftovers(client) == 5
        assert drop_leftovers(client) == 0
        client.disconnect()


def test_a_record_of_which_something_still_stands_is_not_due(world: World) -> None:
    """A partition that has not followed the request yet publishes its rows: they are blanked once it has."""
    world.write_request([Asked(4), Asked(1005)])
    world.workers.tick(0)
    assert all(one.partition == 0 for one in due_records(world.client, 1_000))
    waiting = due(world.client).records
    blank(world.client, SECRET, nothing)
    assert dict(naming(world.client, [1005]))["received"] > 0
    world.rest()
    assert due(world.client).records + waiting > waiting
    blank(world.client, SECRET, nothing)
    assert naming(world.client, [4, 1005]) == []


def test_a_correction_that_waits_to_be_erased_keeps_its_id_and_the_words_about_it_until_its_turn_has_come(
    tmp_path: Path,
) -> None:
    told = [purchase(1, 1005, 10), purchase(1, 2, 10, revision=1)]
    with running_engine(tmp_path) as settings:
        world = World(settings, tmp_path / "workers", told)
        ids = "SELECT kind, count() FROM journey_raw.ledger WHERE event_id = 'e1' GROUP BY kind"
        world.workers.deliver(1, 1)
        world.erase([Asked(2)])
        world.workers.deliver(0, 1)
        for step in range(2):
            world.write_request([Asked(1005)] if step else [], "r2")
            world.workers.tick(1)
        assert [one.partition for one in due_records(world.client, 9)] == [1]
        blank(world.client, SECRET, nothing)
        assert dict(world.client.execute(ids)) == {"received": 1, "claim": 1, "look": 1}
        world.rest()
        assert [one.partition for one in due_records(world.client, 9)] == [0]
        blank(world.client, SECRET, nothing)
        assert dict(world.client.execute(ids)) == {}
        assert naming(world.client, [2, 1005]) == []
        assert numbers(settings)["answers"] == [(0, 0)]
        world.close()


def test_without_anything_to_blank_nothing_is_merged_or_changed(world: World) -> None:
    world.client.execute("SYSTEM STOP MERGES journey_raw.ledger")  # those of the server's own
    parts = "SELECT name FROM system.parts WHERE database = 'journey_raw' AND table = 'ledger' AND active ORDER BY name"
    before = world.client.execute(parts)
    assert blank(world.client, SECRET, nothing) == (0, {})
    assert world.client.execute(parts) == before
    assert world.client.execute("SELECT count() FROM system.mutations") == [(0,)]


def test_a_server_that_does_not_merge_is_told_of(world: World) -> None:
    world.erase(ASKED)
    world.client.execute("SYSTEM STOP MERGES journey_raw.ledger")
    with pytest.raises((TouchlineError, Error)):
        blank(world.client, SECRET, nothing)
    world.client.execute("SYSTEM START MERGES journey_raw.ledger")
    blank(world.client, SECRET, nothing)
    assert due(world.client).is_empty
