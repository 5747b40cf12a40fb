"""The person key file: one secret to make keys with, those of before below."""

from __future__ import annotations

from pathlib import Path

import pytest

from touchline.errors import WrongUsage
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.key_file import KeyLine, read_key_file, rotated, text_of

A, B = bytes(32), bytes(range(32))


def test_a_file_of_one_line_is_a_key_and_a_rotation_puts_a_new_one_before_it(tmp_path: Path) -> None:
    path = tmp_path / "person_key"
    path.write_text(f"k1:{A.hex()}\n")
    before = PersonKeys.from_file(path)
    path.write_text(text_of(rotated(read_key_file(path), "k2", B, "2026-03-01T09:30:00Z")))
    assert read_key_file(path) == [KeyLine("k2", B, ""), KeyLine("k1", A, "2026-03-01T09:30:00Z")]
    after = PersonKeys.from_file(path)
    assert (after.key_id, [one.keys.key_id for one in after.older]) == ("k2", ["k1"])
    assert after.all_keys("mail", "A@example.org") == [
        PersonKeys("k2", B).key("mail", "a@example.org"),
        before.key("mail", "a@example.org"),
    ]
    path.write_text(text_of(rotated(read_key_file(path), "k3", A, "2026-04-01T09:30:00Z")))
    assert [one.key_id for one in read_key_file(path)] == ["k3", "k2", "k1"]


@pytest.mark.parametrize(
    "text",
    ["", "\n", "k1", f"k1:{A.hex()}\nk2:{B.hex()}\n", f"k1:{A.hex()}:2026-03-01T09:30:00Z\n", f"k1:{A.hex()}\nk2:{B.hex()}:soon\n",
     f"k1:{A.hex()}\nk1:{B.hex()}:2026-03-01T09:30:00Z\n", "k1:zz\n", f"k1:{A.hex()[2:]}\n", f"k 1:{A.hex()}\n"],
)  # fmt: skip
def test_a_file_in_another_form_is_refused_without_a_word_of_its_secrets(tmp_path: Path, text: str) -> None:
    path = tmp_path / "person_key"
    path.write_text(text)
    with pytest.raises(WrongUsage) as refused:
        PersonKeys.from_file(path)
    assert A.hex()[2:] not in str(refused.value) + refused.value.hint
    assert B.hex() not in str(refused.value) + refused.value.hint


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage) as refused:
        read_key_file(tmp_path / "none")
    assert "touchline up" in refused.value.hint


def test_no_secret_is_shown() -> None:
    assert B.hex() not in repr(KeyLine("k2", B, "")) + str([KeyLine("k2", B, "")])
    assert repr(B) not in repr(KeyLine("k2", B, ""))
