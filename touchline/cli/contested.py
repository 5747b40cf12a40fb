"""What the commands that import say of contested ids, and how they come to compare them with the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from touchline.cli.importing import to_stderr
from touchline.errors import NotClean, TouchlineError
from touchline.producers.imports.contested import Contested, ContestedIds
from touchline.schemas.sources import Sources, load_sources
from touchline.settings import Settings
from touchline.wording import counted

if TYPE_CHECKING:
    from touchline.account.stored_versions import StoredVersions

STATUS = NotClean.exit_status
"""Exit status of an import that leaves contested ids behind."""
ANSWER_SECONDS = 30.0


class Comparison:
    """What an import has found of contested ids so far."""

    def __init__(self, ids: ContestedIds, stored: StoredVersions | None, fault: str, *, is_dry: bool) -> None:
        self.ids = ids
        self.is_dry = is_dry
        """Nothing is sent."""
        self._stored = stored
        self._fault = fault

    @property
    def fault(self) -> str:
        """Why known ids were not compared with the ledger, or not with all of it; empty where they were."""
        return self._fault if self._stored is None else self._stored.fault

    def say_fault(self) -> None:
        """One line where known ids were not compared."""
        if self.fault:
            to_stderr(f"known ids were not compared: {self.fault}")


@contextmanager
def open_comparison(
    settings: Settings, *, revised: bool, is_dry: bool = False, awaits: bool = True, sources: Sources | None = None
) -> Iterator[Comparison]:
    """For one import. `revised`: each row names its revision. `awaits`: what Kafka holds already may be a state before this one. Where the
    ledger cannot be asked, the import is compared with itself."""
    with ExitStack() as stack:
        stored, fault = None, ""
        try:
            stored = open_stored(settings, is_dry=is_dry, awaits=awaits)
        except ModuleNotFoundError:
            fault = "the extra `worker` is not installed here"
        except TouchlineError as error:
            fault = error.what
        known = None
        if stored is not None:
            from touchline.producers.imports.known import KnownIds  # needs the extra `worker`

            known = KnownIds(stored.ask, sources or load_sources(settings.sources_file), revised=revised)
            stack.callback(known.close)
            stack.callback(stored.close)  # first, so that nobody waits for an answer
        yield Comparison(stack.enter_context(ContestedIds(known)), stored, fault, is_dry=is_dry)


def open_stored(settings: Settings, *, is_dry: bool, awaits: bool) -> StoredVersions:
    """Raises ModuleNotFoundError without the extra `worker`, TouchlineError where nothing can be compared."""
    from touchline.account.stored_versions import StoredVersions
    from touchline.clickhouse.connect import connect
    from touchline.kafka.offsets import read_offsets

    if is_dry:  # without the keys its persons and ids would be others than those that are stored
        for name, path in (("person", settings.person_key_file), ("content", settings.content_key_file)):
            if not path.is_file():
                raise TouchlineError(f"there is no {name} key in {path}")
    try:
        kafka = read_offsets(settings) if awaits else None
    except TouchlineError:  # an outbox takes events without Kafka
        kafka = None
    return StoredVersions(connect(settings, timeout_seconds=ANSWER_SECONDS), kafka)


def contested_lines(found: Contested, *, hint: str, is_dry: bool) -> Iterator[str]:
    """For people: what is contested, what counts (would count, where `is_dry`), and how to say otherwise. `hint` is for known ids."""
    same = found.as_sent + found.as_stored
    verb = "would count" if is_dry else "now counts" if found.as_sent == 1 else "now count"
    if same:
        yield (
            f"{counted(same, 'known id')} came with other contents and no later revision. {found.as_sent:,} {verb} "
            f"as in this file, {found.as_stored:,} as before: the smaller hash decides"
        )
    if found.outdated:
        yield (
            f"{counted(found.outdated, 'known id')} came with other contents and an earlier revision than the one that is stored "
            f"(up to {found.stored_revision}). What is stored counts"
        )
    if found.known:
        yield f"hint: {hint}"
    if found.in_import:
        yield (
            f"{counted(found.in_import, 'id')} came more than once with different contents of the same revision. "
            f"One of them counts: the smaller hash decides"
        )
        yield "hint: name every column that tells rows apart in `id`, or the one that says when a row was changed in `revision`"


def say_contested(file: Path | str, found: Contested, *, revised: bool, is_dry: bool = False) -> None:
    """On the error stream, of one file."""
    if revised:
        hint = "several states of a row bear one revision: let the column that `revision` names change with the row"
    else:
        hint = (
            f"if this file is right, import it with --revision {found.stored_revision + 1}; or name the column that says when a row was "
            "changed in the mapping, `revision: {column: ...}`"
        )
    for line in contested_lines(found, hint=hint, is_dry=is_dry):
        to_stderr(line if line.startswith("hint: ") else f"{file}: {line}")


def say_contested_set(name: str, comparison: Comparison) -> int:
    """The same of a data set whose rows bear no revision; returns the exit status of the import."""
    hint = "another release sent these ids with other contents: begin with an empty ledger (./run clean)"
    for line in contested_lines(comparison.ids.total, hint=hint, is_dry=comparison.is_dry):
        to_stderr(line if line.startswith("hint: ") else f"{name}: {line}")
    comparison.say_fault()
    return STATUS if comparison.ids.total else 0
