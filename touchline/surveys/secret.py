"""The secret of the surveys: one line, hex of 32 bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from touchline.errors import WrongUsage

_BYTES: Final = 32


def read_survey_secret(path: Path) -> bytes:
    """32 bytes. Raises WrongUsage where the file cannot be used, without what stands there."""
    try:
        secret = bytes.fromhex(path.read_text(encoding="utf-8").strip())
    except (OSError, ValueError) as error:
        raise WrongUsage(
            f"the survey secret file {path} cannot be used ({type(error).__name__})",
            "it holds one line of 64 hex digits, mode 0600; `touchline up` makes one for the local stack",
        ) from None
    if len(secret) != _BYTES:
        raise WrongUsage(
            f"the survey secret in {path} has {len(secret)} bytes", "write one line of 64 random hex digits"
        )
    return secret
