"""`touchline import watch FOLDER --mapping M.yaml`: each file that is dropped there is sent once."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from touchline.cli.contested import STATUS, open_comparison, say_contested
from touchline.cli.importing import MappingOption, SourceOption, open_journal, to_stderr
from touchline.cli.progress import progress_on_stderr
from touchline.cli.sending import open_producer
from touchline.errors import EngineUnreachable, TouchlineError, WrongUsage
from touchline.producers.errors import DeliveryFailed, OutboxFull
from touchline.producers.imports.file import SourceMissing, send_file, work_of
from touchline.producers.imports.fit import Part, parts_of
from touchline.producers.imports.journal import ImportJournal
from touchline.producers.imports.mapping.model import Mapping
from touchline.producers.imports.mapping.revisions import is_revised
from touchline.producers.imports.ready.find import find_mapping
from touchline.producers.imports.rows.open import open_rows
from touchline.producers.imports.rows.row import FileDamaged
from touchline.producers.imports.watch import DropFolder
from touchline.schemas.sources_watch import SourcesWatch
from touchline.settings import Settings, load_settings


def import_watch(
    folder: Annotated[Path, typer.Argument(help="Where files are dropped.")],
    mapping: MappingOption,
    source: SourceOption = None,
    pattern: Annotated[str, typer.Option(help="Only files of such names.")] = "*",
    interval: Annotated[float, typer.Option(min=0.1, help="Seconds between looks.")] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="Send what is there, and end.")] = False,
    outbox: Annotated[Path | None, typer.Option(help="Through the durable outbox in this folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a file, a line each.")] = False,
) -> int:
    """Send the rows of every file that is dropped into a folder, until it is interrupted.

    A file is taken when nothing has been written to it between two looks, and once: what was sent is known by its content, also under
    another name and after a restart. Files stay where they are. When Kafka does not answer, it tries again at each look. With --once the
    exit status is 1 when rows were refused or a file could not be read, 3 when Kafka did not answer, 4 when ids came with other contents
    than before, under the same revision: each file says how many, what counts and what to do.

    Examples:

        touchline import watch inbox --mapping tills.yaml

        touchline import watch inbox --mapping tills.yaml --pattern '*.csv' --once --json
    """
    wanted = find_mapping(mapping, source)
    drops = DropFolder(folder, pattern)
    settings = load_settings()
    declared = SourcesWatch(settings.sources_file)
    with open_journal(settings) as journal, _noted_signals() as signals:
        watching = _Watching(wanted, settings, outbox, journal, declared, once, as_json)
        while not signals:
            watching.look(drops)
            if once:
                return watching.status
            time.sleep(0 if signals else interval)
    return 128 + signals[0]


@dataclass
class _Watching:
    """One run of the command: what it sends by, and the faults so far."""

    mapping: Mapping
    settings: Settings
    outbox: Path | None
    journal: ImportJournal
    declared: SourcesWatch
    is_once: bool
    is_json: bool
    faults: int = 0
    is_contested: bool = False
    waits_for_source: bool = False
    """The one source of the mapping is not declared: no file can be sent before sources.yaml changes."""

    @property
    def status(self) -> int:
        """The exit status of the only look."""
        return STATUS if self.is_contested else 1 if self.faults else 0

    def look(self, drops: DropFolder) -> None:
        """Send the files that are new. Raises what the producer raises where it is the only look."""
        self._look_at_sources()
        for file in () if self.waits_for_source else drops.look(is_settled=self.is_once):
            try:
                self._take(file)
            except SourceMissing as error:
                self.faults += 1
                self.waits_for_source = True
                again = "" if self.is_once else "; the files are sent as soon as sources.yaml declares it"
                _say(error.what, f"{error.hint}{again}")
                break
            except FileUnusable as error:
                self.faults += 1
                _say(error.what, error.hint)
            except (EngineUnreachable, DeliveryFailed, OutboxFull) as error:
                if self.is_once:
                    raise
                _say(error.what, "it tries again")
                break
            drops.mark(file)

    def _look_at_sources(self) -> None:
        if not self.declared.look():
            return
        self.waits_for_source = False
        if (problem := self.declared.problem) is not None:
            _say(problem.what, f"{problem.hint}; until then the declarations of before hold")

    def _take(self, file: Path) -> None:
        """Sends each part of a file whose content was not sent before."""
        try:
            parts = parts_of(file, self.mapping)
        except WrongUsage as error:
            raise FileUnusable(error.what, error.hint) from None
        for part in parts:
            self._take_part(file, part)

    def _take_part(self, file: Path, part: Part) -> None:
        mapping, journal = part.mapping, self.journal
        try:
            work = work_of(journal, file, mapping)
            if journal.is_finished(work):
                return
            rows = open_rows(file, mapping)
        except WrongUsage as error:
            raise FileUnusable(error.what, error.hint) from None
        shown, revised, sources = f"{file.name} {rows.unit}", is_revised(mapping), self.declared.sources
        with (
            open_producer(self.settings, self.outbox, sources) as producer,
            open_comparison(self.settings, revised=revised, sources=sources) as comparison,
            progress_on_stderr(shown, rows.size) as advance,
        ):
            try:
                verdicts = send_file(
                    part.named(file),
                    rows,
                    mapping,
                    producer,
                    journal,
                    work,
                    advance=advance,
                    say=to_stderr,
                    contested=comparison.ids,
                )
            except FileDamaged as error:
                raise FileUnusable(error.what, error.hint) from None
        journal.finish(work, file.name, verdicts.accepted, verdicts.rejected)
        more = {"question": part.question} if part.question else {}
        in_json = verdicts.as_json(file, not_compared=comparison.fault, **more) if self.is_json else ""
        print(in_json or verdicts.sentence(part.named(file)), flush=True)
        say_contested(part.named(file), verdicts.contested, revised=revised)
        comparison.say_fault()
        self.faults += verdicts.rejected
        self.is_contested = self.is_contested or bool(verdicts.contested)


class FileUnusable(TouchlineError):
    """One file cannot be read; the others can."""


@contextmanager
def _noted_signals() -> Iterator[list[int]]:
    """SIGTERM and SIGINT raise as ever, and are noted: an exception that meets a destructor of kafka-python's is lost there."""
    noted: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def note(number: int, frame: FrameType | None) -> None:
        noted.append(number)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + number)

    for number in before:
        signal.signal(number, note)
    try:
        yield noted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say(what: str, hint: str) -> None:
    print(f"error: {what}\nhint: {hint}", file=sys.stderr, flush=True)
