"""The files of the mappings that ship."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from touchline.errors import WrongUsage
from touchline.schemas.journey.problems import did_you_mean

_FOLDER: Final = Path(__file__).parent


def ready_names() -> list[str]:
    """Of the mappings that ship, in alphabetical order."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def ready_text(name: str) -> str:
    """The file of a mapping that ships. Raises WrongUsage where there is none of that name."""
    names = ready_names()
    if name not in names:
        raise WrongUsage(f"no mapping {name} ships", did_you_mean(name, names))
    return (_FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
