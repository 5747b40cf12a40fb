"""Signed links for tills: to a question about a receipt, or at a place.

    POST /v1/links  {"question": "csat_here", "touchpoint": "store_purchase", "source": "retail-pos", "receipt": "r-1"}
    POST /v1/links  {"question": "nps_here", "touchpoint": "store_visit", "place": "store-12"}

A receipt has one link however often it is asked for: its ask is found again, with its end. The link of a place ends with a UTC day, so it
is the same all day. `touchline surveys link` makes the same links by hand.

Why: docs/decisions/0208.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from weakref import WeakValueDictionary

import orjson

from touchline.errors import WrongUsage
from touchline.schemas.journey.problems import did_you_mean
from touchline.schemas.times import US_PER_SECOND, format_time
from touchline.service.problem import RequestRefused
from touchline.surveys.asks import StoredAsk
from touchline.surveys.links import Link, kiosk_url, question_url, sign
from touchline.surveys.questions import Question
from touchline.surveys.receipts import receipt_ask
from touchline.surveys.server.desk import Desk

PATH: Final = "/v1/links"
DAYS: Final = 365
_DAYS_MAX: Final = 3_660
_DAY_S: Final = 86_400
_TEXTS: Final = ("question", "touchpoint", "place", "source", "receipt", "language")
_CHARACTERS_MAX: Final = 256
_EXAMPLE: Final = 'send {"question": "…", "touchpoint": "…"} with "place", or with "source" and "receipt"'


class LinkAsked(NamedTuple):
    """What a link is asked for: a place, or a receipt with its source; `days` is how long it may be used."""

    question: str
    touchpoint: str
    place: str
    source: str
    receipt: str
    language: str
    days: float


class Linking:
    """For one event loop. `url` is where customers reach the surveys."""

    def __init__(self, desk: Desk, url: str) -> None:
        self._desk = desk
        self._url = url
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def link(self, body: bytes) -> dict[str, Any]:
        """The link as values for JSON; of a receipt the ask behind it is safe when this returns. Raises RequestRefused, TouchlineError."""
        wanted = read_wanted(body)
        question = self._question(wanted)
        now_us = self._desk.now_us()
        # Up to the end of the day: whoever asks again at once is given the same.
        expires_s = -(-round(now_us / US_PER_SECOND + wanted.days * _DAY_S) // _DAY_S) * _DAY_S
        link = Link("place", expires_s, wanted.language, "", wanted.place, wanted.touchpoint, wanted.question)
        if wanted.receipt:
            stored = await self._of_receipt(wanted, question, now_us, expires_s)
            link = Link("receipt", -(-stored.ask.expires_us // US_PER_SECOND), wanted.language, stored.ask.id)
        try:
            text = sign(self._desk.secret, link)
        except WrongUsage as error:
            raise RequestRefused(400, error.what, error.hint) from None
        said = {"link": question_url(self._url, text), "expires_at": format_time(link.expires_s * US_PER_SECOND)}
        return said if wanted.receipt else said | {"kiosk": kiosk_url(self._url, text)}

    async def _of_receipt(self, wanted: LinkAsked, question: Question, now_us: int, expires_s: int) -> StoredAsk:
        """The ask of the receipt, which is written where there is none."""
        language = wanted.language or question.language_for(self._desk.language)
        about = (wanted.touchpoint, wanted.source, wanted.receipt)
        ask = receipt_ask(self._desk.secret, question, language, *about, now_us, expires_s * US_PER_SECOND)
        async with self._turns.setdefault(ask.id, asyncio.Lock()):
            stored = await self._desk.find(ask.id)
            if stored is None:
                if self._desk.remembered.is_full:
                    raise RequestRefused(503, "the ledger is far behind", "ask again in a minute", retry_after=30)
                stored = StoredAsk(ask, "invited", now_us)
                await self._desk.write(stored)
        if stored.ask.touchpoint != wanted.touchpoint:
            hint = "one receipt is of one touchpoint: name the one of the first request"
            raise RequestRefused(409, "the receipt has a link about another touchpoint", hint, field="touchpoint")
        return stored

    def _question(self, wanted: LinkAsked) -> Question:
        found = self._desk.question(wanted.question)
        if found is None:
            hint = did_you_mean(wanted.question, list(self._desk.catalogue.questions))
            raise RequestRefused(400, "there is no question of that id", hint, field="question")
        if wanted.language and wanted.language not in found.wordings:
            hint = f"it has {', '.join(found.wordings)}; or leave the language out"
            raise RequestRefused(400, "the question has no words in that language", hint, field="language")
        return found


def read_wanted(body: bytes) -> LinkAsked:
    """What a request asks for. Raises RequestRefused."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        raise RequestRefused(400, "the request is no JSON object", _EXAMPLE)
    if unknown := [name for name in document if name not in (*_TEXTS, "days")]:
        raise RequestRefused(
            400, f"{len(unknown)} of the fields are not known", f"known are {', '.join((*_TEXTS, 'days'))}"
        )
    texts = {name: _text(document, name) for name in _TEXTS}
    for name in ("question", "touchpoint"):
        if not texts[name]:
            raise RequestRefused(400, f"the request has no {name}", _EXAMPLE, field=name)
    if bool(texts["place"]) == bool(texts["receipt"]):
        raise RequestRefused(400, "the link is of a place or of a receipt", _EXAMPLE)
    if bool(texts["source"]) != bool(texts["receipt"]):
        raise RequestRefused(400, "a receipt is named by its source and its id", "give both: source and receipt")
    return LinkAsked(**texts, days=_days(document))


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name, "")
    is_one = isinstance(value, str) and len(value) <= _CHARACTERS_MAX and value.isprintable() and "@" not in value
    if not is_one or (name in document and not value):
        hint = f"give 1 to {_CHARACTERS_MAX} printable characters and no mail address, or leave it out"
        raise RequestRefused(400, f"{name} is no name", hint, field=name)
    return str(value)


def _days(document: Mapping[str, Any]) -> float:
    value = document.get("days", DAYS)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _DAYS_MAX:
        raise RequestRefused(400, "days is no number of days", f"give up to {_DAYS_MAX}, or leave it out", field="days")
    return float(value)
