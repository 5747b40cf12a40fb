"""A secret that never changes, as a file: one line, the hex of 32 bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from touchline.errors import WrongUsage

SECRET_BYTES: Final = 32


def read_secret(path: Path, name: str, whose: str) -> bytes:
    """The secret called `name` in messages; `whose` says who needs the same. Raises WrongUsage, without what stands there."""
    hint = f"it holds one line of {2 * SECRET_BYTES} hex digits, mode 0600; `touchline up` makes one for the local stack; {whose}"
    try:
        secret = bytes.fromhex(path.read_text(encoding="utf-8").strip())
    except (OSError, ValueError) as error:
        raise WrongUsage(f"the {name} file {path} cannot be used ({type(error).__name__})", hint) from None
    if len(secret) != SECRET_BYTES:
        raise WrongUsage(f"the {name} file {path} holds {len(secret)} bytes", hint)
    return secret
