"""What stands aside goes back into its outbox, in order: Kafka may take it now that a limit was raised or a clock was set."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Final

from touchline.kafka.partitioning import hash_of
from touchline.producers.errors import OutboxFull
from touchline.producers.outbox import wire
from touchline.producers.outbox.aside import Refused, aside_locked, read_line
from touchline.producers.outbox.config import OutboxConfig
from touchline.producers.outbox.folder import ASIDE, prepare, sync_folder, unusable, write_all
from touchline.producers.outbox.writer import OutboxWriter
from touchline.wording import counted

_EVENTS_AT_ONCE: Final = 100


@dataclass(frozen=True)
class Wanted:
    """Which events are meant: those that have one of each; empty means any."""

    reasons: Collection[str] = ()
    sources: Collection[str] = ()
    event_ids: Collection[str] = ()

    def __contains__(self, refused: Refused) -> bool:
        return (
            (not self.reasons or refused.reason in self.reasons)
            and (not self.sources or refused.source in self.sources)
            and (not self.event_ids or refused.event_id in self.event_ids)
        )


@dataclass
class PutBack:
    """What came of it."""

    back: Counter[str] = field(default_factory=Counter)
    """Events that went back, by the reason why they stood aside."""
    left: Counter[str] = field(default_factory=Counter)
    """Events that stay aside, by reason."""
    unreadable: int = 0
    """Lines that hold no whole event; they stay."""


def count_aside(folder: Path, wanted: Wanted) -> PutBack:
    """What `put_back` would do; nothing is changed. Raises OutboxUnusable."""
    prepare(folder, None)
    found = PutBack()
    for line in _lines(folder):
        _judge(line, wanted, found)
    return found


def put_back(config: OutboxConfig, wanted: Wanted) -> PutBack:
    """Takes events from the file aside.ndjson into the outbox, in order; lines that are not wanted stay.

    They are durable in the outbox before they leave the file: where this is killed between, they go twice and count once.

    Raises:
        OutboxUnusable: there is no outbox, or its folder cannot be used.
        OutboxFull: there is no room for all; `taken` went back, the others still stand aside.
    """
    prepare(config.folder, None)
    done = PutBack()
    writer = OutboxWriter(replace(config, durability="disk"), None)
    try:
        with aside_locked(config.folder):
            _move(config.folder, writer, wanted, done)
    except OSError as error:
        raise unusable(config.folder, error) from None
    finally:
        writer.close()
    return done


def retry_lines(done: PutBack, *, is_dry_run: bool) -> list[str]:
    """For people."""
    back, left = done.back.total(), done.left.total()
    verb = ("would go" if is_dry_run else "goes" if back == 1 else "go") + " back into the outbox"
    lines = [f"{counted(back, 'event')} {verb}{_by_reason(done.back)}"]
    if left:
        lines.append(f"{counted(left, 'event')} {'stays' if left == 1 else 'stay'} aside{_by_reason(done.left)}")
    if done.unreadable:
        lines.append(f"{counted(done.unreadable, 'line')} of {ASIDE} cannot be read and stay there")
    if back and not is_dry_run:
        lines.append("hint: whoever drains the outbox sends them, or `touchline outbox drain`")
    return lines


def _by_reason(counts: Counter[str]) -> str:
    return f" ({', '.join(f'{reason} {count:,}' for reason, count in counts.items())})" if counts else ""


def _move(folder: Path, writer: OutboxWriter, wanted: Wanted, done: PutBack) -> None:
    draft = folder / f"{ASIDE}.{os.getpid()}"
    full: OutboxFull | None = None
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        lines = _lines(folder)
        while some := list(islice(lines, _EVENTS_AT_ONCE)):
            trial = PutBack()
            judged = [(line, None if full else _judge(line, wanted, trial)) for line in some]
            chosen = [refused for _, refused in judged if refused is not None]
            if chosen:
                try:
                    writer.append([wire.framed(one.body, hash_of(wire.record_of(one.body).key)) for one in chosen])
                except OutboxFull as error:
                    full = error
                    judged = [(line, None) for line in some]
                    trial.back.clear()
            done.back += trial.back
            done.left += trial.left
            done.unreadable += trial.unreadable
            write_all(descriptor, b"".join(line for line, refused in judged if refused is None))
        os.fsync(descriptor)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    draft.replace(folder / ASIDE)
    sync_folder(folder)
    if full is not None:
        full.taken = done.back.total()
        raise full


def _lines(folder: Path) -> Iterator[bytes]:
    """Whole lines of the file as it is now."""
    try:
        with (folder / ASIDE).open("rb") as lines:
            for line in lines:
                if line.strip():
                    yield line if line.endswith(b"\n") else line + b"\n"
    except FileNotFoundError:
        return


def _judge(line: bytes, wanted: Wanted, found: PutBack) -> Refused | None:
    """The event of a line that is to go back; counts it."""
    refused = read_line(line)
    if refused is None or not refused.body:
        found.unreadable += 1
        return None
    if refused in wanted:
        found.back[refused.reason] += 1
        return refused
    found.left[refused.reason] += 1
    return None
