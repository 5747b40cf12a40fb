"""Write keys that change while the collector runs."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from touchline.errors import WrongUsage
from touchline.metrics.declared import COLLECTOR, WRITE_KEYS_STALE
from touchline.metrics.exposition import Exposition
from touchline.metrics.meter import Meter
from touchline.producers.collector.live_keys import LiveWriteKeys
from touchline.schemas import file_watch
from touchline.schemas.sources import Source
from touchline.service import live_file as module

LOG = logging.getLogger("touchline.collector")
OLD, NEW = f"till.{'a' * 64}", f"shop.{'b' * 64}"
TILL = {"till": Source(legal_basis="contract")}


@pytest.fixture(autouse=True)
def _files_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_watch, "SETTLE_LOOKS", 0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "write_keys"
    path.write_text(f"{OLD} till\n")
    return path


def opened(file: Path, meter: Meter | None = None) -> LiveWriteKeys:
    keys = LiveWriteKeys(file, meter or Meter(COLLECTOR), LOG)
    keys.open_for(TILL)
    keys.compare_with(lambda: TILL)
    return keys


def stale(meter: Meter) -> float:
    body, _ = Exposition(meter).answer("")
    (line,) = [one for one in body.decode().splitlines() if one.startswith(f"{WRITE_KEYS_STALE.name} ")]
    return float(line.split()[1])


def said(caplog: pytest.LogCaptureFixture) -> list[tuple[str, dict[str, Any]]]:
    return [(record.getMessage(), vars(record)["fields"]) for record in caplog.records]


def test_a_new_key_opens_at_once_and_one_that_was_taken_out_does_not_after_the_next_look(file: Path) -> None:
    keys = opened(file)
    assert keys.find(NEW) is None
    file.write_text(f"{OLD} till\n{NEW} till\n")
    found = keys.find(NEW)
    assert found is not None
    assert (found.key_id, len(keys)) == ("shop", 2)
    file.write_text(f"{NEW} till\n")
    assert keys.look()
    assert keys.find(OLD) is None
    file.write_text("# nobody\n")
    assert keys.look()
    assert (keys.find(NEW), keys.is_stale) == (None, False)


@pytest.mark.parametrize("broken", ["", f"{NEW}\n", f"{OLD} till\n{OLD} till\n", None])
def test_a_broken_file_keeps_the_keys_and_says_so_in_log_metric_and_health_without_a_secret(
    file: Path, caplog: pytest.LogCaptureFixture, broken: str | None
) -> None:
    meter = Meter(COLLECTOR)
    keys = opened(file, meter)
    with caplog.at_level(logging.INFO, logger=LOG.name):
        file.unlink()
        if broken is not None:
            file.write_text(broken)
        assert keys.look()
        assert not keys.look()
        assert keys.find(OLD) is not None
        assert (keys.is_stale, stale(meter)) == (True, 1)
        file.write_text(f"{NEW} till\n")
        keys.look()
        assert (keys.is_stale, stale(meter), keys.find(OLD)) == (False, 0, None)
    assert [event for event, _ in said(caplog)] == ["write_keys_kept", "write_keys_read"]
    assert "a" * 64 not in str(said(caplog))
    assert "b" * 64 not in str(said(caplog))


def test_a_key_of_a_source_that_is_not_declared_yet_holds_and_is_told(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keys = opened(file)
    with caplog.at_level(logging.WARNING, logger=LOG.name):
        file.write_text(f"{OLD} till\n{NEW} shop\n")
        keys.look()
    assert [(event, fields["sources"]) for event, fields in said(caplog)] == [("write_keys_undeclared", "shop")]
    assert all(keys.find(one) is not None for one in (OLD, NEW))


def test_without_a_key_it_does_not_begin(file: Path) -> None:
    file.write_text("# nobody\n")
    with pytest.raises(WrongUsage, match="has no key"):
        opened(file)


def test_it_looks_also_while_nothing_comes_in(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)

    async def wait_for_it() -> None:
        keys = opened(file)
        looking = asyncio.create_task(keys.keep_looking())
        file.write_text(f"{NEW} till\n{OLD} till\n")
        async with asyncio.timeout(10):
            while len(keys) < 2:
                await asyncio.sleep(0.01)
        looking.cancel()

    asyncio.run(wait_for_it())
