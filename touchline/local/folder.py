"""The folder of the local stack, looked at before anything is read or made in it."""

from __future__ import annotations

import os
from pathlib import Path

from touchline.errors import WrongUsage


def require_place(local_dir: Path) -> None:
    """Raises WrongUsage where a folder of that name is not and cannot be: a file stands there, or on the way to it."""
    there = next(one for one in (local_dir, *local_dir.parents) if os.path.lexists(one))
    if not there.is_dir():
        raise _unusable(local_dir, f"{there} is no folder")


def make_usable(local_dir: Path) -> None:
    """Make the folder if it is not there. Raises WrongUsage where that fails, or where nothing can be written into it."""
    require_place(local_dir)
    try:
        (local_dir / "run").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(local_dir, error.strerror or type(error).__name__) from None
    if not os.access(local_dir / "run", os.W_OK | os.X_OK):
        raise _unusable(local_dir, "it may not be written to")


def bytes_in(folder: Path) -> int:
    """Size of all files below a folder; 0 where there is none. Engines make and delete files meanwhile: what is gone counts nothing."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(parent) / name).lstat().st_size
            except OSError:
                continue
    return total


def _unusable(local_dir: Path, why: str) -> WrongUsage:
    return WrongUsage(
        f"the folder of the local stack cannot be used: {local_dir} ({why})",
        "set local_dir to a folder that you may write to",
    )
