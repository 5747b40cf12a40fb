"""What the company's own sender says of an invitation: `POST /v1/invitations/{ask id}` with `{"disposition": "delivered"}` or bounced."""

from __future__ import annotations

import re
from typing import Any, Final

import orjson

from touchline.schemas.answer import Disposition
from touchline.schemas.times import format_time, parse_time
from touchline.service.problem import RequestRefused
from touchline.surveys.asked import RANK
from touchline.surveys.asks import StoredAsk
from touchline.surveys.server.desk import Desk

PATH: Final = "/v1/invitations/{ask_id}"
_SAID: Final[dict[str, Disposition]] = {"delivered": "delivered", "bounced": "bounced"}
_ASK_ID: Final = re.compile(r"[0-9a-f]{32}")
_KNOWN: Final = ("disposition", "time")


async def take_report(desk: Desk, ask_id: str, body: bytes) -> dict[str, Any]:
    """The ask as it stands after the report, as values for JSON. Reports may come twice and in any order: the most complete counts. Raises
    RequestRefused."""
    disposition, time_us = _read(body, desk.now_us())
    stored = await desk.find(ask_id) if _ASK_ID.fullmatch(ask_id) else None
    if stored is None or RANK[stored.disposition] < RANK["sampled"]:
        raise RequestRefused(404, "nobody was invited by this id", "give the `id` of an invitation, 32 hex digits")
    if RANK[disposition] > RANK[stored.disposition]:
        stored = StoredAsk(stored.ask, disposition, time_us)
        await desk.write(stored)
    return {"id": ask_id, "disposition": stored.disposition}


def _read(body: bytes, now_us: int) -> tuple[Disposition, int]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        raise RequestRefused(400, "the report is no JSON object", 'send {"disposition": "delivered"}')
    if unknown := [name for name in document if name not in _KNOWN]:
        raise RequestRefused(400, f"{len(unknown)} of the fields are not known", f"known are {', '.join(_KNOWN)}")
    said = document.get("disposition")
    disposition = _SAID.get(said) if isinstance(said, str) else None
    if disposition is None:
        hint = "send delivered, or bounced; answers come by the link"
        raise RequestRefused(400, "the disposition is none of a sender", hint, field="disposition")
    try:
        time_us = parse_time(document["time"]) if "time" in document else now_us
    except (ValueError, TypeError, AttributeError):
        time_us = now_us + 1
    if time_us > now_us:
        hint = f"write it as in {format_time(now_us)}, or leave it out"
        raise RequestRefused(400, "the time is none, or is to come", hint, field="time")
    return disposition, time_us
