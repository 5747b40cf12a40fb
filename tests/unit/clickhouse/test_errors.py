"""One table of ClickHouse's error codes: what each speaks of, and what a reader hears of it."""

from __future__ import annotations

import pytest

from touchline.clickhouse.errors import (
    MEANINGS,
    ErrorKind,
    ServerError,
    kind_of,
    refusal_text,
    start_hint,
    unreachable,
    wrong_login,
)

LAYERED = (
    "Code: 279. DB::Exception: All attempts failed.\nCode: 516. DB::Exception: x (AUTHENTICATION_FAILED)\n"
    "\n93 fpxmvqwxxvlqejkf\r\n__exception__\r\nfpxmvqwxxvlqejkf"
)


@pytest.mark.parametrize(
    ("codes", "kind"),
    [
        ((192, 193, 194, 516), ErrorKind.LOGIN),
        ((46, 47, 60, 81, 456), ErrorKind.NOT_THERE),
        ((159, 160), ErrorKind.TOO_SLOW),
        ((241, 396), ErrorKind.TOO_LARGE),
        ((75, 76, 242, 243, 252), ErrorKind.DISK),
        ((6, 27, 53), ErrorKind.VALUE),
        ((33, 69, 70, 117, 128, 131, 321, 349, 361, 407), ErrorKind.ROW_VALUE),
        ((26, 41, 72, 457), ErrorKind.ARGUMENT_VALUE),
        ((469,), ErrorKind.CONSTRAINT),
        ((1002, 0), ErrorKind.OTHER),
    ],
)
def test_a_code_speaks_of_one_kind_of_fault(codes: tuple[int, ...], kind: ErrorKind) -> None:
    assert {kind_of(code) for code in codes} == {kind}


def test_every_kind_has_a_code() -> None:
    assert {meaning.kind for meaning in MEANINGS.values()} == set(ErrorKind) - {ErrorKind.OTHER}


def test_refusal_names_code_and_remedy_where_there_is_one() -> None:
    assert refusal_text("refused an insert", 243).startswith("ClickHouse refused an insert, code 243: its disk is full")
    assert refusal_text("refused a query", 1002) == "ClickHouse refused a query, code 1002"


def test_an_error_is_read_by_its_first_code_and_without_the_mark_behind_it() -> None:
    error = ServerError.read(LAYERED)
    assert error is not None
    assert error.code == 279
    assert error.words.endswith("(AUTHENTICATION_FAILED)")
    assert ServerError.read("404 page not found") is None


def test_what_is_said_names_the_place_the_user_and_the_setting_and_no_password() -> None:
    away = unreachable("ClickHouse at http://here:1", ConnectionRefusedError("secret"), "clickhouse_http_port")
    assert away.what == "ClickHouse at http://here:1 does not answer (ConnectionRefusedError)"
    assert away.hint == start_hint("clickhouse_http_port")
    login = wrong_login("ClickHouse at here:2", "touchline")
    assert login.what == "ClickHouse at here:2 refuses the user `touchline` or its password"
    assert "clickhouse_password_file" in login.hint
