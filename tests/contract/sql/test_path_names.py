"""Touchpoints that are called like the marks of `paths`: sources choose names, and none of them may be taken for the begin or the end."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from clickhouse_driver import Client

from tests.contract.sql.rows import Row, attached, write
from tests.contract.sql.selecting import rows_of
from tests.unit.dashboards.views import asked
from touchline.dashboards.server.asking.statement import statement
from touchline.sql.ledger.stays import MARKS, OTHER, name_of_shown, shown_name

BEGIN = datetime(2026, 2, 2, 12, tzinfo=UTC)
NAMES = (*MARKS, OTHER, "(end)*", "(end)**", "end", "(endless)", "(start", "web*", "(direct)", "*")
JOURNEYS = (
    ("(start)", "(end)"),
    ("(end)", "(end)*", "web"),
    ("(open)", "(other)"),
    ("web", "(other)"),
    ("web",),
    ("(direct)", "web*"),
)
SELECTION = {"map_version": 3, "date_from": "2026-02-01", "date_to": "2026-02-28", "as_of": "2026-03-01 12:00:00"}
TOLD = {"(start)": "(start)*", "(end)": "(end)*", "(open)": "(open)*", "(other)": "(other)*", "(end)*": "(end)**"}


@pytest.fixture
def walked(empty_client: Client) -> Client:
    """The ledger of these journeys, one a person, all over or all open alike."""
    rows: list[Row] = []
    for person, names in enumerate(JOURNEYS):
        common = {"person": f"k1:{person}", "identifier": f"k1:{person}", "cycle": 1, "map_version": 3}
        for number, name in enumerate(names, start=1):
            time = BEGIN + timedelta(hours=number)
            rows.append(
                attached(
                    10 * person + number, touchpoint=name, touchpoint_number=number, event_time=time, local_date=time.date(),
                    **common,
                )
            )  # fmt: skip
    write(empty_client, rows)
    return empty_client


def test_no_name_is_told_as_a_mark_and_no_two_as_one(engine_client: Client) -> None:
    ((shown,),) = engine_client.execute(f"SELECT arrayMap(name -> {shown_name('name')}, {list(NAMES)})")
    assert not set(shown) & {*MARKS, OTHER}
    assert len(set(shown)) == len(NAMES)
    assert [name_of_shown(name) for name in shown] == list(NAMES)
    assert [name for name, one in zip(NAMES, shown, strict=True) if name == one] == list(NAMES[6:])


def test_touchpoints_that_are_called_like_marks_are_nodes_of_their_own(walked: Client) -> None:
    edges = rows_of(walked, "paths", **SELECTION, by="touchpoint", steps=4, top=9)
    found = Counter({(row["step"], row["from_node"], row["to_node"]): row["journeys"] for row in edges})
    (rest,) = {row["to_node"] for row in edges if row["step"] == 3}
    expected: Counter[tuple[int, str, str]] = Counter()
    for names in JOURNEYS:
        way = ["(start)", *(TOLD.get(name, name) for name in names), *[rest] * (4 - len(names))]
        expected.update((step, way[step], way[step + 1]) for step in range(4))
    assert found == expected


@pytest.mark.parametrize("top", [1, 9])
def test_each_edge_of_such_names_leads_to_its_journeys(walked: Client, top: int) -> None:
    edges = rows_of(walked, "paths", **SELECTION, by="touchpoint", steps=4, top=top)
    assert (OTHER in {row["to_node"] for row in edges}) == (top == 1)
    for row in edges:
        query = f"step={row['step']}&node_from={row['from_node']}&node_to={row['to_node']}&steps=4&top={top}&count=1"
        ((count,),) = walked.execute(statement(asked("journeys", query)))
        assert count == row["journeys"], row


def test_elsewhere_such_a_touchpoint_keeps_its_name(walked: Client) -> None:
    journeys = rows_of(walked, "journeys", **SELECTION)
    assert sorted(tuple(row["path"]) for row in journeys) == sorted(JOURNEYS)
    names = {name for names in JOURNEYS for name in names}
    assert {row["value"] for row in rows_of(walked, "waits", **SELECTION, by="touchpoint")} == names
    persons = {row["touchpoint"]: row["persons"] for row in rows_of(walked, "persons_by_touchpoint", **SELECTION)}
    everyone = persons.pop(None)
    assert everyone == len(JOURNEYS)
    assert persons == Counter(name for names in JOURNEYS for name in set(names))
