"""What all senders have in common."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from touchline.errors import WrongUsage
from touchline.sinks.again import NotTaken

log = logging.getLogger("touchline.sinks")


class Sender(Protocol):
    """Brings things to one sink."""

    async def __call__(self, key: str, body: Mapping[str, Any]) -> None:
        """Returns when the other side has it, else raises NotTaken. `key` is the same whenever the same is brought."""

    async def close(self) -> None:
        """Lets go of connections."""


async def hand_over(sender: Sender, key: str, body: Mapping[str, Any]) -> None:
    """One try. Raises NotTaken alone: a sender with a fault fails its own sink, and ends none beside it."""
    try:
        await sender(key, body)
    except NotTaken:
        raise
    except Exception as error:
        log.exception("sender_failed")
        raise NotTaken(type(error).__name__) from None


def read_secret(path: Path, setting: str) -> bytes:
    """What a file of a sink holds, without white space around it; `setting` is where its path is written. Raises WrongUsage where it cannot
    be read, or is empty."""
    try:
        secret = path.read_bytes().strip()
    except OSError as error:
        raise WrongUsage(
            f"{path} cannot be read ({type(error).__name__})", f"check path and rights of {setting}"
        ) from None
    if not secret:
        raise WrongUsage(f"{path} is empty", f"write into it what {setting} is to hold")
    return secret
