"""Lines of the file of write keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from touchline.errors import WrongUsage
from touchline.sources.keys import NO_KEY, key_ids_of, new_key, presented_for, read_keys, with_key, without_key

PATH = Path("write_keys")
A, B = "a" * 64, "b" * 64
TEXT = f"# ours\nall.{A} *  # this machine\nshop.{B} shop desk\n"


def test_a_further_key_opens_for_its_source_alone_and_the_other_lines_stay() -> None:
    key = new_key("till", read_keys(TEXT, PATH).sources)
    text = with_key(TEXT, key, "till")
    assert text.startswith(TEXT)
    found = read_keys(text, PATH).find(key.presented)
    assert found is not None
    assert (found.key_id, found.sources) == ("till", frozenset({"till"}))
    assert key.secret not in repr(key)


def test_ids_are_told_apart_and_fit_however_long_the_name_is() -> None:
    name = "s" * 64
    taken = [new_key(name, ()).key_id]
    taken.append(new_key(name, taken).key_id)
    assert taken == [name, "s" * 62 + "-2"]


def test_a_file_without_last_line_break_and_an_empty_one_take_a_key() -> None:
    for text in ("", f"all.{A} *"):
        key = new_key("till", ())
        assert read_keys(with_key(text, key, "till"), PATH).find(key.presented) is not None


def test_the_last_key_that_is_taken_out_leaves_a_word_and_the_next_one_takes_its_place() -> None:
    text = without_key(f"till.{A} till  # theirs\n", "till", "till", PATH)
    assert text == NO_KEY
    assert not len(read_keys(text, PATH))
    assert with_key(text, new_key("till", ()), "till").startswith("till.")


@pytest.mark.parametrize(
    ("key_id", "said"), [("none", "no such key"), ("all", "not of shop alone"), ("shop", "not of shop alone")]
)
def test_a_key_that_others_send_by_is_not_taken_out(key_id: str, said: str) -> None:
    with pytest.raises(WrongUsage, match=said) as refused:
        without_key(TEXT, key_id, "shop", PATH)
    assert A not in refused.value.hint


def test_keys_of_a_source_are_its_own_and_those_for_all() -> None:
    keys = read_keys(TEXT, PATH)
    assert [key_ids_of(keys, name) for name in ("shop", "till")] == [["all", "shop"], ["all"]]
    assert presented_for(TEXT, "desk") == f"all.{A}"
    assert presented_for(f"shop.{B} shop", "till") is None
