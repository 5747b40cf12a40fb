"""The register of erasures: what remains of requests to erase, as a file beside the backups.

A backup from before a request holds the person. The register outlives it: from it a restore knows whom to erase again. It names nobody:
digests under the erasure secret, which is a file of its own, and spans, and times.

Why: docs/decisions/0191.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from clickhouse_driver import Client
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from touchline.errors import TouchlineError, WrongUsage

REGISTER_NAME: Final = "erasures.json"
"""Of the register beside a backup's folder."""
FORMAT: Final = 1
_MODE: Final = 0o600
_OF_ERASURES: Final = (
    "request",
    "how",
    "identifier_type",
    "digest",
    "secret_id",
    "after_time",
    "until_time",
    "asked_at",
)
_OF_STATES: Final = ("request", "state", "at", "certificate")


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Erasure(_Row):
    """What remains of one identifier of a request: a row of `journey_raw.erasures` without number and identifier."""

    request: str
    how: str
    identifier_type: str
    digest: str
    secret_id: str
    after_time: AwareDatetime
    until_time: AwareDatetime
    asked_at: AwareDatetime

    @property
    def key(self) -> tuple[str, str, str, str, datetime, datetime]:
        """The same for a row that was written again after a restore."""
        return (self.request, self.how, self.digest, self.secret_id, self.after_time, self.until_time)


class ErasureState(_Row):
    """How far a request had come at a time: a row of `journey_raw.erasure_states`."""

    request: str
    state: str
    at: AwareDatetime
    certificate: str


class Register(_Row):
    """All requests so far. `newest` is the highest number that a row ever had: workers that ran before a restore have read up to it.
    `beside` are the folders in which a copy stands, beside backups."""

    format: int = FORMAT
    written_at: AwareDatetime
    newest: int = Field(0, ge=0)
    beside: tuple[str, ...] = ()
    erasures: tuple[Erasure, ...] = ()
    states: tuple[ErasureState, ...] = ()

    def joined(self, other: Register) -> Register:
        """What either of the two knows."""
        # Of rows with one key the one that was asked for first is kept.
        rows = sorted(
            (*self.erasures, *other.erasures), key=lambda one: (-one.asked_at.timestamp(), one.identifier_type)
        )
        erasures = {one.key: one for one in rows}
        states = dict.fromkeys((*self.states, *other.states))
        return Register(
            written_at=max(self.written_at, other.written_at),
            newest=max(self.newest, other.newest),
            beside=tuple(sorted({*self.beside, *other.beside})),
            erasures=tuple(sorted(erasures.values(), key=lambda one: (one.asked_at, one.key))),
            states=tuple(sorted(states, key=lambda one: (one.at, one.request, one.state))),
        )

    @classmethod
    def read(cls, path: Path) -> Register | None:
        """None where there is no file. Raises WrongUsage where there is one that cannot be read, or of another release's format."""
        try:
            found = cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            raise WrongUsage(
                f"the register of erasures {path} cannot be read ({type(error).__name__})",
                "put a whole copy in its place: one stands in erasure_register_file and one beside each backup",
            ) from None
        if found.format != FORMAT:
            raise WrongUsage(
                f"the register of erasures {path} has format {found.format}",
                "use the release that wrote it, or a newer one",
            )
        return found


class Written(NamedTuple):
    """A register that was written: into which files, and those of its copies whose folders were not to be found or not writable."""

    register: Register
    paths: list[Path]
    missed: list[Path]


def write_register(client: Client, path: Path, beside: Path | None = None, now: datetime | None = None) -> Written:
    """Write what ClickHouse has of requests to erase, and what the file has already, into the file and its copies; `beside`: a folder in
    which a copy stands from now on. Called with each request, whenever one has come further, and with each backup.

    Nothing leaves the file. Raises TouchlineError where the file itself cannot be written, and WrongUsage where it cannot be read.
    """
    found = read_tables(client, now or datetime.now(UTC))
    if beside is not None:
        found = found.model_copy(update={"beside": (str(beside.absolute()),)})
    before = Register.read(path)
    register = found if before is None else found.joined(before)
    beside_backups = (Path(folder) / REGISTER_NAME for folder in register.beside)
    copies = [copy for copy in beside_backups if copy.resolve() != path.resolve()]
    for copy in copies:
        try:
            known = Register.read(copy)
        except WrongUsage:
            continue  # it is written anew from what is known
        register = register if known is None else register.joined(known)
    text = register.model_dump_json(indent=1) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _replace(path, text)
    except OSError as error:
        raise TouchlineError(
            f"the register of erasures {path} cannot be written ({error.strerror or type(error).__name__})",
            "free space there, mend its rights, or name another file in erasure_register_file: without it a restored backup brings "
            "back whom you erased",
        ) from None
    missed = [copy for copy in copies if not _is_replaced(copy, text)]
    return Written(register, [path, *(copy for copy in copies if copy not in missed)], missed)


def read_tables(client: Client, now: datetime) -> Register:
    """What ClickHouse has of requests to erase, without any identifier."""
    # A row of another kind asks workers for a mark, once, and is of no use later.
    erasures = client.execute(
        f"SELECT {_texts(_OF_ERASURES)} FROM journey_raw.erasures WHERE how IN ('erase', 'anonymise')"
    )
    states = client.execute(f"SELECT {_texts(_OF_STATES)} FROM journey_raw.erasure_states")
    ((newest,),) = client.execute("SELECT max(number) FROM journey_raw.erasures")
    empty = Register(written_at=now)
    return Register(
        written_at=now,
        newest=newest,
        erasures=tuple(Erasure.model_validate(dict(zip(_OF_ERASURES, row, strict=True))) for row in erasures),
        states=tuple(ErasureState.model_validate(dict(zip(_OF_STATES, row, strict=True))) for row in states),
    ).joined(empty)


def read_registers(folder: Path | None, path: Path) -> Register:
    """What a restore of this folder is to know: the register in the file, and the copy beside the backup. Raises WrongUsage where there
    is neither, or one cannot be read."""
    paths = [path] if folder is None else [path, folder.parent / REGISTER_NAME]
    found = [one for one in map(Register.read, paths) if one is not None]
    if not found:
        raise WrongUsage(
            f"there is no register of erasures ({' nor '.join(map(str, paths))}): "
            "whoever was erased after this backup was taken would be back",
            "put the newest copy of it there (every backup has written one); only if there is none, restore with --without-erasures",
        )
    first, *rest = found
    return first.joined(rest[0]) if rest else first


def _texts(names: Iterable[str]) -> str:
    return ", ".join(
        f"toString({name})" if name in ("how", "identifier_type", "secret_id", "state") else name for name in names
    )


def _is_replaced(path: Path, text: str) -> bool:
    try:
        _replace(path, text)
    except OSError:
        return False
    return True


def _replace(path: Path, text: str) -> None:
    """A reader sees all of the old file or all of the new one, also after a crash."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _MODE), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
