"""A question at a place, on a screen of its own, for one customer after the other; it goes on for days without a network.

    GET  /k/{link}      the page, which the browser keeps (a service worker), with the question in all its languages
    POST /k/{link}      {"sent_at": …, "answers": [{"scan": …, "at": …, "answer": …, "comment": …, "language": …, "shown": …}, …]}

The kiosk keeps each answer until it is told that it is safe. Each has an id of its own, so what is sent again counts once. With `shown` it
is no answer: somebody has touched the screen, and has the question before them; an answer may follow under the same id. Times are by the
kiosk's clock, both of them: only how long ago an answer was given is believed.

Why: docs/decisions/0208.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
from aiohttp import web

from touchline.markup import Child, Markup, tag
from touchline.schemas.times import US_PER_HOUR
from touchline.service.problem import RequestRefused
from touchline.surveys.questions import Question
from touchline.surveys.server.desk import Desk
from touchline.surveys.server.standing import CatchUp
from touchline.surveys.server.ways.assets import FIXED, STYLE, asset, serving
from touchline.surveys.server.ways.guests import Guests
from touchline.surveys.server.ways.html import fields, page
from touchline.surveys.server.ways.opening import NothingToAnswer, Opening
from touchline.surveys.server.ways.pages import HEADERS, QUESTION, in_words, is_scan
from touchline.surveys.server.ways.taking import COMMENT_MAX, Reply, State, Taking
from touchline.surveys.server.ways.words import languages, words_for

KIOSK: Final = "/k"
WORKER_PATH: Final = "/k/worker.js"
AGE_MAX_US: Final = 48 * US_PER_HOUR
"""How long ago an answer may have been given when it comes: a day without a network, and a day to find out."""
ANSWERS_MAX: Final = 50
_US_PER_MS: Final = 1_000
_SCRIPT: Final = asset("kiosk.js")
_WORKER: Final = asset("kiosk-worker.js")
_HEADERS: Final[Mapping[str, str]] = {
    **HEADERS,
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; worker-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
}


class Kiosk:
    """The routes of the kiosk."""

    def __init__(self, desk: Desk, opening: Opening, taking: Taking, guests: Guests, catch_up: CatchUp) -> None:
        self._desk = desk
        self._opening = opening
        self._taking = taking
        self._guests = guests
        self._catch_up = catch_up

    def add(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_get(WORKER_PATH, serving(_WORKER, "no-cache"), allow_head=False)
        app.router.add_get(_SCRIPT.path, serving(_SCRIPT, FIXED), allow_head=False)
        app.router.add_get(f"{KIOSK}/{{link}}", in_words(self._show), allow_head=False)
        app.router.add_post(f"{KIOSK}/{{link}}", self._take)

    async def _show(self, request: web.Request) -> web.Response:
        self._guests.admit(request)
        link, accepts = request.match_info["link"], request.headers.get("Accept-Language", "")
        opened = await self._opening.open(link, "", accepts=accepts, kinds=("place",), is_new=True)
        text = kiosk_page(opened.question, opened.language, link)
        return web.Response(text=text, content_type="text/html", charset="utf-8", headers=_HEADERS)

    async def _take(self, request: web.Request) -> web.Response:
        self._guests.admit(request)
        self._catch_up.require()
        sent = _document(await request.read())
        taken, refused = [], {}
        for one in sent["answers"]:
            why = await self._take_one(request.match_info["link"], one, sent["sent_at"])
            if why:
                refused[one["scan"]] = why
            else:
                taken.append(one["scan"])
        return web.Response(
            body=orjson.dumps({"taken": taken, "refused": refused}),
            content_type="application/json",
            headers={"Cache-Control": "no-store"},
        )

    async def _take_one(self, link: str, one: Mapping[str, Any], sent_ms: int) -> str:
        """Why the answer will never be taken; "" where it is safe."""
        age_us = max(0, (sent_ms - one["at"]) * _US_PER_MS)
        if age_us > AGE_MAX_US:
            return "too_old"
        at_us = self._desk.now_us() - age_us
        try:
            opened = await self._opening.open(link, one["scan"], asked=one["language"], kinds=("place",), at_us=at_us)
            if one.get("shown"):
                await self._taking.shown(opened, at_us)
                return ""
            reply = Reply(one["answer"], one["comment"], is_final=True)
            done = await self._taking.take(opened, reply, at_us)
        except NothingToAnswer as nothing:
            return nothing.why.value
        return done.fault if done.state is State.ASKING else ""


def kiosk_page(question: Question, language: str, link: str) -> str:
    """The question and the thanks in all languages; one of them is shown at a time."""
    spoken = [one for one in question.wordings if one in languages()] or list(question.wordings)
    first = language if language in spoken else spoken[0]
    return page(
        question.wordings[first].text,
        first,
        tag(
            "noscript",
            tag("p", tag("a", words_for(first)["link_to_page"], href=f"{QUESTION}/{link}")),
        ),
        [_one_language(question, one, is_shown=one == first) for one in spoken],
        tag("nav", [_switch(one) for one in spoken], aria_label=words_for(first)["another"])
        if len(spoken) > 1
        else None,
        tag("p", "", class_="waiting", aria_hidden="true"),
        head=(tag("script", src=_SCRIPT.path, defer=""),),
        class_="kiosk",
        data_link=link,
        data_keeps=f"{STYLE.path} {_SCRIPT.path}",
    )


def _one_language(question: Question, language: str, *, is_shown: bool) -> Markup:
    words, wording = words_for(language), question.wordings[language]
    asked: Child = fields(question, language)
    if question.kind == "open":
        asked = [
            tag("label", tag("h1", wording.text), for_=f"comment-{language}"),
            tag(
                "textarea", id=f"comment-{language}", name="comment", rows="4", maxlength=str(COMMENT_MAX), required=""
            ),
            tag("p", words["no_names"], class_="note"),
        ]
    return tag(
        "section",
        tag("form", asked, tag("button", words["send"], type="submit")),
        tag("h1", wording.thanks or words["thanks"], class_="thanks", tabindex="-1", hidden=""),
        lang=language,
        hidden=None if is_shown else "",
    )


def _switch(language: str) -> Markup:
    return tag("button", words_for(language)["language"], type="button", lang=language, data_language=language)


def _document(body: bytes) -> dict[str, Any]:
    try:
        sent = orjson.loads(body)
    except orjson.JSONDecodeError:
        sent = None
    if not isinstance(sent, dict) or not _is_time(sent.get("sent_at")) or not isinstance(sent.get("answers"), list):
        raise RequestRefused(400, "the request is no list of answers", 'send {"sent_at": …, "answers": [{…}, …]}')
    if len(sent["answers"]) > ANSWERS_MAX or not all(map(_is_answer, sent["answers"])):
        raise RequestRefused(
            400, "an answer is not as the kiosk sends it", f"at most {ANSWERS_MAX}, each with scan, at, answer …"
        )
    return sent


def _is_answer(one: object) -> bool:
    return (
        isinstance(one, dict)
        and all(isinstance(one.get(name), str) for name in ("scan", "answer", "comment", "language"))
        and is_scan(one["scan"])
        and isinstance(one.get("shown", False), bool)
        and _is_time(one.get("at"))
    )


def _is_time(value: object) -> bool:
    """Milliseconds since 1970."""
    return isinstance(value, int) and 0 <= value < 1 << 53
