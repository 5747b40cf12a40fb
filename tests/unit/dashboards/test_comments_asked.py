"""What a page may ask of comments: a JSON object of known fields, refused without its values where it is wrong."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, strategies as st

from touchline.comments.values import Cursor, Selection
from touchline.dashboards.server.comments import selection_of
from touchline.service.problem import RequestRefused

SECRET = "jane@example.org"


def asked(**fields: Any) -> tuple[Selection, str | None]:
    return selection_of(json.dumps(fields).encode())


def test_all_that_may_be_asked_is_understood() -> None:
    place = Cursor(1, "shop", "e1")
    found, person = asked(
        since="2026-03-01T00:00:00Z",
        until="2026-03-02T01:00:00+01:00", touchpoint=["till", "site"], place=[""], score_from=0, score_to=6.5,
        language="de", contains=["queue"], limit=20, next=place.to_text(), person="k1:16eaacd3", kpi=None,
    )  # fmt: skip
    assert found == Selection(
        datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC), {"touchpoint": ("till", "site"), "place": ("",)}, 0.0, 6.5,
        "de", None, ("queue",), 20, place,
    )  # fmt: skip
    assert person == "k1:16eaacd3"
    assert asked() == (Selection(), None)


@pytest.mark.parametrize(
    "fields",
    [
        {"touchpoint": SECRET}, {"touchpoint": [1]}, {"touchpoint": ["x"] * 201}, {"touchpoint": ["x" * 257]}, {"since": SECRET},
        {"since": 1}, {"score_from": "1"}, {"score_to": True}, {"limit": 0}, {"limit": 201}, {"limit": True}, {"limit": 1.5},
        {"next": SECRET}, {"language": ""}, {"person": 3}, {"contains": "x"}, {"contains": [""]}, {"who": SECRET},
        {"since": "2026-03-02T00:00:00Z", "until": "2026-03-01T00:00:00Z"}, {"score_from": 2, "score_to": 1},
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_what_to_do_and_without_the_value(fields: dict[str, Any]) -> None:
    with pytest.raises(RequestRefused) as refused:
        asked(**fields)
    assert refused.value.status == 400
    assert refused.value.hint
    assert SECRET not in str(refused.value.document())


@given(st.binary(max_size=60))
def test_no_other_bytes_break_it(body: bytes) -> None:
    with suppress(RequestRefused):
        selection_of(body)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'"x"'])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(RequestRefused):
        selection_of(body)
