"""Keys that open comments: what the file may say, and who has one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from touchline.dashboards.server.comment_keys import CommentKeys
from touchline.errors import WrongUsage

SECRET = "s" * 32


def keys_of(folder: Path, text: str) -> CommentKeys:
    path = folder / "comments_keys"
    path.write_text(text)
    return CommentKeys.from_file(path)


def test_each_key_is_known_by_its_name_and_whole_secret(tmp_path: Path) -> None:
    keys = keys_of(tmp_path, f"# who reads\ncare.{SECRET}\n\nteam.berlin.{'t' * 40}  # until May\n")
    assert keys.name_of({"Authorization": f"Bearer care.{SECRET}"}) == "care"
    assert keys.name_of({"Authorization": f"bearer team.berlin.{'t' * 40}"}) == "team.berlin"
    for wrong in (
        f"care.{SECRET}s",
        f"care.{SECRET[1:]}",
        f"other.{SECRET}",
        "care.",
        "care",
        "",
        f"team.berlin.{SECRET}",
    ):
        assert keys.name_of({"Authorization": f"Bearer {wrong}"}) is None
    assert keys.name_of({"Authorization": f"Basic care.{SECRET}"}) is None
    assert keys.name_of({}) is None
    assert SECRET not in repr(keys)


@pytest.mark.parametrize(
    "text", ["", "# nobody\n", f"care {SECRET}\n", "care.short\n", f"care.{SECRET}\ncare.{'u' * 32}\n", f".{SECRET}\n"]
)
def test_a_file_that_opens_nothing_or_is_not_clear_is_refused_without_its_content(tmp_path: Path, text: str) -> None:
    with pytest.raises(WrongUsage) as refused:
        keys_of(tmp_path, text)
    assert refused.value.hint
    assert SECRET not in refused.value.what + refused.value.hint


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="cannot be read"):
        CommentKeys.from_file(tmp_path / "none")


@given(st.text(max_size=80))
def test_nothing_else_opens_comments(presented: str) -> None:
    keys = CommentKeys({"care": b"0" * 32})
    assert keys.name_of({"Authorization": f"Bearer {presented}"}) is None
