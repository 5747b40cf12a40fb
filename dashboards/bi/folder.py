"""A folder that an export is written into. It remembers what was written, so that the next export replaces that and nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from touchline.errors import WrongUsage

# Without the ending .json: Grafana reads every such file in its folder as a dashboard.
RECORD = ".touchline-export"


def write_export(folder: Path, tool: str, files: Mapping[str, bytes]) -> list[str]:
    """Write the files of one tool, by their names within the folder; returns the names of older ones that were removed.

    The folder is new, empty, or holds an earlier export for the same tool. Raises WrongUsage for any other folder, for one in which an
    exported file was changed by hand, and where the system does not let us write.
    """
    try:
        before = _before(folder, tool)
        _refuse_to_lose(folder, before, files)
        folder.mkdir(parents=True, exist_ok=True)
        # A run that is cut off leaves files that are half new: until all are written, any content of them may be replaced.
        _record(folder, tool, dict.fromkeys([*before, *files]))
        gone = [name for name in before if name not in files]
        for name in gone:
            (folder / name).unlink(missing_ok=True)
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        _record(folder, tool, {name: _digest(content) for name, content in files.items()})
    except OSError as error:
        raise WrongUsage(
            f"cannot write the export into {folder}: {error.strerror}", "name a folder that you may write into"
        ) from None
    return gone


def _before(folder: Path, tool: str) -> dict[str, str | None]:
    """Names and digests of what an earlier export wrote; nothing for a new or empty folder."""
    if folder.exists() and not folder.is_dir():
        raise WrongUsage(f"{folder} is a file", "name a new or an empty folder")
    if not folder.exists() or not any(folder.iterdir()):
        return {}
    try:
        written = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        of_tool, digests = written["tool"], dict(written["files"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        raise WrongUsage(f"{folder} is not empty, and no export is in it", "name a new or an empty folder") from None
    if of_tool != tool:
        raise WrongUsage(f"{folder} holds an export for {of_tool}", "name a folder for each tool")
    return digests


def _refuse_to_lose(folder: Path, before: Mapping[str, str | None], files: Mapping[str, bytes]) -> None:
    for name in sorted({*before, *files}):
        path = folder / name
        if not path.exists():
            continue
        if name not in before:
            raise WrongUsage(f"{path} is not of an export", "name a new or an empty folder, or move that file away")
        digest = before[name]
        if digest is not None and digest != _digest(path.read_bytes()):
            raise WrongUsage(
                f"{path} was changed since it was exported", "name a new folder, or remove that file to get it anew"
            )


def _record(folder: Path, tool: str, digests: Mapping[str, str | None]) -> None:
    text = json.dumps({"tool": tool, "files": dict(sorted(digests.items()))}, indent=1) + "\n"
    half = folder / f"{RECORD}.half"
    half.write_text(text, encoding="utf-8")
    half.replace(folder / RECORD)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
