"""May an event be kept? Under the legal basis `consent` only with a grant; senders and workers ask the same function."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from touchline.schemas.events import CONSENT
from touchline.schemas.sources import Source


def lacks_consent(event: Mapping[str, Any], source: Source) -> bool:
    """Whether a checked event may not be kept (defaults may be left out). What says that consent was given or withdrawn itself may."""
    if not source.needs_consent or event["type"] == CONSENT:
        return False
    consent = event.get("consent")
    return not source.permits(None if consent is None else consent.get("purposes"))
