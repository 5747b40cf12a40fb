"""Grafana's dashboards on the engine: every variable and every panel, with macros and variables as Grafana puts them in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from clickhouse_driver import Client

from tests.contract.sql.small_ledger import ledger_events
from tests.contract.sql.stored import start_anew, store
from tests.support.grafana import ALL, Range, dashboards, expand
from touchline.settings import Settings

PLUGIN = "grafana-clickhouse-datasource"
JUNE = Range(datetime(2025, 5, 20, tzinfo=UTC), datetime(2025, 9, 20, tzinfo=UTC), 86_400)
NUMBERS = re.compile(r"(?:Nullable\()?(?:U?Int|Float|Decimal)")


def panels() -> list[tuple[str, dict[str, Any]]]:
    """Panels that ask ClickHouse, of all dashboards."""
    return [
        (f"{name}: {panel['title']}", panel)
        for name, board in dashboards().items()
        for panel in board["panels"]
        if panel.get("datasource", {}).get("type") == PLUGIN
    ]


class Board(NamedTuple):
    """A small ledger behind the dashboard, and the values that its variables offer there."""

    client: Client
    options: dict[str, list[str]]

    def chosen(self, *, is_all: bool) -> dict[str, list[str]]:
        """What is chosen above: All where it can be, or the first value of each variable."""
        return {
            name: [ALL] if is_all and name in ("channel", "touchpoint", "persona") else values[:1]
            for name, values in self.options.items()
        }


@pytest.fixture(scope="module")
def board(
    engine_settings: Settings, engine_client: Client, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Board]:
    start_anew(engine_client)
    store(engine_settings, tmp_path_factory.mktemp("state"), ledger_events())
    options: dict[str, list[str]] = {}
    for content in dashboards().values():
        for variable in content["templating"]["list"]:
            if variable["type"] == "query" and variable["datasource"]["type"] == PLUGIN:
                first = {name: values[:1] for name, values in options.items()}
                rows = engine_client.execute(expand(variable["query"], first, options, JUNE))
                options[variable["name"]] = [str(row[0]) for row in rows]
    yield Board(engine_client, options)
    start_anew(engine_client)


def test_variables_offer_what_the_ledger_holds(board: Board) -> None:
    assert board.options["map"] == ["shop"]
    assert board.options["map_version"] == ["1"]
    assert set(board.options["channel"]) == {"outdoor", "web", "store"}
    assert set(board.options["touchpoint"]) == {"poster", "site", "till", "elsewhere"}
    assert set(board.options["persona"]) == {"it's me", "other"}
    assert board.options["score"] == ["nps standard transactional"]


@pytest.mark.parametrize(("name", "panel"), panels(), ids=[name for name, _ in panels()])
def test_a_panel_has_rows_and_the_columns_that_it_draws(name: str, panel: dict[str, Any], board: Board) -> None:
    for target in panel["targets"]:
        sql = expand(target["rawSql"], board.chosen(is_all=True), board.options, JUNE)
        rows, columns = board.client.execute(sql, with_column_types=True)
        assert rows, sql
        types = [type_ for _, type_ in columns]
        if target["queryType"] == "timeseries":
            assert (columns[0][0], columns[0][1].startswith("DateTime")) == ("time", True)
            label, values = ([], types[1:]) if NUMBERS.match(types[1]) else (types[1:2], types[2:])
            assert all("String" in one for one in label)
            assert values, columns
            assert [one for one in values if not NUMBERS.match(one)] == []
            assert [row[0] for row in rows] == sorted(row[0] for row in rows)
        else:
            assert [one for one in types if one.startswith(("Array", "Map", "Tuple", "AggregateFunction"))] == []
        if panel["type"] == "stat":
            assert len(rows) == 1
            assert [one for one in types if not NUMBERS.match(one)] == []


@pytest.mark.parametrize(("name", "panel"), panels(), ids=[name for name, _ in panels()])
def test_a_panel_answers_for_one_value_of_each_variable_and_a_period_without_data(
    name: str, panel: dict[str, Any], board: Board
) -> None:
    before = Range(datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC), 3_600)
    for target in panel["targets"]:
        for within in (JUNE, before):
            board.client.execute(expand(target["rawSql"], board.chosen(is_all=False), board.options, within))


def rows_of(board: Board, title: str, **chosen: list[str]) -> list[dict[str, Any]]:
    (panel,) = [panel for name, panel in panels() if name.endswith(f": {title}")]
    sql = expand(panel["targets"][0]["rawSql"], board.chosen(is_all=True) | chosen, board.options, JUNE)
    found, columns = board.client.execute(sql, with_column_types=True)
    return [dict(zip((name for name, _ in columns), row, strict=True)) for row in found]


def test_panels_agree_with_the_events_that_were_sent(board: Board) -> None:
    sent = [one for one in ledger_events() if "touchpoint" in one]
    assert rows_of(board, "Touchpoint events") == [{"touchpoint events": len(sent), "simulated among them": 0}]
    assert sum(row["events"] for row in rows_of(board, "Events by touchpoint")) == len(sent)
    assert sum(row["events"] for row in rows_of(board, "Events by stage")) == len(sent)
    (persons,) = rows_of(board, "Persons, journeys, converted journeys")
    assert (persons["persons"], persons["converted"]) == (30, 20)
    score = rows_of(board, "KPI over time: $score")
    assert sum(row["Answers (n)"] for row in score) == 50
    assert all(row["Low (95 %)"] <= row["High (95 %)"] for row in score)


def test_a_filter_with_a_quote_in_it_selects_that_value(board: Board) -> None:
    mine = [one for one in ledger_events() if one.get("persona") == "it's me"]
    (found,) = rows_of(board, "Touchpoint events", persona=["it's me"])
    assert found["touchpoint events"] == len(mine)


def test_an_unknown_macro_or_variable_is_found() -> None:
    for sql in ("SELECT $__timeFilters(bucket)", "SELECT ${nobody}", "SELECT $__conditionalAll(1, ${map:singlequote})"):
        with pytest.raises(ValueError, match=r"macro|variable"):
            expand(sql, {"map": ["shop"]}, {}, JUNE)


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Auckland"])
@pytest.mark.parametrize(("name", "panel"), panels(), ids=[name for name, _ in panels()])
def test_a_panel_shows_the_same_in_every_zone_of_server_and_session(
    name: str, panel: dict[str, Any], zone: str, board: Board
) -> None:
    one_day = Range(datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 6, 1, 23, 59, 59, tzinfo=UTC), 86_400)
    for target in panel["targets"]:
        for within in (one_day, JUNE):
            sql = expand(target["rawSql"], board.chosen(is_all=True), board.options, within)
            shown = [
                board.client.execute(f"SELECT formatRowNoNewline('TSV', *) FROM ({sql}) ORDER BY 1", settings=session)
                for session in ({"session_timezone": "UTC"}, {"session_timezone": zone})
            ]
            # Moments as they are drawn: seconds, whatever the zone that they are written in.
            times = [
                board.client.execute(f"SELECT toUnixTimestamp(time) FROM ({sql}) ORDER BY 1", settings=session)
                for session in ({"session_timezone": "UTC"}, {"session_timezone": zone})
                if target["queryType"] == "timeseries"
            ]
            assert shown[:1] == shown[1:]
            assert times[:1] == times[1:]
