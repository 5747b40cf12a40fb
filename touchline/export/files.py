"""The export as two files that only their owner may read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from touchline.errors import WrongUsage

JSON_FILE: Final = "export.json"
PAGE_FILE: Final = "export.html"
_FOLDER_MODE: Final = 0o700
_FILE_MODE: Final = 0o600


def require_room(folder: Path) -> None:
    """Raises WrongUsage where an export lies in the folder already: it may be somebody else's."""
    if folder.exists() and not folder.is_dir():
        raise WrongUsage(f"{folder} is no folder", "name a folder, or one that is not there yet")
    if there := [name for name in (JSON_FILE, PAGE_FILE) if (folder / name).exists()]:
        raise WrongUsage(
            f"{folder / there[0]} is there already", "name another folder, or take the earlier export away"
        )


def write_files(folder: Path, texts: dict[str, str]) -> list[Path]:
    """Name -> text. A file is whole or not there. Raises WrongUsage where the folder cannot be written."""
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
        for name, text in texts.items():
            draft = folder / f".{name}.{os.getpid()}"
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE), "wb") as file:
                file.write(text.encode("utf-8", "replace"))
            draft.replace(folder / name)
            written.append(folder / name)
    except OSError as error:
        raise WrongUsage(
            f"the export cannot be written to {folder} ({error.strerror or type(error).__name__})",
            "name a folder that this user may write to, with room on its disk",
        ) from None
    return written
