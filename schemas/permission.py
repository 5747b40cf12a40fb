"""May an event be kept, and what may be made of it? Under the legal basis `consent` only what a grant covers; senders and workers ask the
same functions.

Why: docs/decisions/0190.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from touchline.schemas.events import CONSENT
from touchline.schemas.sources import Source

PROFILING: Final = "profiling"
"""Purpose for which identifiers are linked: without it an event counts under its own identifier alone."""
CONTACT_ME: Final = "contact_me"
"""Purpose for which a person may be written to: alerts that name somebody, invitations to a survey."""


def lacks_consent(event: Mapping[str, Any], source: Source) -> bool:
    """Whether a checked event may not be kept (defaults may be left out). What says that consent was given or withdrawn itself may."""
    if not source.needs_consent or event["type"] == CONSENT:
        return False
    consent = event.get("consent")
    return not source.permits(None if consent is None else consent.get("purposes"))


def may_link(event: Mapping[str, Any], source: Source) -> bool:
    """Whether what the checked event says of several identifiers may be used: under consent a grant must hold `profiling`. What says that
    consent was given or withdrawn may link: it must reach all identifiers that it names."""
    if not source.needs_consent or event["type"] == CONSENT:
        return True
    consent = event.get("consent")
    return consent is not None and PROFILING in consent["purposes"]
