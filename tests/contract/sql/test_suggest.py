"""What `touchline map suggest` reads of the ledger is what pandas counts in the source file: the first rows of the click log."""

from __future__ import annotations

import importlib.util
import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from clickhouse_driver import Client

from tests.contract.sql.rows import NOON, attached, hours, received, write
from tests.contract.sql.stored import start_anew, store
from touchline.cli.main import run
from touchline.journey.suggest.draft import draft
from touchline.journey.suggest.observe import Observed, observe
from touchline.journey.suggest.write import write_map
from touchline.local.parts import settings_environment
from touchline.schemas.journey.read import parse_map
from touchline.settings import Settings

ROWS = 3_000
NOBODY = {"type": "touchline.touchpoint.v1", "source": "shop", "touchpoint": "poster", "time": "2024-02-01T10:00:00Z"}


@pytest.fixture(scope="module")
def clicks() -> pd.DataFrame:
    spec = importlib.util.find_spec("retentioneering")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    path = Path(next(iter(spec.submodule_search_locations))) / "datasets" / "ecom.csv.gz"
    frame = pd.read_csv(path, nrows=ROWS, parse_dates=["timestamp"])
    frame["id"] = [f"c{number:06}" for number in range(len(frame))]
    return frame.sort_values(["user_id", "timestamp", "event"], kind="stable").reset_index(drop=True)


@pytest.fixture(scope="module")
def found(
    engine_client: Client, engine_settings: Settings, clicks: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory
) -> Observed:
    start_anew(engine_client)
    events: list[dict[str, Any]] = [
        {"type": "touchline.touchpoint.v1", "source": "shop", "id": row.id, "time": f"{row.timestamp.isoformat()}Z"}
        | {
            "persons": [{"type": "client", "key": f"k1:{row.user_id[5:]:0>64}"}],
            "touchpoint": row.event,
            "channel": "web",
        }
        | ({"action": "purchase"} if row.event == "purchase" else {})
        for row in clicks.itertuples()
    ]
    events.append(NOBODY | {"id": "poster-1"})
    store(engine_settings, tmp_path_factory.mktemp("suggest"), events, [700] * 5)
    return observe(engine_client)


def test_volumes_and_persons_equal_a_count_of_the_file(found: Observed, clicks: pd.DataFrame) -> None:
    counted = clicks.groupby("event").agg(events=("id", "size"), persons=("user_id", "nunique"))
    seen = {one.touchpoint: (one.events, one.persons) for one in found.seen if one.touchpoint != "poster"}
    assert seen == {str(name): (row.events, row.persons) for name, row in counted.iterrows()}
    assert [one.events for one in found.seen] == sorted((one.events for one in found.seen), reverse=True)
    assert (found.events, found.persons, found.nobody_events) == (ROWS + 1, clicks.user_id.nunique(), 1)
    assert found.first_time is not None
    assert found.first_time.isoformat()[:19] == min(str(clicks.timestamp.min().isoformat()), "2024-02-01T10:00:00")


def test_positions_and_what_follows_equal_a_count_of_the_file(found: Observed, clicks: pd.DataFrame) -> None:
    clicks = clicks.assign(
        number=clicks.groupby("user_id").cumcount() + 1, before=clicks.groupby("user_id").event.shift()
    )
    firsts = clicks.drop_duplicates(["user_id", "event"])
    # An even number of persons has two middle ones; the first that half of them do not exceed is the lower.
    medians = firsts.groupby("event").number.quantile(0.5, interpolation="lower")
    assert {one.touchpoint: one.median_position for one in found.seen if one.median_position} == medians.to_dict()
    changed = clicks[clicks.before.notna() & (clicks.before != clicks.event)]
    assert found.followed == changed.groupby(["before", "event"]).size().to_dict()


def test_pairs_and_pauses_equal_a_count_of_the_file(found: Observed, clicks: pd.DataFrame) -> None:
    firsts = clicks.drop_duplicates(["user_id", "event"])
    pairs = [pair for _, names in firsts.groupby("user_id").event for pair in combinations(names, 2)]
    assert found.first_before == pd.Series(pairs).value_counts().to_dict()
    assert found.pause_days is not None
    waits = clicks.groupby("user_id").timestamp.diff().dropna().dt.total_seconds() / 86_400
    expected = waits[waits >= 1].quantile(0.95)
    assert abs(found.pause_days - expected) < 1


def test_only_the_asked_sources_are_seen(engine_client: Client, found: Observed) -> None:
    assert observe(engine_client, ["shop"]) == found
    nothing = observe(engine_client, ["web"])
    assert (nothing.events, nothing.seen, nothing.first_time, nothing.pause_days) == (0, [], None, None)


def test_the_draft_of_the_click_log_puts_looking_before_paying(found: Observed) -> None:
    suggested = parse_map(write_map("web_shop", found, draft(found)))
    order = {
        name: place
        for place, stage in enumerate(draft(found).stages)
        for name in (one.seen.touchpoint for one in stage.touchpoints)
    }
    assert order["catalog"] < order["payment_details"] <= order["purchase"]
    assert suggested.goals[0].id == "purchase"


def test_the_command_prints_a_map_that_check_takes(
    engine_settings: Settings,
    found: Observed,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in settings_environment(engine_settings).items():
        monkeypatch.setenv(name, value)
    assert run(["map", "suggest", "--source", "shop", "--map", "web_shop"]) == 0
    file = tmp_path / "web_shop.yaml"
    file.write_text(capsys.readouterr().out)
    assert run(["map", "check", str(file)]) == 0
    assert "web_shop version 1 is good" in capsys.readouterr().out
    assert run(["map", "suggest", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["events"], told["map"], len(told["touchpoints"])) == (found.events, "suggested", len(found.seen))
    assert parse_map(told["yaml"]).map == "suggested"


def test_without_events_or_with_a_bad_name_it_says_so(
    engine_settings: Settings, found: Observed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in settings_environment(engine_settings).items():
        monkeypatch.setenv(name, value)
    assert run(["map", "suggest", "--source", "web"]) == 1
    assert "error: no touchpoint event of web is stored yet" in capsys.readouterr().err
    assert run(["map", "suggest", "--map", "Web Shop"]) == 2


def test_a_person_under_several_identifiers_is_one_and_its_order_goes_over_all_of_them(empty_client: Client) -> None:
    """A shared device stays by itself."""
    met = [
        ("visitor", "poster", "jane"),
        ("login", "till", "jane"),
        ("tablet", "site", "jane"),
        ("tablet", "site", "john"),
    ]
    rows = []
    for number, (identifier, touchpoint, person) in enumerate(met, 1):
        at = {
            "event_time": NOON + hours(number),
            "identifier": identifier,
            "touchpoint": touchpoint,
            "event_id": f"e{number}",
        }
        rows += [received(number, "stored", number, **at), attached(number + 10, person=person, **at)]
    columns = dict.fromkeys((name for row in rows for name in row), 0)
    write(empty_client, [columns | row for row in rows])
    seen = observe(empty_client, ["shop"])
    assert (seen.events, seen.persons) == (4, 2)
    assert seen.first_before == {("poster", "till"): 1}
