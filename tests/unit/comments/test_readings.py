"""Who reads, and how a person's readings are found without keeping the person."""

from __future__ import annotations

import os
import pwd
from types import SimpleNamespace
from typing import Any, cast

import pytest
from clickhouse_driver import Client

from touchline.comments.readings import COMMENTS, Reading, digest_of, reader_of_command, record_reading


def test_the_reader_is_whom_the_system_names_and_no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("USER", "LOGNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    monkeypatch.delenv("SUDO_USER", raising=False)
    assert reader_of_command() == pwd.getpwuid(os.getuid()).pw_name


def test_who_became_root_is_named_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "ada")
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert reader_of_command() == "root (sudo: ada)"


def test_a_user_without_a_name_is_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4_000_001)
    assert reader_of_command() == "uid 4000001"


def test_a_digest_finds_a_person_and_tells_nothing_of_the_key() -> None:
    key = f"k1:{'16eaacd3' * 8}"
    assert digest_of(key) == digest_of(key) != digest_of(key[:-1] + "0")
    assert key[3:11] not in digest_of(key)


def test_what_was_asked_for_is_written_down_without_personal_values() -> None:
    rows: list[tuple[Any, ...]] = []
    client = cast(Client, SimpleNamespace(execute=lambda _, added: rows.extend(added)))
    filters = {
        "place": "7",
        "touchpoint": "zeb.quux@example.org",
        "since": "2026-03-01T00:00:00Z",
        "source": "call-centre",
    }
    record_reading(client, Reading(COMMENTS, "ada", filters, "", 1, 1))
    assert rows[0][3] == filters | {"touchpoint": "[mail]"}
