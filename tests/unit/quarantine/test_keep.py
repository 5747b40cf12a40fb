"""Bytes of an entry: opened under their own context, gone after their term, read in bounded pages."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import given, strategies as st

from tests.unit.quarantine.rig import CIPHER, NOW, PERSON, STREAM, entry, event
from touchline.errors import WrongUsage
from touchline.processors.steps.cipher import Cipher
from touchline.quarantine.entries import EntryFilter, RecordPosition
from touchline.quarantine.keep import PAGE_BYTES, PAGE_ENTRIES, TERM, State, open_sealed, pages, state_of
from touchline.quarantine.settle import discarded
from touchline.quarantine.shape import shape_lines


def test_bytes_are_opened_with_the_workers_key_and_their_own_place() -> None:
    sealed = CIPHER.seal(b"secret", f"{STREAM}\x007")
    assert open_sealed(entry(7), sealed, CIPHER, NOW).value == b"secret"
    assert open_sealed(entry(8), sealed, CIPHER, NOW).state is State.LOCKED
    assert open_sealed(entry(7), sealed, Cipher("c1", bytes(31) + b"x"), NOW).state is State.LOCKED


def test_bytes_of_a_conflict_are_bound_to_its_event() -> None:
    sealed = CIPHER.seal(b"secret", "till\x00visit-7")
    assert open_sealed(entry(7, "conflict"), sealed, CIPHER, NOW).value == b"secret"


def test_a_passed_term_is_told_from_bytes_that_never_were() -> None:
    gone = entry(sealed_bytes=0)
    assert state_of(gone, NOW + TERM + timedelta(days=1)) is State.EXPIRED
    assert state_of(gone._replace(cipher_key_id=""), NOW) is State.NONE
    assert state_of(entry(), NOW) is State.KEPT


@given(st.lists(st.integers(0, 2 * PAGE_BYTES // 3), max_size=30))
def test_pages_are_all_entries_in_order_and_fit_into_memory(sizes: list[int]) -> None:
    entries = [entry(offset, sealed_bytes=size) for offset, size in enumerate(sizes)]
    cut = list(pages(entries))
    assert [one for page in cut for one in page] == entries
    assert all(sum(one.sealed_bytes for one in page) <= PAGE_BYTES or len(page) == 1 for page in cut)
    assert all(0 < len(page) <= PAGE_ENTRIES for page in cut)


def test_a_page_holds_so_many_entries_at_most() -> None:
    assert [len(page) for page in pages([entry(number) for number in range(PAGE_ENTRIES + 1)])] == [PAGE_ENTRIES, 1]


def test_positions_are_read_as_they_are_shown() -> None:
    assert RecordPosition.parse("3/1042", "events") == RecordPosition("events", 3, 1042)
    assert RecordPosition.parse("shop.events-1/3/1042", "events") == RecordPosition("shop.events-1", 3, 1042)
    for text in ("", "3", "3/", "a/b/c/1", "3/-1", "3/1042 "):
        with pytest.raises(WrongUsage, match="PARTITION/OFFSET"):
            RecordPosition.parse(text, "events")
    assert EntryFilter().is_everything
    assert not EntryFilter(source="till").is_everything


def test_discarding_needs_a_reason_that_fits_a_line() -> None:
    (end,) = discarded([entry(7)], "  tests of\nthe till ")
    assert end.note == "tests of the till"
    for because in ("", " \n", "x" * 501):
        with pytest.raises(WrongUsage):
            discarded([entry(7)], because)


def test_shapes_tell_no_value_and_no_name_that_a_sender_chose() -> None:
    odd = event() | {"jane.doe@example.org": "x", "properties": {"jane": 1}}
    lines = shape_lines(json.dumps(odd).encode())
    assert "time: text of 25 characters" in lines
    assert "persons: list of 1" in lines
    assert "persons[].key: text of 67 characters" in lines
    assert "properties: object of 1 fields" in lines
    assert "beside these: 1 fields that the contract does not know" in lines
    said = "\n".join(lines)
    assert "jane" not in said
    assert PERSON not in said


@given(st.binary(max_size=60) | st.text(max_size=40).map(str.encode))
def test_any_bytes_have_a_shape(value: bytes) -> None:
    assert all(isinstance(line, str) for line in shape_lines(value))


def test_deep_and_odd_json_has_a_shape() -> None:
    assert shape_lines(b"[" * 100_000) == ["JSON that nests too deep"]
    assert shape_lines(b"null") == ["JSON, but no object: null"]
    assert shape_lines(b"\xff") == ["no UTF-8 from byte 0 on, of 1"]
    assert shape_lines(b"{") == ["no JSON, 1 bytes of text"]


def test_a_reason_to_discard_keeps_no_personal_value() -> None:
    (end,) = discarded([entry(7)], "zeb.quux@example.org asked for it on +44 20 7946 0018")
    assert end.note == "[mail] asked for it on [phone]"
