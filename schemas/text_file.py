"""Text files that people write by hand: keys, secrets, YAML."""

from __future__ import annotations

from pathlib import Path

from touchline.errors import WrongUsage


def read_text_file(path: Path, what: str, hint: str) -> str:
    """The file's text. Raises WrongUsage that calls the file `what`, without what stands in it, where it cannot be read or is no UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUsage(f"{what} cannot be read ({type(error).__name__})", hint) from None
