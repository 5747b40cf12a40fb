"""Fronts that speak as the collectors of well-known analytics tools do: one file a protocol, one core."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from touchline.producers.collector.vendors.front import Tongue, VendorFront
from touchline.producers.collector.vendors.names import load_names, shipped_names
from touchline.producers.collector.vendors.segment import Segment

TONGUES: Final[Sequence[Tongue]] = (Segment(),)


def fronts_of(names_file: Path | None) -> Sequence[VendorFront]:
    """All of them, by the names of that file, or of the one that is shipped. Raises WrongUsage."""
    names = shipped_names() if names_file is None else load_names(names_file)
    return [VendorFront(tongue, names) for tongue in TONGUES]
