"""What a running service does about sources.yaml."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from touchline.errors import EngineUnreachable
from touchline.metrics.declared import COLLECTOR, SOURCES_STALE, WORKER
from touchline.metrics.exposition import Exposition
from touchline.metrics.meter import Meter
from touchline.schemas.sources import Sources
from touchline.service import live_sources as module
from touchline.service.live_sources import LiveSources

LOG = logging.getLogger("touchline.worker")
TILL = "sources:\n  till: {legal_basis: contract}\n"
BOTH = TILL + "  desk: {legal_basis: contract}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "sources.yaml"
    path.write_text(TILL)
    return path


def stale(meter: Meter) -> float:
    body, _ = Exposition(meter).answer("")
    (line,) = [one for one in body.decode().splitlines() if one.startswith(f"{SOURCES_STALE.name} ")]
    return float(line.split()[1])


def tell(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    loop.call_soon_threadsafe(event.set)


def fields_of(caplog: pytest.LogCaptureFixture) -> list[tuple[str, dict[str, Any]]]:
    return [(record.getMessage(), vars(record)["fields"]) for record in caplog.records]


@pytest.mark.parametrize("metrics", [WORKER, COLLECTOR])
def test_new_declarations_are_handed_on_and_a_broken_file_is_said_in_log_metric_and_health(
    file: Path, caplog: pytest.LogCaptureFixture, metrics: Any
) -> None:
    meter, declared = Meter(metrics), list[Sources]()
    live = LiveSources(file, meter, LOG)
    live.look()  # before it is opened there is nothing to look at
    live.open()
    live.then(declared.append)
    with caplog.at_level(logging.INFO, logger=LOG.name):
        file.write_text(BOTH)
        live.look()
        live.look()
        assert [set(one) for one in declared] == [{"till", "desk"}]
        assert (live.is_stale, stale(meter)) == (False, 0)
        file.write_text("sources: [")
        live.look()
        live.look()
        assert [set(one) for one in declared] == [{"till", "desk"}]
        assert (live.is_stale, stale(meter)) == (True, 1)
        file.write_text(TILL)
        live.look()
        assert [set(one) for one in declared] == [{"till", "desk"}, {"till"}]
        assert (live.is_stale, stale(meter)) == (False, 0)
    said = fields_of(caplog)
    assert [event for event, _ in said] == ["sources_read", "sources_kept", "sources_read"]
    assert "not valid YAML" in said[1][1]["because"]


def test_what_could_not_be_written_is_written_when_the_engine_is_back(file: Path) -> None:
    written: list[Sources] = []
    faults = iter([EngineUnreachable("away", "wait"), EngineUnreachable("away", "wait")])

    def write(sources: Sources) -> None:
        if (fault := next(faults, None)) is not None:
            raise fault
        written.append(sources)

    live = LiveSources(file, Meter(WORKER), LOG)
    live.open()
    live.then(lambda _sources: None, write)
    live.register()
    assert written == []
    file.write_text(BOTH)
    for _ in range(4):
        live.register()
    assert [set(one) for one in written] == [{"till", "desk"}]


def test_it_looks_also_while_nothing_comes_in(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.01)
    live = LiveSources(file, Meter(WORKER), LOG)
    live.open()
    seen = asyncio.Event()

    async def wait_for_it() -> None:
        loop = asyncio.get_running_loop()
        live.then(lambda _sources: tell(loop, seen))
        looking = asyncio.create_task(live.keep_looking())
        file.write_text(BOTH)
        await asyncio.wait_for(seen.wait(), 10)
        looking.cancel()

    asyncio.run(wait_for_it())
