"""How the Faust app is set up: each line here was a loss of data or time before it was a setting."""

from __future__ import annotations

import ast
import asyncio
from datetime import datetime
from pathlib import Path
from typing import cast

import faust
from faust.app.base import BootStrategy
from faust.utils import iso8601

import touchline.processors
from tests.support.fakes import NotingStore
from tests.unit.processors.worker.bulk.rig import rig
from touchline.processors.worker.app import WorkerApp, faust_settings
from touchline.settings import Settings

ONE_DAY_SECONDS = 86_400


def test_tables_and_exactly_once_are_not_used(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with rig(NotingStore(tmp_path / "notes")) as (app, _, _):
            assert not app.in_transaction
            assert len(app.tables) == 0
            assert str(app.conf.store) == "memory:"

    asyncio.run(scenario())


def test_worker_creates_no_topic_and_sends_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with rig(NotingStore(tmp_path / "notes")) as (app, _, _):
            assert app.conf.topic_disable_leader
            assert not app.conf.topic_allow_declare
            strategy = cast(BootStrategy, app.boot_strategy)
            assert list(strategy.kafka_producer()) == []
            assert list(strategy.web_server()) == []

    asyncio.run(scenario())


def test_waiting_store_does_not_cost_the_membership() -> None:
    """Without polls for `broker_max_poll_interval` aiokafka leaves the group; the watchdog looks for progress
    instead."""
    chosen = faust_settings(Settings())
    assert chosen["broker_max_poll_interval"] > ONE_DAY_SECONDS
    assert chosen["stream_processing_timeout"] > ONE_DAY_SECONDS
    assert chosen["broker_commit_livelock_soft_timeout"] > ONE_DAY_SECONDS


def test_rebalance_does_not_wait_for_the_batch_in_work() -> None:
    assert faust_settings(Settings())["stream_wait_empty"] is False


def test_takeover_settings_are_those_that_were_measured() -> None:
    chosen = faust_settings(Settings())
    assert chosen["broker_session_timeout"] == 6.0
    assert chosen["broker_heartbeat_interval"] == 1.0
    assert chosen["broker_rebalance_timeout"] == 3.0
    assert chosen["consumer_max_fetch_size"] == 8 * 1024 * 1024
    assert 5_000 <= chosen["broker_max_poll_records"] <= 20_000
    assert chosen["consumer_metadata_max_age_ms"] == 3_000


def test_agent_is_serial_so_that_acknowledgements_are_in_order(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with rig(NotingStore(tmp_path / "notes")) as (app, _, _):
            (agent,) = app.agents.values()
            assert agent.concurrency == 1
            assert not agent.isolated_partitions

    asyncio.run(scenario())


def test_worker_makes_no_folders(tmp_path: Path) -> None:
    assert WorkerApp.on_first_start is not faust.App.on_first_start
    assert asyncio.run(WorkerApp.on_first_start(None)) is None  # type: ignore[arg-type]


def test_time_parser_of_faust_is_never_used() -> None:
    """It reads milliseconds as microseconds, which is why nothing here may let Faust parse a time."""
    assert iso8601.parse("2026-01-01T00:00:00.246Z").microsecond == 246
    assert datetime.fromisoformat("2026-01-01T00:00:00.246Z").microsecond == 246_000
    modules = sorted(Path(touchline.processors.__file__).parent.rglob("*.py"))
    for module in modules:
        imported = {
            name
            for node in ast.walk(ast.parse(module.read_text()))
            for name in (
                [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else []
            )
        }
        assert not any("iso8601" in name or name.startswith("faust.models") for name in imported), module


def test_stream_is_read_without_automatic_acknowledgement_and_never_by_take() -> None:
    source = (Path(touchline.processors.__file__).parent / "worker" / "app.py").read_text()
    assert "stream.noack().events()" in source
    assert ".take(" not in source
