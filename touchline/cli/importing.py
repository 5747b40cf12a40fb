"""What the commands that import have in common: the journal, the sender, and the check of the file that is named."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from touchline.cli.sending import open_producer
from touchline.errors import WrongUsage
from touchline.producers.content_key import ContentKey
from touchline.producers.imports.dry import DryProducer
from touchline.producers.imports.journal import ImportJournal
from touchline.producers.producer import EventProducer
from touchline.schemas.identifiers import PersonKeys
from touchline.schemas.sources import load_sources
from touchline.settings import Settings

MappingOption = Annotated[
    str,
    typer.Option(
        "--mapping", "-m", metavar="NAME|FILE", help="One that ships (`touchline import mappings`), or a YAML file."
    ),
]
SourceOption = Annotated[
    str | None,
    typer.Option("--source", help="Of all rows: a source that sources.yaml declares. For mappings that ship."),
]


def open_journal(settings: Settings) -> ImportJournal:
    """The journal of this machine's imports into the configured topic."""
    return ImportJournal(settings.local_dir / "imports.sqlite3", f"{settings.kafka_bootstrap} {settings.topic}")


def open_sender(settings: Settings, outbox: Path | None, *, is_dry: bool) -> EventProducer:
    """The configured producer, or for a dry run one that checks and sends nothing (and needs no Kafka)."""
    if not is_dry:
        return open_producer(settings, outbox)
    has_key = settings.person_key_file.is_file()
    keys = PersonKeys.from_file(settings.person_key_file) if has_key else PersonKeys("dry", bytes(32))
    has_content_key = settings.content_key_file.is_file()
    content_key = ContentKey.from_file(settings.content_key_file) if has_content_key else ContentKey(bytes(32))
    return DryProducer(person_keys=keys, content_key=content_key, sources=load_sources(settings.sources_file))


def to_stderr(line: str) -> None:
    """Where refused rows are named."""
    print(line, file=sys.stderr)


def require_file(file: Path, commands: str) -> None:
    """Raises WrongUsage where there is no such file."""
    if file.is_dir():
        raise WrongUsage(f"{file} is a folder", "watch it: touchline import watch FOLDER --mapping M.yaml")
    if not file.is_file():
        raise WrongUsage(
            f"there is no file {file}",
            f"give the path of a CSV, .xlsx, NDJSON or Parquet file, or a command: {commands}",
        )
