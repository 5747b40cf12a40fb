"""What the commands that import have in common: the journal, and how verdicts are told."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from touchline.cli.sending import Advance, open_producer, waiting_note
from touchline.errors import WrongUsage
from touchline.producers.imports.dry import DryProducer
from touchline.producers.imports.journal import ImportJournal, content_hash
from touchline.producers.imports.mapping.mapper import Mapper
from touchline.producers.imports.mapping.model import Mapping
from touchline.producers.imports.rows import RowFile
from touchline.producers.imports.send import send_rows
from touchline.producers.imports.verdicts import RowVerdict, RowVerdicts
from touchline.producers.producer import EventProducer
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.sources import load_sources
from touchline.settings import Settings


def open_journal(settings: Settings) -> ImportJournal:
    """The journal of this machine's imports into the configured topic."""
    return ImportJournal(settings.local_dir / "imports.sqlite3", f"{settings.kafka_bootstrap} {settings.topic}")


def open_sender(settings: Settings, outbox: Path | None, *, is_dry: bool) -> EventProducer:
    """The configured producer, or for a dry run one that checks and sends nothing (and needs no Kafka)."""
    if not is_dry:
        return open_producer(settings, outbox)
    has_key = settings.person_key_file.is_file()
    keys = PersonKeys.from_file(settings.person_key_file) if has_key else PersonKeys("dry", bytes(32))
    return DryProducer(person_keys=keys, sources=load_sources(settings.sources_file))


def work_of(journal: ImportJournal, file: Path, mapping: Mapping) -> bytes:
    """The key of importing what stands in the file now, by that mapping."""
    return journal.work(b"file", mapping.content_hash().encode(), content_hash(file))


def send_file(
    file: Path,
    rows: RowFile,
    mapping: Mapping,
    producer: EventProducer,
    journal: ImportJournal | None,
    work: bytes,
    advance: Advance,
) -> RowVerdicts:
    """Sends an open file, telling each refused row on stderr, and closes it."""

    def say(verdict: RowVerdict) -> None:
        print(f"{file}: {verdict}", file=sys.stderr)

    mapper = Mapper(mapping)
    try:
        verdicts = send_rows(rows, mapper, producer, journal, work, advance=advance, say=say)
    finally:
        rows.close()
    if rows.columns is None and verdicts.rows > verdicts.rejected:
        for column, field in mapper.unseen.items():
            print(
                f"{file}: no row has {column!r}, which the mapping reads as {field}; is it spelt so?", file=sys.stderr
            )
    return verdicts


def sentence(file: Path, verdicts: RowVerdicts, *, verb: str = "sent", waiting: int = 0) -> str:
    """For people."""
    refused_before = f", {verdicts.skipped_rejected:,} of them refused" if verdicts.skipped_rejected else ""
    skipped = f"; {verdicts.skipped:,} rows were done by a run before{refused_before}" if verdicts.skipped else ""
    refused = f", refused {verdicts.rejected:,} rows" if verdicts.rejected else ""
    if verdicts.quarantined:
        refused += f" ({verdicts.quarantined:,} new in the quarantine)"
    return f"{file}: {verb} {verdicts.accepted:,} events{refused}{skipped}{waiting_note(waiting)}"


def as_json(file: Path, verdicts: RowVerdicts, **more: Any) -> str:
    """For scripts."""
    return json.dumps({"file": str(file), **asdict(verdicts), **more})


def require_file(file: Path, commands: str) -> None:
    """Raises WrongUsage where there is no such file."""
    if file.is_dir():
        raise WrongUsage(f"{file} is a folder", "watch it: touchline import watch FOLDER --mapping M.yaml")
    if not file.is_file():
        raise WrongUsage(
            f"there is no file {file}", f"give the path of a CSV, NDJSON or Parquet file, or a command: {commands}"
        )
