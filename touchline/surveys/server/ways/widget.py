"""The question in pages of your own: a script of a few kilobytes, and what it asks for as JSON.

    GET  /w/touchline-ask.js   the script
    GET  /w/{link}             {"state": "asking", "question": {…}, "words": {…}, "scan": …}
    POST /w/{link}             {"answer": …, "comment": …, "said": …, "seal": …, "dismiss": true, "scan": …, "language": …}

Pages of the origins in `surveys_origins` may ask; the link is what lets them answer.

Why: docs/decisions/0208.
"""

from __future__ import annotations

from typing import Any, Final

import orjson
from aiohttp import web

from touchline.producers.collector.cors import Origins
from touchline.service.problem import RequestRefused
from touchline.surveys.server.asking import question_of
from touchline.surveys.server.standing import CatchUp
from touchline.surveys.server.ways.assets import FIXED, FOLLOWING, asset, serving
from touchline.surveys.server.ways.guests import Guests
from touchline.surveys.server.ways.opening import NothingToAnswer, Opened, Opening, Shut
from touchline.surveys.server.ways.pages import is_scan, new_scan
from touchline.surveys.server.ways.taking import Reply, State, Taking
from touchline.surveys.server.ways.words import words_for

WIDGET: Final = "/w"
SCRIPT_PATH: Final = "/w/touchline-ask.js"
SCRIPT: Final = asset("touchline-ask.min.js")
_TEXTS: Final = ("answer", "comment", "said", "seal", "scan", "language")
_STATUS: Final = {Shut.INVALID: 404, Shut.EXPIRED: 410, Shut.NOT_ASKED: 410}
_WORDS: Final = (
    "again",
    "dismiss",
    "dismissed",
    "empty",
    "empty_text",
    "later",
    "no_names",
    "optional",
    "send",
    "too_long",
)
_ANY_PAGE: Final = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
_ORIGIN_HINT: Final = "add the page's origin to surveys_origins, as in https://shop.example"


class Widget:
    """The routes of the widget."""

    def __init__(self, opening: Opening, taking: Taking, guests: Guests, catch_up: CatchUp, origins: list[str]) -> None:
        self._opening = opening
        self._taking = taking
        self._guests = guests
        self._catch_up = catch_up
        self._origins = Origins(origins, _ORIGIN_HINT, ("GET", "POST", "OPTIONS"))

    def add(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_get(SCRIPT_PATH, serving(SCRIPT, FOLLOWING, _ANY_PAGE), allow_head=False)
        app.router.add_get(SCRIPT.path, serving(SCRIPT, FIXED, _ANY_PAGE), allow_head=False)
        app.router.add_get(f"{WIDGET}/{{link}}", self._show, allow_head=False)
        app.router.add_post(f"{WIDGET}/{{link}}", self._take)
        app.router.add_options(f"{WIDGET}/{{link}}", self._origins.preflight)
        app.on_response_prepare.append(self._mark)

    async def _mark(self, request: web.Request, response: web.StreamResponse) -> None:
        if request.path.startswith(f"{WIDGET}/") and "link" in request.match_info:
            await self._origins.mark(request, response)

    async def _show(self, request: web.Request) -> web.Response:
        self._admit(request)
        opened = await self._open(request, new_scan(), request.query.get("language", ""), is_new=True)
        if opened.has_come_to("partial"):
            return _json({"state": State.AGAIN.value})
        await self._taking.seen(opened, "shown")
        words, question = words_for(opened.language), opened.question
        said: dict[str, Any] = {"thanks": words["thanks"], **question_of(question, opened.language)}
        points = list(question.scale.points) if question.kind == "score" else []
        shown = {"scan": opened.scan, "question": said, "points": points}
        return _json({"state": State.ASKING.value, **shown, "words": {name: words[name] for name in _WORDS}})

    async def _take(self, request: web.Request) -> web.Response:
        self._admit(request)
        self._catch_up.require()
        given = _document(await request.read())
        scan = given["scan"] if is_scan(given["scan"]) else ""
        opened = await self._open(request, scan, given["language"])
        answer, comment, said, seal = (given[name] for name in ("answer", "comment", "said", "seal"))
        reply = Reply(answer, comment, said, seal, is_dismissal=bool(given.get("dismiss")))
        try:
            taken = await self._taking.take(opened, reply)
        except NothingToAnswer as nothing:
            raise _refused(nothing) from None
        return _json({name: value for name, value in taken._asdict().items() if value})

    def _admit(self, request: web.Request) -> None:
        self._origins.require(request)
        self._guests.admit(request)

    async def _open(self, request: web.Request, scan: str, asked: str, *, is_new: bool = False) -> Opened:
        accepts = request.headers.get("Accept-Language", "")
        try:
            opened = await self._opening.open(
                request.match_info["link"], scan, asked=asked, accepts=accepts, is_new=is_new
            )
        except NothingToAnswer as nothing:
            raise _refused(nothing) from None
        if opened.is_of_place and not scan:
            raise RequestRefused(400, "the scan is missing", "send the scan of the question back", field="scan")
        return opened


def _refused(nothing: NothingToAnswer) -> RequestRefused:
    return RequestRefused(_STATUS[nothing.why], nothing.what, nothing.hint)


def _document(body: bytes) -> dict[str, Any]:
    try:
        sent = orjson.loads(body)
    except orjson.JSONDecodeError:
        sent = None
    if not isinstance(sent, dict) or not all(isinstance(sent.get(name, ""), str) for name in _TEXTS):
        raise RequestRefused(400, "the request is no answer", 'send {"answer": "7", "scan": "…"}')
    known: dict[str, Any] = dict.fromkeys(_TEXTS, "")
    return known | sent


def _json(said: object) -> web.Response:
    return web.Response(body=orjson.dumps(said), content_type="application/json", headers={"Cache-Control": "no-store"})
