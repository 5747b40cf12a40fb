"""sources.yaml that changes while a process runs."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, strategies as st

from touchline.errors import WrongUsage
from touchline.schemas.sources_watch import SourcesWatch


def text_of(*names: str) -> str:
    return "sources:\n" + "".join(f"  {name}: {{legal_basis: contract}}\n" for name in names)


def no_pause(seconds: float) -> None:
    """The file rests."""


def said_by(watch: SourcesWatch) -> str:
    return "" if watch.problem is None else watch.problem.what


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "sources.yaml"
    path.write_text(text_of("till"))
    return path


def test_a_source_holds_from_the_look_after_the_file_was_saved(file: Path) -> None:
    watch = SourcesWatch(file, pause=no_pause)
    assert not watch.look()
    file.write_text(text_of("till", "hotline"))
    assert watch.look()
    assert (set(watch.sources), watch.problem) == ({"till", "hotline"}, None)
    assert not watch.look()


def test_a_file_that_is_replaced_by_another_one_is_read_too(file: Path) -> None:
    watch = SourcesWatch(file, pause=no_pause)
    draft = file.with_name("draft")
    draft.write_text(text_of("desk"))
    draft.replace(file)
    assert watch.look()
    assert set(watch.sources) == {"desk"}


def test_a_file_of_the_same_size_whose_time_was_set_back_is_read_too(file: Path) -> None:
    watch = SourcesWatch(file, pause=no_pause)
    before = file.stat()
    file.write_text(text_of("desk"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert watch.look()
    assert set(watch.sources) == {"desk"}


def test_a_file_that_got_other_rights_is_read_again(file: Path) -> None:
    """It may have been unreadable."""
    watch = SourcesWatch(file, pause=no_pause)
    file.chmod(0o640)
    assert watch.look()
    assert not said_by(watch)


@pytest.mark.parametrize("broken", ["sources: [", "", "sources: {desk: {}}", text_of("desk", "desk"), None])
def test_a_file_that_cannot_be_read_leaves_what_held_and_is_told_once(file: Path, broken: str | None) -> None:
    watch = SourcesWatch(file, pause=no_pause)
    held = watch.sources
    if broken is None:
        file.unlink()
    else:
        file.write_text(broken)
    assert watch.look()
    assert watch.problem is not None
    assert watch.problem.hint
    assert watch.sources is held
    assert not watch.look()
    mended = text_of("till", "desk")
    file.write_text(mended)
    assert watch.look()
    assert set(watch.sources) == {"till", "desk"}
    assert not said_by(watch)


def test_a_file_in_the_midst_of_being_written_is_read_when_it_rests(file: Path) -> None:
    parts = iter([text_of("desk"), text_of("desk", "hotline"), text_of("desk", "hotline", "till")])

    def go_on_writing(seconds: float) -> None:
        if (part := next(parts, None)) is not None:
            file.write_text(part)

    watch = SourcesWatch(file, pause=go_on_writing)
    file.write_text("sources:")
    assert watch.look()
    assert (set(watch.sources), watch.problem) == ({"desk", "hotline", "till"}, None)


def test_without_a_first_declaration_there_is_nothing_to_keep(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="cannot be read"):
        SourcesWatch(tmp_path / "none.yaml")


@given(st.lists(st.one_of(st.none(), st.just("sources: ["), st.sets(st.sampled_from("abcdef"), min_size=1))))
def test_what_holds_is_the_last_file_that_could_be_read(states: list[str | set[str] | None]) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "sources.yaml"
        file.write_text(text_of("first"))
        watch = SourcesWatch(file, pause=no_pause)
        holds = {"first"}
        for state in states:
            file.unlink(missing_ok=True)
            if state is not None:
                file.write_text(state if isinstance(state, str) else text_of(*sorted(state)))
            watch.look()
            holds = state if isinstance(state, set) else holds
            assert set(watch.sources) == holds
            assert (watch.problem is None) == isinstance(state, set)
