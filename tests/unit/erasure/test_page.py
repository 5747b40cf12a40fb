"""What is shown before anything is erased names nobody."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

from rich.console import Console

from touchline.erasure.certificate import as_object, begun
from touchline.erasure.page import (
    certificates_table,
    found_lines,
    found_object,
    request_object,
    requests_table,
    sum_of,
    totals_lines,
)
from touchline.erasure.values import DONE, Found, Request, Rows, Subject, Target
from touchline.terminal import plain

KEY = "k1:" + "a" * 64
SUBJECT = Subject(
    [Target(KEY, "loyalty", 0, 99), Target("k1:tablet", "device", 0, 9), Target("k1:tablet", "device", 20, 99)],
    ("4711",),
    ["household"],
    is_on_its_way=True,
)
FOUND = Found([Rows("attached", "", "retail", 3, 7, 9)], 1, "2026-01-05", "2026-02-07", 2, 0, 0)
REQUEST = Request(
    *("20260301-ab", "erase", datetime(2026, 3, 1, tzinfo=UTC), [1, 2], [], ["d1", "d1"], ["s"], DONE),
    datetime(2026, 3, 2, tzinfo=UTC),
    "{}",
)


def test_the_lines_count_and_tell_what_stays_and_name_nobody() -> None:
    text = "\n".join(found_lines(SUBJECT, FOUND, "1. "))
    assert text.startswith("1. 2 identifiers (1 device, 1 loyalty)")
    assert "household" in text
    assert "only the times" in text
    assert "on its way" in text
    assert "attached retail 3" in text
    assert KEY not in text + json.dumps(found_object(SUBJECT, FOUND))
    assert "4711" not in text + json.dumps(found_object(SUBJECT, FOUND))


def test_the_list_shows_the_newest_request_first_and_counts_each_identifier_once() -> None:
    console = Console(file=io.StringIO(), width=160)
    console.print(requests_table([REQUEST._replace(id="20260228-aa"), REQUEST]))
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["20260301-ab", "20260228-aa"]
    told = json.loads(json.dumps(request_object(REQUEST), default=plain))
    assert (told["identifiers"], told["state"], told["state_at"]) == (1, "done", "2026-03-02T00:00:00+00:00")


def test_of_many_persons_the_sums_are_told_in_one_table_and_nobody_is_named() -> None:
    other = Found([Rows("attached", "", "retail", 3, 1, 2), Rows("link", "", "", 0, 1, 1)], 0, "", "", 0, 3, 4)
    alone = Subject([Target("k1:other", "loyalty", 0, 99)])
    text = "\n".join(totals_lines([(SUBJECT, FOUND), (alone, other)]))
    assert text.startswith("2 persons, 3 identifiers (1 device, 2 loyalty)")
    for part in ("1 person with devices", "1 person with identifiers that are not theirs", "1 person of whom a change"):
        assert part in text
    numbers = {line.split("  ")[1].strip(): line.split()[-1] for line in text.splitlines() if line.startswith("  ")}
    assert numbers["attached retail 3"] == "8"
    assert numbers["rows that name an identifier, in all"] == "12"
    assert KEY not in text
    assert sum_of([FOUND, other]) == Found(
        [Rows("attached", "", "retail", 3, 8, 11), Rows("link", "", "", 0, 1, 1)],
        1,
        "2026-01-05",
        "2026-02-07",
        2,
        3,
        4,
    )


def test_many_certificates_are_a_table_of_their_requests() -> None:
    draft = begun("20260301-ab", "erase", SUBJECT, FOUND)
    whole = {**draft, "after": as_object(FOUND._replace(rows=[])), "done_at": "2026-03-02T00:00:00Z"}
    console = Console(file=io.StringIO(), width=160)
    console.print(certificates_table([whole]))
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue().splitlines()[1].split() == [
        *("20260301-ab", "erase", "2", "9", "0", "2026-03-02T00:00:00Z")
    ]
