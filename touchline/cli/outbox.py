"""`touchline outbox`: what waits in a sender's durable outbox, and bringing it to Kafka."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated

import typer

from touchline.cli.progress import progress_on_stderr
from touchline.cli.sending import CONNECT_TIMEOUT_SECONDS, quiet_sending_log
from touchline.errors import EngineUnreachable, WrongUsage
from touchline.producers.errors import OutboxFull
from touchline.producers.kafka import TouchpointProducer
from touchline.producers.outbox.config import OutboxConfig
from touchline.producers.outbox.look import OutboxState, look, state_lines
from touchline.producers.outbox.retry import Wanted, count_aside, put_back, retry_lines
from touchline.producers.producer import now_us
from touchline.settings import load_settings
from touchline.settings.engines import KafkaSettings
from touchline.settings.senders import OutboxSettings
from touchline.wording import counted

SECONDS_BETWEEN_LOOKS = 0.1

app = typer.Typer(no_args_is_help=True, help="The durable outbox of senders.")

Folder = Annotated[Path | None, typer.Option("--outbox", help="Its folder, where it is not outbox_dir.")]


@app.command()
def show(
    outbox: Folder = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> int:
    """Show what waits for Kafka, how long, who drains, and why nothing moves.

    Examples:

        touchline outbox show --outbox /var/lib/shop/outbox

        touchline outbox show --json
    """
    settings = load_settings()
    state = look(_folder(settings, outbox), now_us())
    if as_json:
        print(json.dumps({**state._asdict(), "limit_bytes": settings.outbox_limit_bytes}))
    else:
        print("\n".join(state_lines(state, settings.outbox_limit_bytes)))
    return 0


@app.command()
def drain(
    outbox: Folder = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for Kafka at most.")] = 60.0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> int:
    """Bring what waits to Kafka, or wait until the process that drains already has done it.

    Exit status 3 when something still waits after the time is over; nothing is lost then.

    Examples:

        touchline outbox drain

        touchline outbox drain --outbox /var/lib/shop/outbox --timeout 600
    """
    settings = load_settings()
    folder = _folder(settings, outbox)
    before = look(folder, now_us())
    after = _drain(settings.with_changes(topic=before.topic), OutboxConfig.from_settings(settings, folder), timeout)
    # Others may have written meanwhile: theirs are not counted, hence not below 0.
    sent = max(0, before.records - after.records - (after.aside - before.aside))
    if as_json:
        print(json.dumps({"sent": sent, "waiting": after.records, "aside": after.aside}))
    if after.bytes:
        why = f" ({after.last_error})" if after.last_error else ""
        raise EngineUnreachable(
            f"{counted(after.records, 'event')} still {'waits' if after.records == 1 else 'wait'} in the outbox{why}",
            "bring Kafka back, or give --timeout more seconds",
        )
    if not as_json:
        print(f"sent {counted(sent, 'event')}; the outbox is empty")
    return 0


@app.command()
def retry(
    outbox: Folder = None,
    reason: Annotated[list[str] | None, typer.Option(help="Only events with this reason; may be repeated.")] = None,
    source: Annotated[list[str] | None, typer.Option(help="Only events of this source; may be repeated.")] = None,
    event_id: Annotated[list[str] | None, typer.Option("--id", help="Only this event; may be repeated.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go back, and change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> int:
    """Put events that stand aside back into the outbox, in order, once the cause is gone.

    Kafka refused them for good, as it then was: an event was larger than the topic allows, say. `touchline outbox show` has the reasons.
    Whoever drains the outbox sends them after what waits already.

    Examples:

        touchline outbox retry --dry-run

        touchline outbox retry --reason MessageSizeTooLarge --source web-shop
    """
    settings = load_settings()
    folder = _folder(settings, outbox)
    wanted = Wanted(reason or (), source or (), event_id or ())
    if dry_run:
        done = count_aside(folder, wanted)
    else:
        try:
            done = put_back(OutboxConfig.from_settings(settings, folder), wanted)
        except OutboxFull as full:
            raise OutboxFull(
                f"{full.what}; {counted(full.taken, 'event')} went back", "drain the outbox, then retry the others"
            ) from None
    if as_json:
        print(json.dumps({"back": done.back, "left": done.left, "unreadable": done.unreadable, "dry_run": dry_run}))
        return 0
    print("\n".join(retry_lines(done, is_dry_run=dry_run)))
    return 0


def _drain(settings: KafkaSettings, config: OutboxConfig, timeout_seconds: float) -> OutboxState:
    quiet_sending_log()
    give_up_s = time.monotonic() + timeout_seconds
    with (
        TouchpointProducer(
            settings.kafka_bootstrap,
            settings.topic,
            outbox=config,
            connect_timeout_seconds=CONNECT_TIMEOUT_SECONDS,
        ) as producer,
        progress_on_stderr("bytes", producer.waiting_bytes) as advance,
    ):
        waiting = producer.waiting_bytes
        while waiting and time.monotonic() < give_up_s:
            time.sleep(SECONDS_BETWEEN_LOOKS)
            left = producer.waiting_bytes
            advance(waiting - left)
            waiting = left
    return look(config.folder, now_us())


def _folder(settings: OutboxSettings, given: Path | None) -> Path:
    folder = given or settings.outbox_dir
    if folder is None:
        raise WrongUsage("no outbox is configured", "set outbox_dir in touchline.toml, or give --outbox FOLDER")
    return folder.absolute()
