"""What `touchline erase` says before it does anything: who is meant, who is half done, and of whom nothing is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from touchline.cli.erase_people import LISTED_MAX, People, found_text, read_names
from touchline.erasure.values import Found, Subject, Target
from touchline.erasure.whom import Named
from touchline.errors import WrongUsage
from touchline.settings import load_settings

ONE = (Subject([Target("k1:a", "login", 0, 9)]), Found([], 0, "", "", 1, 0, 0))
NOBODY = [Named(["k1:b"], "login", "jane@example.org", line) for line in range(1, LISTED_MAX + 4)]


def test_lines_of_whom_nothing_is_kept_are_told_by_their_numbers_the_first_some() -> None:
    lines = list(found_text(People([ONE], {}, [], NOBODY[:2], 3)))
    assert lines[-1] == "nothing is kept of 2 names, of line 1, 2"
    lines = list(found_text(People([ONE], {}, [], NOBODY, 24)))
    assert lines[-1].endswith("19, 20 and 3 more")
    assert not [one for one in lines if "jane" in one]


def test_where_nothing_is_kept_of_anybody_that_is_said_once() -> None:
    assert list(found_text(People([], {}, [], NOBODY[:1], 1))) == ["nothing is kept of this person"]
    assert list(found_text(People([], {}, [], NOBODY, 23))) == ["nothing is kept of these persons"]


def test_many_half_done_requests_are_counted_and_a_few_are_named() -> None:
    assert list(found_text(People([], {"r1": []}, [], [], 1))) == ["request r1 is half done: it goes on"]
    many: dict[str, list[str]] = {f"r{number}": [] for number in range(21)}
    assert list(found_text(People([], many, [], [], 21))) == ["21 requests are half done: they go on"]


def test_all_wrong_lines_of_a_file_are_told_and_a_byte_order_mark_is_no_part_of_the_first(tmp_path: Path) -> None:
    key = f"k1:{'ab' * 32}"
    settings = load_settings(person_key_file=tmp_path / "person_key")
    (tmp_path / "person_key").write_text(f"k1:{'00' * 32}\n")
    (file := tmp_path / "left.txt").write_text(f"{key}\n\n{key}\n", encoding="utf-8-sig")
    assert [(one.keys[0], one.line) for one in read_names(str(file), settings)] == [(key, 1), (key, 3)]
    file.write_text(f"{key}\nno name\nnor this\n")
    with pytest.raises(WrongUsage) as told:
        read_names(str(file), settings)
    assert [one.partition(":")[0] for one in told.value.what.splitlines()] == ["line 2", "line 3"]
