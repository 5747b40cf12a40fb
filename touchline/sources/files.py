"""Files that people write and commands change: one command at a time, each replaced as a whole, with the owner that it had."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from touchline.errors import WrongUsage

SECRET_MODE: Final = 0o600
TEXT_MODE: Final = 0o644
_FOLDER_MODE: Final = 0o700


@contextmanager
def locked(*paths: Path) -> Iterator[None]:
    """Alone with these files among the commands that ask so: locks their folders, hence no file is left behind. Raises WrongUsage where a
    folder cannot be used."""
    with ExitStack() as held:
        for folder in sorted({path.resolve().parent for path in paths}):
            try:
                folder.mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
                descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
                held.callback(os.close, descriptor)
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            except OSError as error:
                raise WrongUsage(
                    f"the folder {folder} cannot be used ({error.strerror})", "run it as who may write there"
                ) from None
        yield


def text_of(path: Path, otherwise: str) -> str:
    """The text with its line breaks as they are; `otherwise` where there is no such file. Raises WrongUsage."""
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return otherwise
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUsage(f"{path} cannot be read ({type(error).__name__})", "it is text in UTF-8") from None


_OTHERS: Final = 0o007


def replace_text(path: Path, text: str, mode: int) -> None:
    """Write a file anew, so that a reader sees all of the old one or all of the new one. Owner and rights stay as they were, but
    nobody else reads a secret from then on; `mode` is that of a new file. Raises WrongUsage where it cannot be replaced so, and it is as it
    was."""
    place = path.resolve()  # a link stays one
    draft = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        _write(draft, text, place, mode)
        draft.replace(place)
    except OSError as error:
        raise WrongUsage(
            f"{path} cannot be replaced ({error.strerror})",
            "run it as the file's owner, and not in a container that has it read-only, or mounted as a single file",
        ) from None
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _write(draft: Path, text: str, place: Path, mode: int) -> None:
    before = place.stat() if place.exists() else None
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, SECRET_MODE)
    with os.fdopen(descriptor, "wb") as file:
        if before is not None:
            os.fchown(file.fileno(), before.st_uid, before.st_gid)
            held = stat.S_IMODE(before.st_mode)
            # A secret that everybody could read is its owner's from then on; one that a group reads, as a service may, stays so.
            mode = mode if mode == SECRET_MODE and held & _OTHERS else held
        os.fchmod(file.fileno(), mode)
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())
