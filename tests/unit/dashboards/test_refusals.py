"""What ClickHouse's errors become."""

from __future__ import annotations

import logging

import pytest

from touchline.dashboards.server.arguments import shape_of, wrong_argument
from touchline.dashboards.server.refusals import refusal_of
from touchline.service.problem import RequestRefused


@pytest.mark.parametrize(
    ("said", "status", "what"),
    [
        ("Code: 395. DB::Exception: unknown grain: while executing 'FUNCTION throwIf(...)'. (FUNCTION_)\n", 400, "unknown grain"),
        ("Code: 159. DB::Exception: Timeout exceeded: elapsed 2012.139 ms\n", 504, "the query took too long"),
        ("Code: 241. DB::Exception: Memory limit exceeded\n", 503, "the query needs too much memory"),
        ("Code: 202. DB::Exception: Too many simultaneous queries\n", 503, "ClickHouse has too many queries"),
        ("Code: 201. DB::Exception: Quota for user has been exceeded\n", 503, "the quota of the server's user is used up"),
        ("Code: 452. DB::Exception: Setting max_execution_time should not be greater than 600\n", 503,
         "ClickHouse does not permit the server so long a query"),
        ("Code: 60. DB::Exception: Unknown table\n", 503, "ClickHouse has not the views of this release"),
        ("Code: 516. DB::Exception: x: Authentication failed\n", 503, "ClickHouse refuses the server's login"),
        ("Code: 53. DB::Exception: Cannot convert\n", 400, "a value does not fit its argument"),
        ("Code: 49. DB::Exception: Logical error: 'Zoë'\n", 500, "ClickHouse error 49"),
        ("gibberish", 500, "ClickHouse error 0"),
    ],
)  # fmt: skip
def test_an_error_of_clickhouse_becomes_a_status_and_a_remedy(said: str, status: int, what: str) -> None:
    refused = refusal_of(said)
    assert (refused.status, refused.what) == (status, what)
    assert refused.hint


def test_an_argument_that_a_view_refuses_is_the_field() -> None:
    refused = refusal_of("Code: 395. DB::Exception: grain is one of hour, day: while executing 'FUNCTION throwIf'.\n")
    assert (refused.status, refused.field, refused.what) == (400, "grain", "grain is one of hour, day")


def test_the_log_has_the_code_and_no_value(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "touchline.dashboard"):
        refusal_of("Code: 49. DB::Exception: Logical error: 'Zoë'\n")
    assert [record.fields for record in caplog.records] == [{"code": 49}]  # type: ignore[attr-defined]


def test_a_problem_says_the_fact_the_field_the_shape_and_the_remedy() -> None:
    assert wrong_argument("from", "Zoë 4711", "a day as YYYY-MM-DD").document() == {
        "title": "the parameter from cannot be read",
        "status": 400,
        "field": "from",
        "found": "8 characters: Aaa 9999",
        "hint": "give a day as YYYY-MM-DD",
    }


def test_a_problem_without_a_field_has_none() -> None:
    assert set(RequestRefused(503, "away", "start it").document()) == {"title", "status", "hint"}


def test_a_shape_tells_digits_from_letters_and_nothing_more() -> None:
    assert shape_of("") == "nothing"
    assert shape_of("a" * 30) == f"30 characters: {'a' * 24}…"
    assert shape_of("o'B\n7") == "5 characters: a·A·9"
