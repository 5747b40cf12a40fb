"""How times are written in a column: by name, or as Python's strptime reads them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import AfterValidator

ISO: Final = "iso"
UNIX: Final = "unix"
UNIX_MS: Final = "unix_ms"


def _as_time_format(value: str) -> str:
    if value in (ISO, UNIX, UNIX_MS):
        return value
    if "%Z" in value.replace("%%", ""):
        raise ValueError(
            f"{value!r} reads the name of a zone and forgets it; write %z where the file has offsets, else zone"
        )
    written = datetime(2026, 1, 31, 21, 30, 15, tzinfo=UTC).strftime(value)
    try:
        read = datetime.strptime(written, value)
    except ValueError:
        read = datetime(1900, 1, 1)
    if read.year % 100 != 26 or (read.month, read.day) != (1, 31):
        raise ValueError(
            f"{value!r} does not name a day; write iso, unix, unix_ms, or a form such as %d.%m.%Y %H:%M:%S (as Python's strptime)"
        )
    if read.hour not in (0, 21):
        raise ValueError(f"{value!r} does not tell 9 in the morning from 9 in the evening; write %H, or %I with %p")
    return value


TimeFormat = Annotated[str, AfterValidator(_as_time_format)]
