"""Imports one file by a mapping: its key in the journal, its rows, and what is said of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from touchline.errors import WrongUsage
from touchline.producers.imports.contested import ContestedIds
from touchline.producers.imports.exports.expand import LeftOut
from touchline.producers.imports.journal import ImportJournal, content_hash
from touchline.producers.imports.mapping.mapper import Mapper
from touchline.producers.imports.mapping.model import Mapping
from touchline.producers.imports.rows.chosen import ChosenRows
from touchline.producers.imports.rows.row import RowFile
from touchline.producers.imports.send import send_rows
from touchline.producers.imports.verdicts import RowVerdicts
from touchline.producers.producer import EventProducer
from touchline.producers.undeclared import UndeclaredSources


class SourceMissing(WrongUsage):
    """The one source of all rows of a mapping is not declared."""


def work_of(journal: ImportJournal, file: Path, mapping: Mapping) -> bytes:
    """The key of importing what stands in the file now, by that mapping."""
    return journal.work(b"file", mapping.content_hash().encode(), content_hash(file))


def send_file(
    name: Path | str,
    rows: RowFile,
    mapping: Mapping,
    producer: EventProducer,
    journal: ImportJournal | None,
    work: bytes,
    *,
    advance: Callable[[int], None],
    say: Callable[[str], None],
    contested: ContestedIds | None = None,
) -> RowVerdicts:
    """Sends an open file, called `name` in messages, and closes it. `say` hears of each refused row at once, at the end of sources that
    are not declared, of what the file holds beside rows, and of columns that no row has. Raises SourceMissing where the one source of all
    rows is not declared: then nothing is sent."""
    mapper, undeclared = Mapper(mapping), UndeclaredSources()
    try:
        if isinstance(mapping.source, str) and not producer.takes(mapping.source):
            raise SourceMissing(
                f"the source {mapping.source} of the mapping is not declared, so every row would be refused; nothing was sent",
                "declare it in sources.yaml with its legal basis, or correct `source` in the mapping",
            )
        verdicts = send_rows(
            rows,
            mapper,
            producer,
            journal,
            work,
            advance=advance,
            say=lambda verdict: say(f"{name}: {verdict}"),
            contested=contested,
            undeclared=undeclared,
        )
        if isinstance(rows, ChosenRows):
            verdicts.left_out = rows.passed_over
    finally:
        rows.close()
        for sentence in undeclared.sentences("row"):
            say(f"{name}: {sentence}")
    left_out = getattr(rows, "left_out", None)
    if isinstance(left_out, LeftOut) and left_out.counts:
        say(f"{name}: {left_out.sentence()}")
    if rows.columns is None and verdicts.rows > verdicts.rejected:
        for column, field in mapper.unseen.items():
            say(f"{name}: no row has {column!r}, which the mapping reads as {field}; is it spelt so?")
    return verdicts
