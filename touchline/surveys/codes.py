"""A link as a QR code, to be printed: SVG or PNG by the ending of the file's name."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import segno

from touchline.errors import WrongUsage

_ENDINGS: Final = (".svg", ".png")
_SCALE: Final = 8
_QUIET: Final = 4
"""Modules around the code, as the standard (ISO/IEC 18004) asks for."""


def write_code(address: str, path: Path) -> None:
    """Write the code of an address; one of 15 % spoilt is still read. Raises WrongUsage where the file cannot be one."""
    ending = path.suffix.lower()
    if ending not in _ENDINGS:
        raise WrongUsage(f"a code is written as {' or '.join(_ENDINGS)}", "end the file's name so: --qr code.svg")
    code = segno.make(address, error="m", micro=False)
    try:
        code.save(str(path), kind=ending[1:], scale=_SCALE, border=_QUIET)
    except OSError as error:
        raise WrongUsage(f"{path} cannot be written ({type(error).__name__})", "check the folder") from None
