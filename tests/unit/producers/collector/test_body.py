"""Bodies are read within their bounds, whatever their encoding and however they are cut."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from touchline.producers.collector.body import read_body
from touchline.producers.collector.limits import Room
from touchline.service.deadlines import Deadlines
from touchline.service.problem import RequestRefused

LIMIT = 10_000
GZIP = b"\x1f\x8b"


def begins_as_text(body: bytes) -> bool:
    """Other bodies are unzipped, whatever their header says."""
    return body[:2] != GZIP


class Cut:
    """A body in pieces."""

    def __init__(self, pieces: list[bytes], stalls: bool = False) -> None:
        self._pieces = [piece for piece in pieces if piece]
        self._stalls = stalls

    def is_eof(self) -> bool:
        return not self._stalls and len(self._pieces) % 2 == 1

    def read_nowait(self) -> bytes:
        return b"".join(self._pieces)

    async def readany(self) -> bytes:
        if self._pieces:
            return self._pieces.pop(0)
        if self._stalls:
            await asyncio.sleep(60)
        return b""


def read(pieces: list[bytes], encoding: str = "", room_bytes: int = 1 << 20, stalls: bool = False) -> tuple[bytes, int]:
    """Body, and bytes held."""
    hold = Room(room_bytes).hold()
    seconds = 0.05 if stalls else 5
    return asyncio.run(read_body(Cut(pieces, stalls), encoding, LIMIT, Deadlines(), seconds, hold)).unzipped, hold.bytes


def pieces_of(body: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    return [body[start:end] for start, end in pairwise(places)]


@given(
    st.binary(max_size=LIMIT).filter(begins_as_text),
    st.lists(st.integers(0), max_size=5),
    st.sampled_from(["", "identity", "gzip", "deflate"]),
)
def test_a_body_within_the_limit_is_read_as_it_was_and_held(body: bytes, cuts: list[int], encoding: str) -> None:
    sent = gzip.compress(body) if encoding == "gzip" else zlib.compress(body) if encoding == "deflate" else body
    if len(sent) <= LIMIT:
        assert read(pieces_of(sent, cuts), encoding) == (body, len(body))


@given(st.integers(LIMIT + 1, 3_000_000), st.lists(st.integers(0), max_size=5))
def test_no_more_is_unzipped_than_the_limit(size: int, cuts: list[int]) -> None:
    with pytest.raises(RequestRefused) as refused:
        read(pieces_of(gzip.compress(bytes(size)), cuts), "gzip")
    assert refused.value.status == 413


@given(st.binary(min_size=1, max_size=300), st.lists(st.integers(0), max_size=3))
def test_bytes_that_are_no_zip_are_refused_and_never_a_fault_of_ours(body: bytes, cuts: list[int]) -> None:
    with pytest.raises(RequestRefused) as refused:
        read(pieces_of(body, cuts), "gzip")
    assert refused.value.status in (400, 413)


@pytest.mark.parametrize(
    ("pieces", "encoding", "room_bytes", "stalls", "status"),
    [
        ([b"x" * (LIMIT + 1)], "", 1 << 20, False, 413),
        ([b"x" * 6_000, b"x" * 6_000], "", 1 << 20, False, 413),
        ([b"x" * 5_000], "", 4_000, False, 503),
        ([b"[]"], "", 1 << 20, True, 408),
        ([b"[]"], "zstd", 1 << 20, False, 415),
        ([gzip.compress(b"[]")[:-1]], "gzip", 1 << 20, False, 400),
        ([gzip.compress(b"") * 100], "gzip", 1 << 20, False, 400),
    ],
    ids=["large", "large-in-parts", "no-room", "slow", "unknown-encoding", "cut", "many-members"],
)
def test_each_bound_has_its_status_and_remedy(
    pieces: list[bytes], encoding: str, room_bytes: int, stalls: bool, status: int
) -> None:
    with pytest.raises(RequestRefused) as refused:
        read(pieces, encoding, room_bytes, stalls)
    assert refused.value.status == status
    assert refused.value.hint


@given(
    st.binary(max_size=LIMIT // 2).filter(begins_as_text),
    st.lists(st.integers(0), max_size=5),
    st.sampled_from(["", "gzip"]),
)
def test_what_was_sent_is_kept_and_held_where_it_is_signed(body: bytes, cuts: list[int], encoding: str) -> None:
    sent = gzip.compress(body) if encoding else body
    hold = Room(1 << 20).hold()
    pieces = Cut(pieces_of(sent, cuts))
    found = asyncio.run(read_body(pieces, encoding, LIMIT, Deadlines(), 5, hold, keeps_sent=True))
    assert found == (body, sent)
    assert hold.bytes == len(body) + (len(sent) if encoding else 0)


@pytest.mark.parametrize("encoding", ["", "identity"])
@given(body=st.binary(max_size=300), cuts=st.lists(st.integers(0), max_size=3))
def test_a_zip_that_does_not_say_so_is_told_by_its_first_bytes_also_where_they_come_one_by_one(
    encoding: str, body: bytes, cuts: list[int]
) -> None:
    sent = gzip.compress(body)
    for first in ([], [1], [1, 2]):
        hold = Room(1 << 20).hold()
        pieces = Cut(pieces_of(sent, [*first, *cuts]))
        found = asyncio.run(read_body(pieces, encoding, LIMIT, Deadlines(), 5, hold, keeps_sent=True))
        assert found == (body, sent)
        assert hold.bytes == len(body) + len(sent)


@pytest.mark.parametrize("body", [b"\x1f", b"\x1fx", b"\x1f\x1f\x8b", b"x\x1f\x8b"])
def test_what_only_begins_like_a_zip_is_read_as_it_stands(body: bytes) -> None:
    assert read(pieces_of(body, [1]), "") == read(pieces_of(body, []), "") == (body, len(body))
