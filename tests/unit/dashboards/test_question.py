"""From a query string to the arguments of a view, its rows and their order."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given, strategies as st
from pydantic import TypeAdapter

from tests.unit.dashboards.views import asked
from touchline.dashboards.server.asking.statement import statement
from touchline.schemas.envelope import RequiredName
from touchline.service.problem import RequestRefused
from touchline.sql.ledger.stays import shown_name


def test_without_parameters_the_default_map_its_newest_version_and_its_last_28_days_are_asked() -> None:
    assert asked("selecting").arguments == {
        "map": "'retail'",
        "map_version": "3",
        "date_from": "'2026-02-01'",
        "date_to": "'2026-02-28'",
        "filter": "map()",
        "as_of": "'2026-03-01 12:00:00'",
        "before_from": "'2026-01-04'",
        "before_to": "'2026-01-31'",
        "grain": "'day'",
        "steps": "5",
        "person": "'k1:a'",
    }


def test_arguments_stand_in_the_order_of_the_view() -> None:
    assert list(asked("selecting").arguments)[:5] == ["map", "map_version", "date_from", "date_to", "filter"]


def test_another_map_has_its_own_last_days() -> None:
    arguments = asked("selecting", "map=web_shop").arguments
    assert (arguments["date_from"], arguments["date_to"]) == ("'2024-06-02'", "'2024-06-29'")


def test_a_map_without_events_shows_the_days_up_to_today() -> None:
    arguments = asked("selecting", "map=retail&version=2").arguments
    assert (arguments["map_version"], arguments["date_to"]) == ("2", "'2026-03-10'")


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ("from=2026-02-10", "2026-02-10", "2026-02-28"),
        ("from=2026-03-05", "2026-03-05", "2026-03-05"),
        ("to=2026-01-31", "2026-01-04", "2026-01-31"),
        ("from=2026-01-01&to=2026-01-01", "2026-01-01", "2026-01-01"),
    ],
)
def test_one_end_of_the_period_is_enough(query: str, first: str, last: str) -> None:
    arguments = asked("selecting", query).arguments
    assert (arguments["date_from"], arguments["date_to"]) == (f"'{first}'", f"'{last}'")


def test_without_a_moment_one_looks_from_the_end_of_the_data_or_from_now() -> None:
    assert asked("selecting", "map=web_shop").arguments["as_of"] == "'2024-06-30 12:00:00'"
    assert asked("selecting", "map=retail&version=2").arguments["as_of"] == "'2026-03-10 09:30:00'"
    assert asked("selecting", "as_of=2026-03-01T10:15:00%2B01:00").arguments["as_of"] == "'2026-03-01 09:15:00'"


def test_the_period_before_is_as_long_or_as_it_is_given() -> None:
    arguments = asked("selecting", "from=2026-02-01&to=2026-02-07").arguments
    assert (arguments["before_from"], arguments["before_to"]) == ("'2026-01-25'", "'2026-01-31'")
    arguments = asked("selecting", "before_from=2025-01-01&before_to=2025-12-31").arguments
    assert (arguments["before_from"], arguments["before_to"]) == ("'2025-01-01'", "'2025-12-31'")


def test_repeated_keys_are_a_filter_and_an_empty_value_is_what_is_not_known() -> None:
    question = asked("selecting", "channel=web&channel=app&persona=&is_online=1")
    assert question.arguments["filter"] == "map('channel', ['web', 'app'], 'is_online', ['1'], 'persona', [''])"
    assert question.rows.conditions == []


def test_a_plain_view_takes_conditions_on_its_columns() -> None:
    sql = statement(asked("plain", "map=retail&events_min=3&order=-events"))
    assert sql == (
        "SELECT *\nFROM journey.plain\nWHERE map IN ('retail')\n  AND events >= 3\nORDER BY events DESC NULLS LAST\nLIMIT 10000"
    )


def test_a_column_that_may_be_unknown_is_asked_for_by_an_empty_value() -> None:
    assert asked("selecting", "note=a&note=").rows.conditions == ["(note IN ('a') OR note IS NULL)"]
    assert asked("selecting", "note=").rows.conditions == ["note IS NULL"]


def test_bounds_of_a_column_have_its_type() -> None:
    query = "score_min=-1.5&score_max=2&day_min=2026-01-01"
    assert asked("selecting", query).rows.conditions == ["score >= -1.5", "score <= 2", "day >= '2026-01-01'"]


def test_pages_of_rows_have_a_whole_order_so_that_none_is_shown_twice() -> None:
    assert asked("journeys", "limit=50&offset=100&order=-depth").rows.order == [
        "depth DESC NULLS LAST", "person", "cycle", "state",
    ]  # fmt: skip
    assert asked("selecting", "limit=50").rows.order == ["touchpoint", "place", "score", "note", "day", "at"]


def test_a_moment_of_an_event_is_asked_for_as_it_is_told() -> None:
    at = "2026-02-01T10:15:00.250001Z"
    assert asked("selecting", f"at={at}&at_max={at}").rows.conditions == [
        "at IN ('2026-02-01 10:15:00.250001')", "at <= '2026-02-01 10:15:00.250001'",
    ]  # fmt: skip


def test_the_longest_name_of_the_contract_can_be_filtered_by() -> None:
    name = "é" * 256
    assert TypeAdapter(RequiredName).validate_python(name) == name
    assert asked("selecting", f"place={name}").arguments["filter"] == f"map('place', ['{name}'])"


def test_a_count_has_neither_order_nor_limit() -> None:
    sql = statement(asked("journeys", "count=1&state=open&from=2026-02-28"))
    assert sql.startswith("SELECT count() AS count\nFROM journey_api.journeys(")
    assert sql.endswith("WHERE state IN ('open')")


def test_a_download_is_whole_unless_it_names_a_limit() -> None:
    assert asked("journeys", is_whole=True).rows.limit is None
    assert asked("journeys", "limit=5", is_whole=True).rows.limit == 5


def test_where_a_journey_ended_can_be_asked_for() -> None:
    conditions = asked("journeys", "touchpoint_last=till&touchpoint_last=app&state=closed").rows.conditions
    assert conditions == ["path[-1] IN ('till', 'app')", "state IN ('closed')"]


def test_where_a_journey_came_by_can_be_asked_for() -> None:
    conditions = asked("journeys", "touchpoint_met=till&stage_met=buy&stage_met=look").rows.conditions
    assert conditions == ["hasAny(path, ['till'])", "hasAny(stage_path, ['buy', 'look'])"]


@pytest.mark.parametrize(
    ("query", "conditions"),
    [
        ("step=0&node_from=(start)&node_to=ad", ["path[1] = 'ad'"]),
        ("step=2&node_from=ad&node_to=(end)", ["path[2] = 'ad'", "length(path) < 3 AND state != 'open'"]),
        ("step=1&node_from=ad&node_to=(open)&by=stage", ["stage_path[1] = 'ad'", "length(stage_path) < 2 AND state = 'open'"]),
        ("step=1&node_from=(start)", ["0"]),
        ("step=0&node_from=(other)&node_to=ad", ["0", "path[1] = 'ad'"]),
        ("step=0&node_from=", ["0"]),
        ("step=1&node_from=(end)*&node_to=(end)**", ["path[1] = '(end)'", "path[2] = '(end)*'"]),
        ("step=1&node_from=ad*", ["path[1] = 'ad*'"]),
    ],
)  # fmt: skip
def test_the_journeys_of_an_edge_can_be_asked_for(query: str, conditions: list[str]) -> None:
    assert asked("journeys", query).rows.conditions == conditions


def test_what_is_no_node_of_its_own_is_what_the_paths_do_not_name() -> None:
    (condition,) = asked("journeys", "step=1&node_to=(other)&top=3").rows.conditions
    assert condition.startswith(
        f"length(path) >= 2 AND {shown_name('path[2]')} NOT IN (SELECT to_node FROM journey_api.paths(map = 'retail'"
    )
    assert condition.endswith("by = 'touchpoint', steps = 5, top = 3) WHERE step = 1)")


@pytest.mark.parametrize(
    ("name", "query", "field"),
    [
        ("selecting", "from=2026-2-1", "from"),
        ("selecting", "from=2026-02-30", "from"),
        ("selecting", "to=20260201", "to"),
        ("selecting", "from=1066-01-01", "from"),
        ("selecting", "from=2026-03-02&to=2026-03-01", "from"),
        ("selecting", "before_from=2026-01-01", "before_to"),
        ("selecting", "before_from=2026-01-02&before_to=2026-01-01", "before_from"),
        ("selecting", "map=none", "map"),
        ("selecting", "version=9", "version"),
        ("selecting", "version=-1", "version"),
        ("selecting", "map=retail&map=web_shop", "map"),
        ("selecting", "is_online=yes", "is_online"),
        ("selecting", "channel=" + "x" * 257, "channel"),
        ("selecting", "channel=%00", "channel"),
        ("selecting", "&".join(f"place={number}" for number in range(201)), "place"),
        ("selecting", "as_of=yesterday", "as_of"),
        ("selecting", "steps=256", "steps"),
        ("selecting", "steps=-1", "steps"),
        ("selecting", "chanel=web", "chanel"),
        ("selecting", "limit=10001", "limit"),
        ("selecting", "limit=0", "limit"),
        ("selecting", "limit=1e3", "limit"),
        ("selecting", "offset=-1", "offset"),
        ("selecting", "order=path;", "order"),
        ("selecting", "count=2", "count"),
        ("selecting", "score_min=NaN", "score_min"),
        ("selecting", "path=a", "path"),
        ("journeys", "node_to=ad", "node_to"),
        ("journeys", "step=51&steps=50&node_to=ad", "step"),
        ("journeys", "step=5&node_to=(other)", "step"),
        ("journeys", "step=2&steps=2&node_to=ad", "step"),
        ("journeys", "step=0&steps=51&node_to=ad", "steps"),
        ("plain", "from=2026-01-01", "from"),
    ],
)
def test_a_wrong_parameter_is_refused_with_its_field_and_a_remedy(name: str, query: str, field: str) -> None:
    with pytest.raises(RequestRefused) as refused:
        asked(name, query)
    assert (refused.value.status, refused.value.field) == (400, field)
    assert refused.value.hint


def test_a_missing_argument_without_a_default_is_named() -> None:
    with pytest.raises(RequestRefused) as refused:
        asked("selecting", "person=k1:a&person=k1:b")
    assert refused.value.field == "person"


def test_an_unknown_view_is_404() -> None:
    with pytest.raises(RequestRefused) as refused:
        asked("nothing")
    assert refused.value.status == 404


@given(
    st.sampled_from(("from", "map", "version", "as_of", "limit", "is_online", "order", "steps")), st.text(min_size=6)
)
def test_a_refusal_never_repeats_the_value(name: str, value: str) -> None:
    secret = f"Zoë-{value}-4711"
    with pytest.raises(RequestRefused) as refused:
        asked("selecting", f"{name}={quote(secret)}")
    assert "Zoë" not in str(refused.value.document())
    assert "4711" not in str(refused.value.document())


def test_an_unknown_name_that_is_no_name_is_not_repeated() -> None:
    with pytest.raises(RequestRefused) as refused:
        asked("selecting", "zoë@example.com=1")
    assert "example" not in str(refused.value.document())
