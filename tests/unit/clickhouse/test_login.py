"""Every client of ClickHouse has its login from one place."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from touchline.clickhouse.connect import connect
from touchline.clickhouse.http import stream_query
from touchline.clickhouse.login import http_address, http_headers, password_of
from touchline.errors import WrongUsage
from touchline.settings import Settings


def test_the_password_is_the_content_of_its_file_without_blanks_around_it(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("pässword\n", encoding="utf-8")
    settings = Settings(
        clickhouse_password_file=path, clickhouse_host="here", clickhouse_http_port=81, clickhouse_user="me"
    )
    assert http_headers(settings) == {"X-ClickHouse-User": "me", "X-ClickHouse-Key": "pässword"}
    assert http_address(settings) == "http://here:81"


def test_a_password_file_that_is_missing_is_said_alike_over_both_protocols(tmp_path: Path) -> None:
    settings = Settings(clickhouse_password_file=tmp_path / "none")
    said = set()
    for ask in (password_of, connect, lambda settings: list(stream_query(settings, "SELECT 1"))):
        with pytest.raises(WrongUsage) as caught:
            ask(settings)
        said.add((caught.value.what, caught.value.hint))
    assert len(said) == 1
    assert "TOUCHLINE_CLICKHOUSE_PASSWORD_FILE" in said.pop()[1]


def test_http_needs_no_driver() -> None:
    statement = "import sys, touchline.clickhouse.http; assert 'clickhouse_driver' not in sys.modules"
    subprocess.run([sys.executable, "-c", statement], check=True)
