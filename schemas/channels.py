"""The channels everybody knows, and whether they are online. A map may name others and then says `online` itself."""

from __future__ import annotations

# fmt: off
ONLINE_CHANNELS = frozenset({
    "affiliate", "app", "chat", "display", "email", "forum", "marketplace", "messenger", "push", "review", "search", "sms",
    "social", "video", "web",
})
OFFLINE_CHANNELS = frozenset({
    "call_centre", "cinema", "event", "field_service", "kiosk", "outdoor", "partner", "phone", "post", "print", "radio",
    "store", "tv", "word_of_mouth",
})
# fmt: on


def is_online_channel(channel: str) -> bool:
    """True for a known online channel; unknown channels count as offline (nothing proves the contrary)."""
    return channel in ONLINE_CHANNELS
