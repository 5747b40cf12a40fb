"""The local stack's secrets: made once, mode 0600, never shown."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

from touchline.settings import Settings

KEY_BYTES = 32
PASSWORD_BYTES = 24
SECRET_MODE = 0o600
FOLDER_MODE = 0o700


def ensure_secrets(settings: Settings) -> list[Path]:
    """Make the secret files that are missing; those that exist stay as they are. Returns the new ones."""
    return [path for path, make in _secrets(settings).items() if write_once(path, make)]


def secret_files(settings: Settings) -> list[Path]:
    """All files that must be readable by their owner only."""
    return list(_secrets(settings))


def is_private(path: Path) -> bool:
    """Readable by its owner only, and owned by this user."""
    found = path.stat()
    return stat.S_IMODE(found.st_mode) & 0o077 == 0 and found.st_uid == os.getuid()


def _secrets(settings: Settings) -> dict[Path, Callable[[], str]]:
    return {
        settings.clickhouse_password_file: lambda: secrets.token_urlsafe(PASSWORD_BYTES),
        settings.person_key_file: _new_key,
        settings.content_key_file: _new_secret,
        settings.payload_key_file: _new_key,
        settings.write_keys_file: _new_write_key,
        settings.erasure_secret_file: _new_secret,
        settings.survey_secret_file: _new_secret,
    }


def _new_key() -> str:
    """`<key id>:<hex of 32 bytes>`; the id tells keys apart after a rotation and says nothing of the key."""
    return f"{secrets.token_hex(4)}:{secrets.token_hex(KEY_BYTES)}"


def _new_secret() -> str:
    """Hex of 32 bytes: without an id, for it is never rotated."""
    return secrets.token_hex(KEY_BYTES)


def _new_write_key() -> str:
    """A key for every source, for this machine; give each sender one of its own (docs/senders/http.md)."""
    return f"local.{secrets.token_hex(KEY_BYTES)} *"


def write_once(path: Path, make: Callable[[], str]) -> bool:
    """Through a private file and a link, so that a reader or a second `up` sees a whole secret or none."""
    if path.exists():
        return False
    path.parent.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, SECRET_MODE)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(make() + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True
