from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from touchline.schemas.markers import Markers

MARKERS = Markers(("9000 1", "guest@shop.de", "walk-in", "****"))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("loyalty", "9000 1"), ("loyalty", "90001"), ("loyalty", "9000-1"), ("loyalty", "90001.0"), ("loyalty", '="9000 1"'),
        ("mail", "Guest <GUEST@shop.de>"), ("mail", "mailto:guest@shop.de"), ("login", " Walk-In"), ("loyalty", "WALK IN"),
        ("loyalty", "****"), ("login", "9000\u200b 1"),
    ],
)  # fmt: skip
def test_a_marker_is_known_in_every_spelling_that_names_the_same(kind: str, value: str) -> None:
    assert MARKERS.name_nobody(kind, value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [("loyalty", "9000"), ("loyalty", "900010"), ("login", "90001"), ("login", "walkin"), ("loyalty", "****1"), ("mail", "jane@shop.de")],
)  # fmt: skip
def test_what_names_something_else_is_no_marker(kind: str, value: str) -> None:
    assert not MARKERS.name_nobody(kind, value)


@given(st.from_regex(r"[0-9A-Z]{1,12}", fullmatch=True), st.from_regex(r"[0-9A-Z]{1,12}", fullmatch=True))
def test_a_marker_never_takes_another_card_with_it(marker: str, card: str) -> None:
    assert Markers((marker,)).name_nobody("loyalty", card) == (marker == card)


def test_without_markers_nobody_is_named() -> None:
    assert not Markers(())
    assert not Markers(()).name_nobody("loyalty", "4711")
