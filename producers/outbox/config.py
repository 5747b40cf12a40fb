"""Where an outbox is and how much it takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from touchline.errors import WrongUsage

if TYPE_CHECKING:
    from touchline.settings.senders import OutboxSettings

Durability = Literal["os", "disk"]
"""When `emit` returns: once the operating system has the record (it survives a kill of the process, not a loss of
power), or once the disk has."""

DEFAULT_LIMIT_BYTES: Final = 256 << 20
DEFAULT_BLOCK_SECONDS: Final = 10.0
SMALLEST_LIMIT_BYTES: Final = 4 << 20
SEGMENT_BYTES: Final = 8 << 20


@dataclass(frozen=True)
class OutboxConfig:
    """One folder is one outbox, for one topic; all processes that name it share it, and should agree on the rest.

    `limit_bytes` bounds what waits; on disk there may be `segment_bytes` and a little more beside. A full outbox makes
    `emit` wait `block_seconds` (0: not at all) before it raises OutboxFull.
    """

    folder: Path
    limit_bytes: int = DEFAULT_LIMIT_BYTES
    block_seconds: float = DEFAULT_BLOCK_SECONDS
    durability: Durability = "os"
    segment_bytes: int = field(default=SEGMENT_BYTES, repr=False)

    def __post_init__(self) -> None:
        if self.limit_bytes < SMALLEST_LIMIT_BYTES:
            raise WrongUsage(
                f"the limit of the outbox is {self.limit_bytes:,} bytes",
                f"give it at least {SMALLEST_LIMIT_BYTES:,}: one event may have 900,000",
            )
        if self.block_seconds < 0 or self.segment_bytes < 1:
            raise WrongUsage("block_seconds or segment_bytes of the outbox is negative", "leave it out")
        if self.durability not in ("os", "disk"):
            raise WrongUsage(f"durability {self.durability!r} is not known", 'write "os" or "disk"')

    @classmethod
    def from_settings(cls, settings: OutboxSettings, folder: Path | None = None) -> OutboxConfig:
        """What touchline.toml says; `folder` instead of its `outbox_dir`, one of which must be given."""
        chosen = folder or settings.outbox_dir
        if chosen is None:
            raise WrongUsage("no outbox is configured", "set outbox_dir in touchline.toml, or name a folder")
        return cls(chosen, settings.outbox_limit_bytes, settings.outbox_block_seconds, settings.outbox_durability)

    @classmethod
    def of(cls, given: OutboxConfig | Path | str) -> OutboxConfig:
        """A folder's name stands for the outbox there with the usual bounds."""
        config = given if isinstance(given, OutboxConfig) else cls(Path(given))
        return config if config.folder.is_absolute() else _absolute(config)


def _absolute(config: OutboxConfig) -> OutboxConfig:
    # A program that changes its working folder must not find another outbox.
    return OutboxConfig(
        config.folder.absolute(), config.limit_bytes, config.block_seconds, config.durability, config.segment_bytes
    )
