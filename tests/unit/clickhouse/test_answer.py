"""An error in the midst of an answer is found wherever the pieces are cut, and never taken for data."""

from __future__ import annotations

import pytest

from touchline.clickhouse.answer import Answer

ROWS = b'["a"]\r\n["__exception__"]\r\n\n'
ERROR = b"Code: 395. DB::Exception: no\n"


def read(tag: str, body: bytes, piece_bytes: int) -> tuple[bytes, str | None]:
    answer = Answer(tag)
    pieces = [answer.feed(body[start : start + piece_bytes]) for start in range(0, len(body), piece_bytes)]
    whole = b"".join(pieces) + answer.end()
    return whole, answer.said if answer.has_failed else None


@pytest.mark.parametrize("piece_bytes", range(1, 60))
@pytest.mark.parametrize("tag", ["", "abcdefghijklmnop"])
def test_an_error_is_told_from_the_rows_before_it_wherever_the_pieces_are_cut(tag: str, piece_bytes: int) -> None:
    marker = f"\r\n__exception__\r\n{tag}\r\n" if tag else "\r\n__exception__\r\n"
    assert read(tag, ROWS, piece_bytes) == (ROWS, None)
    assert read(tag, ROWS + marker.encode() + ERROR, piece_bytes) == (ROWS, ERROR.decode())


def test_a_value_that_looks_like_the_marker_of_another_answer_is_a_value() -> None:
    body = ROWS + b"\r\n__exception__\r\nanother tag here\r\n" + ROWS
    assert read("abcdefghijklmnop", body, 7) == (body, None)


def test_an_answer_without_a_byte_is_whole() -> None:
    assert read("abcdefghijklmnop", b"", 7) == (b"", None)
