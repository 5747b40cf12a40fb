"""The file that says what senders' events are on the maps."""

from __future__ import annotations

from pathlib import Path

import pytest

from touchline.errors import WrongUsage
from touchline.producers.collector.vendors.names import load_names, parse_names, shipped_names


def test_names_are_one_whatever_their_case_and_blanks() -> None:
    names = shipped_names()
    found = {names.named("track", name).touchpoint for name in ("Product Viewed", "product_viewed", "ProductViewed")}
    assert found == {"product_view"}


def test_what_no_line_names_is_a_touchpoint_of_its_own_name() -> None:
    names = shipped_names()
    assert names.named("track", "Button Clicked!").touchpoint == "button_clicked"
    assert names.named("track", "***").touchpoint == "track"
    assert len(names.named("track", "x" * 1_000).touchpoint) == 256


def test_pages_of_some_paths_are_touchpoints_of_their_own_and_the_first_line_counts() -> None:
    text = "pages:\n  - {path: /product/*, touchpoint: product_view}\n  - {path: /*, touchpoint: home, action: open}\n"
    names = parse_names(text, "names.yaml")
    assert names.named("page", "", "/product/7").touchpoint == "product_view"
    assert (names.named("page", "", "/").touchpoint, names.named("page", "", "/").action) == ("home", "open")
    assert names.named("page", "Docs", "").touchpoint == "docs"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("events:\n  x: {touchpiont: y}\n", "touchpoint"),
        ("calls:\n  dance: {touchpoint: y}\n", "calls"),
        ("currency: EURO\n", "currency"),
        ("events:\n  Add To: {touchpoint: a}\n  add_to: {touchpoint: b}\n", "one name"),
        ("events:\n  '!!': {touchpoint: a}\n", "no letter"),
        ("events: [\n", "names.yaml"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_with_its_line(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "names.yaml").write_text(text)
    with pytest.raises(WrongUsage) as wrong:
        load_names(tmp_path / "names.yaml")
    assert told in wrong.value.what
    with pytest.raises(WrongUsage):
        load_names(tmp_path / "none.yaml")


def test_names_in_other_letters_stay_apart() -> None:
    names = parse_names("events:\n  Заказ оформлен: {touchpoint: purchase, order: purchase}\n", "names.yaml")
    assert names.named("track", "заказ_ОФОРМЛЕН").touchpoint == "purchase"
    assert names.named("track", "カートに追加").touchpoint == "カートに追加"
    assert names.named("track", "Größe gewählt").touchpoint == "größe_gewählt"
    assert names.named("track", "!!").touchpoint == "track"


def test_personal_values_in_a_name_do_not_become_a_touchpoint() -> None:
    assert shipped_names().named("track", "Invited jane.doe@example.com").touchpoint == "invited_mail"


def test_an_event_may_be_named_by_its_own_name_too() -> None:
    names = parse_names('events:\n  Button Clicked: {touchpoint: "{name}", action: click}\n', "names.yaml")
    assert names.named("track", "Button clicked").touchpoint == "button_clicked"
