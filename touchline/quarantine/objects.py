"""`touchline quarantine --json`: what scripts read. No value of an event, unless asked."""

from __future__ import annotations

import base64
from typing import Any

from touchline.quarantine.entries import Entry
from touchline.quarantine.keep import Kept, State
from touchline.quarantine.replay import Replayed
from touchline.quarantine.shape import shape_lines


def entry_object(entry: Entry, state: State) -> dict[str, Any]:
    """One entry."""
    settled = {"outcome": entry.outcome, "note": entry.note, "settled_at": entry.settled_at} if entry.outcome else {}
    return {
        "position": entry.position,
        "received_at": entry.received_at,
        "source": entry.source or None,
        "event_id": entry.event_id or None,
        "reason": entry.reason,
        "field": entry.field or None,
        "bytes": state.value,
        **settled,
    }


def bytes_object(kept: Kept, raw: bool) -> dict[str, Any]:
    """Size and shape of its bytes; the bytes themselves only when asked."""
    if kept.state is not State.KEPT:
        return {}
    shown: dict[str, Any] = {"size": len(kept.value), "shape": shape_lines(kept.value)}
    return shown | ({"base64": base64.b64encode(kept.value).decode()} if raw else {})


def outcome_object(selected: int, outcome: Replayed, is_dry_run: bool) -> dict[str, Any]:
    """What a replay did, or would do."""
    refused = [why._asdict() | {"records": count} for why, count in outcome.refused.most_common()]
    return {
        "selected": selected,
        "settled": outcome.settled,
        "there_already": outcome.there_already,
        "sent": outcome.sent,
        "waiting": outcome.waiting,
        "refused": outcome.refused.total(),
        "refusals": refused,
        "is_dry_run": is_dry_run,
    }
