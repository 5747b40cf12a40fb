"""The page's files: their names, their types, and when they are read again."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from touchline.dashboards.server.static import PageFiles


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "index.html").write_text('<script type="module" src="/static/app.js"></script>')
    (tmp_path / "app.js").write_text("import './core/state.js'\n" * 100)
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "state.js").write_text("export const state = {}\n")
    return tmp_path


def test_the_page_names_its_files_under_the_release(folder: Path) -> None:
    files = PageFiles(folder)
    page = files.index()
    assert page is not None
    assert page.body == f'<script type="module" src="/static/{files.release}/app.js"></script>'.encode()


def test_a_file_has_a_fixed_name_and_a_plain_one(folder: Path) -> None:
    files = PageFiles(folder)
    files.index()
    plain, fixed = files.find("core/state.js"), files.find(f"{files.release}/core/state.js")
    assert plain is not None
    assert fixed is not None
    assert plain[0] == fixed[0]
    assert (plain[1], fixed[1]) == (False, True)
    assert plain[0].content_type == "text/javascript"


def test_a_file_of_another_release_is_not_there(folder: Path) -> None:
    assert PageFiles(folder).find("0123456789abcdef/app.js") is None


def test_a_changed_file_is_another_release(folder: Path) -> None:
    files = PageFiles(folder, look_seconds=0)
    files.index()
    release = files.release
    (folder / "app.js").write_text("changed")
    found = files.find("app.js")
    assert found is not None
    assert found[0].body == b"changed"
    assert files.release != release


@pytest.mark.parametrize("path", ["../secrets", "core/../../secrets", "/etc/passwd", "core", ""])
def test_nothing_outside_the_folder_is_served(folder: Path, path: str) -> None:
    (folder.parent / "secrets").write_text("secret")
    assert PageFiles(folder).find(path) is None


def test_text_is_zipped_where_that_is_shorter(folder: Path) -> None:
    (folder / "noise.bin").write_bytes(os.urandom(4_000))
    files = PageFiles(folder)
    app, noise, small = files.find("app.js"), files.find("noise.bin"), files.find("core/state.js")
    assert app is not None
    assert app[0].zipped is not None
    assert gzip.decompress(app[0].zipped) == app[0].body
    assert noise is not None
    assert noise[0].zipped is None
    assert small is not None
    assert small[0].zipped is None
