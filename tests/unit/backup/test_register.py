"""The register of erasures as a file: it only grows, names nobody, and one that cannot be read is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from touchline.backup.register import (
    REGISTER_NAME,
    Erasure,
    ErasureState,
    Register,
    read_registers,
    write_register,
)
from touchline.errors import TouchlineError, WrongUsage

START = datetime(2026, 3, 1, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def erasure(number: int, request: str = "r1", **values: Any) -> Erasure:
    common = {"how": "erase", "identifier_type": "login", "secret_id": "s1", "after_time": EPOCH, "until_time": START}
    return Erasure(**{"request": request, "digest": f"{number:064x}", "asked_at": START, **common, **values})


def register(*erasures: Erasure, **values: Any) -> Register:
    return Register(**{"written_at": START, "erasures": erasures, **values})


MOMENTS = st.integers(0, 3).map(lambda days: START + timedelta(days=days))
REGISTERS = st.builds(
    Register,
    written_at=MOMENTS,
    newest=st.integers(0, 9),
    beside=st.lists(st.sampled_from(("/a", "/b")), max_size=2).map(tuple),
    erasures=st.lists(
        st.builds(
            erasure,
            st.integers(0, 2),
            st.sampled_from(("r1", "r2")),
            identifier_type=st.sampled_from(("", "card")),
            until_time=MOMENTS,
            asked_at=MOMENTS,
        ),
        max_size=4,
    ).map(tuple),
    states=st.lists(
        st.builds(
            ErasureState,
            request=st.sampled_from(("r1", "r2")),
            state=st.sampled_from(("asked", "done")),
            at=MOMENTS,
            certificate=st.just(""),
        ),
        max_size=4,
    ).map(tuple),
)


@given(REGISTERS, REGISTERS, REGISTERS)
def test_joined_registers_know_what_any_of_them_knows_in_whatever_order(
    one: Register, other: Register, third: Register
) -> None:
    joined = one.joined(other)
    assert joined == other.joined(one)
    assert joined.joined(third) == one.joined(other.joined(third))
    assert joined.joined(one) == joined
    assert {each.key for each in joined.erasures} == {each.key for each in (*one.erasures, *other.erasures)}
    assert set(joined.states) == {*one.states, *other.states}
    assert joined.newest == max(one.newest, other.newest)


@given(REGISTERS)
def test_a_register_is_read_as_it_was_written(found: Register) -> None:
    assert Register.model_validate_json(found.model_dump_json()) == found


def test_a_row_that_was_asked_for_again_is_the_same_and_the_first_time_counts() -> None:
    later = erasure(1, asked_at=START + timedelta(days=1))
    assert register(later).joined(register(erasure(1))).erasures == (erasure(1),)


def test_a_restore_reads_the_file_and_the_copy_beside_the_backup_whichever_is_there(tmp_path: Path) -> None:
    path, backup = tmp_path / "own" / "erasures.json", tmp_path / "backups" / "monday"
    backup.mkdir(parents=True)
    path.parent.mkdir()
    with pytest.raises(WrongUsage) as refused:
        read_registers(backup, path)
    assert "--without-erasures" in refused.value.hint
    (backup.parent / REGISTER_NAME).write_text(register(erasure(1)).model_dump_json())
    assert read_registers(backup, path).erasures == (erasure(1),)
    path.write_text(register(erasure(2)).model_dump_json())
    assert read_registers(backup, path).erasures == (erasure(1), erasure(2))
    (backup.parent / REGISTER_NAME).unlink()
    assert read_registers(backup, path).erasures == (erasure(2),)


@pytest.mark.parametrize(
    "text", ["", "{}", '{"format": 1, "written_at": "2026-01-01T00:00:00Z", "erasures": [{}]}', "[]"]
)
def test_a_register_that_is_damaged_is_said_and_not_taken_for_an_empty_one(tmp_path: Path, text: str) -> None:
    (tmp_path / REGISTER_NAME).write_text(text)
    with pytest.raises(WrongUsage, match="cannot be read") as refused:
        read_registers(tmp_path / "monday", tmp_path / "none.json")
    assert refused.value.hint


def test_a_register_of_a_later_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / REGISTER_NAME).write_text(register(format=2).model_dump_json())
    with pytest.raises(WrongUsage, match="format 2"):
        read_registers(tmp_path / "monday", tmp_path / "none.json")


class Tables:
    """Stands for a client of ClickHouse: what its tables of requests hold."""

    def __init__(self, newest: int, *erasures: Erasure) -> None:
        self._newest, self._erasures = newest, erasures

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        if "max(number)" in sql:
            return [(self._newest,)]
        if "erasure_states" in sql:
            return [(one.request, "asked", one.asked_at, "") for one in self._erasures]
        return [tuple(getattr(one, name) for name in type(one).model_fields) for one in self._erasures]


def written(path: Path, tables: Tables, beside: Path | None = None) -> Any:
    client: Any = tables
    return write_register(client, path, beside, START)


def test_each_writing_adds_to_the_file_and_to_the_copies_beside_backups_and_takes_nothing_away(tmp_path: Path) -> None:
    own, backups = tmp_path / "own" / "erasures.json", tmp_path / "backups"
    backups.mkdir()
    written(own, Tables(1, erasure(1)), backups)
    assert Register.read(backups / REGISTER_NAME) == Register.read(own)
    found = written(own, Tables(4, erasure(2)))  # of a ClickHouse that was lost meanwhile
    assert found.paths == [own, backups / REGISTER_NAME]
    for path in found.paths:
        register_there = Register.read(path)
        assert register_there is not None
        assert register_there.erasures == (erasure(1), erasure(2))
        assert register_there.newest == 4
        assert path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in backups.iterdir()] == [REGISTER_NAME]


def test_the_file_may_itself_stand_beside_the_backups(tmp_path: Path) -> None:
    found = written(tmp_path / REGISTER_NAME, Tables(1, erasure(1)), tmp_path)
    assert (found.paths, found.missed) == ([tmp_path / REGISTER_NAME], [])


def test_what_only_a_copy_knows_comes_back_into_the_file(tmp_path: Path) -> None:
    own = tmp_path / "erasures.json"
    backups = tmp_path / "backups"
    backups.mkdir()
    written(own, Tables(1, erasure(1)), backups)
    own.unlink()
    assert written(own, Tables(0), backups).register.erasures == (erasure(1),)


def test_a_copy_that_is_out_of_reach_is_named_and_hinders_nobody(tmp_path: Path) -> None:
    own, gone = tmp_path / "erasures.json", tmp_path / "gone"
    gone.mkdir()
    written(own, Tables(1, erasure(1)), gone)
    (gone / REGISTER_NAME).unlink()
    gone.rmdir()
    found = written(own, Tables(2, erasure(1), erasure(2)))
    assert (found.paths, found.missed) == ([own], [gone / REGISTER_NAME])


def test_a_file_that_cannot_be_written_is_an_error_that_says_what_it_would_mean(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises((TouchlineError, WrongUsage)) as refused:
        written(tmp_path / "file" / "erasures.json", Tables(0))
    assert refused.value.hint
