"""Replay a selection: page by page, with bounded memory, on the real engines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime

from clickhouse_driver import Client

from touchline.processors.steps.cipher import Cipher
from touchline.quarantine.engines import ClickHouseReplays, KafkaSender, pauses, wait_until_caught_up
from touchline.quarantine.entries import Entry, read_sealed
from touchline.quarantine.judge import Judge, Judgement, Mended
from touchline.quarantine.keep import Kept, open_sealed, pages
from touchline.quarantine.replay import Replayed, ReplayPlan, Sender, plan, replay_page
from touchline.schemas.sources import load_sources
from touchline.settings import Settings


def replay(
    client: Client, settings: Settings, entries: Sequence[Entry], wait_seconds: float, advance: Callable[[int], None]
) -> Replayed:
    """Send again what the present contract takes and wait for its fates. Stops where fates do not come in time: what follows stays open.

    Raises TouchlineError while the workers are behind, EngineUnreachable, WrongUsage.
    """
    judge, cipher = _judge(settings)
    kafka = wait_until_caught_up(client, settings, wait_seconds)
    ledger = ClickHouseReplays(client)
    total = Replayed()
    with ExitStack() as connections:
        opened: list[KafkaSender] = []

        def sender() -> Sender:
            if not opened:
                opened.append(KafkaSender(settings, kafka.incarnation))
                connections.callback(opened[0].close)
            return opened[0]

        for page in pages(entries):
            judged = _judged(client, page, judge, cipher)
            total += replay_page(judged, ledger, sender, pauses(wait_seconds))
            advance(len(page))
            if total.waiting:
                break
    return total


def foresee(client: Client, settings: Settings, entries: Sequence[Entry]) -> Replayed:
    """What a replay would do, without doing it; `sent` counts the records that it would send."""
    judge, cipher = _judge(settings)
    ledger = ClickHouseReplays(client)
    total = Replayed()
    for page in pages(entries):
        judged = _judged(client, page, judge, cipher)
        versions = [verdict.version for _, verdict in judged if isinstance(verdict, Mended)]
        planned: ReplayPlan = plan(judged, ledger.standing(versions) if versions else set())
        settled = len(planned.there) + sum(len(entries) for _, entries in planned.to_send)
        refused = Counter(why for _, why in planned.refused)
        total += Replayed(settled, len(planned.there), len(planned.to_send), 0, refused)
    return total


def open_entries(client: Client, entries: Sequence[Entry], cipher: Cipher) -> list[Kept]:
    """The entries with their bytes."""
    sealed = read_sealed(client, entries)
    now = datetime.now(UTC)
    return [open_sealed(one, sealed.get((one.stream, one.offset), ""), cipher, now) for one in entries]


def _judge(settings: Settings) -> tuple[Judge, Cipher]:
    cipher = Cipher.from_file(settings.payload_key_file)
    return Judge(load_sources(settings.sources_file), settings.company_zone, cipher), cipher


def _judged(client: Client, page: Sequence[Entry], judge: Judge, cipher: Cipher) -> list[tuple[Kept, Judgement]]:
    return [(kept, judge.judge(kept)) for kept in open_entries(client, page, cipher)]
