"""The question page: shown, answered and thanked for without a script.

    GET  /q/{link}            the question; nothing is answered by it
    GET  /q/{link}/{answer}   the same with that answer chosen, and one button to send it: programs that look through mails follow links
    POST /q/{link}            the answer, the comment, or that somebody will not answer; leads to a GET, so that going back or loading a
                              page again sends nothing

Why: docs/decisions/0208.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from urllib.parse import urlencode

from aiohttp import web
from aiohttp.web_exceptions import HTTPRequestEntityTooLarge

from touchline.errors import TouchlineError
from touchline.service.problem import RequestRefused
from touchline.surveys.server.standing import CatchUp
from touchline.surveys.server.ways.assets import FIXED, STYLE, serving
from touchline.surveys.server.ways.guests import Guests, TooFast
from touchline.surveys.server.ways.html import choices, comment_page, question_page, said_page, sentence_page
from touchline.surveys.server.ways.opening import NothingToAnswer, Opened, Opening, Shut
from touchline.surveys.server.ways.taking import Reply, State, Taken, Taking
from touchline.surveys.server.ways.words import FALLBACK, accepted, languages, words_for

log = logging.getLogger("touchline.surveys")

QUESTION: Final = "/q"
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
    "Vary": "Accept-Language",
}
_STATUS: Final = {Shut.INVALID: 404, Shut.EXPIRED: 410, Shut.NOT_ASKED: 410}
_SCAN: Final = re.compile(r"[0-9a-f]{32}")
_LATER_SECONDS: Final = 5


class Pages:
    """The routes of the question page."""

    def __init__(self, opening: Opening, taking: Taking, guests: Guests, catch_up: CatchUp) -> None:
        self._opening = opening
        self._taking = taking
        self._guests = guests
        self._catch_up = catch_up

    def add(self, app: web.Application) -> None:
        """Add the routes."""
        for path in (f"{QUESTION}/{{link}}", f"{QUESTION}/{{link}}/{{answer}}"):
            app.router.add_get(path, in_words(self._show), allow_head=False)
        app.router.add_post(f"{QUESTION}/{{link}}", in_words(self._take))
        app.router.add_get(STYLE.path, serving(STYLE, FIXED))

    async def _show(self, request: web.Request) -> web.Response:
        self._guests.admit(request)
        query, chosen = request.query, request.match_info.get("answer", "")
        scan = _scan_of(query)
        opened = await self._open(request, scan or new_scan(), query.get("language", ""), is_new=not scan)
        taken = self._taking.stands(opened, query.get("said", ""), query.get("seal", ""))
        is_first = "thanks" in query
        if taken and (is_first or taken.state is not State.DISMISSED):  # who opens the link again may think again
            return _stands(opened, taken, is_first=is_first)
        if chosen not in {one.value for one in choices(opened.question, opened.language)}:
            chosen = ""
        await self._taking.seen(opened, "started" if chosen else "shown")
        text = question_page(opened.question, opened.language, _action(opened), scan=opened.scan, chosen=chosen)
        return _page(text, opened.language)

    async def _take(self, request: web.Request) -> web.Response:
        self._guests.admit(request)
        self._catch_up.require()
        given = await _form(request)
        opened = await self._open(request, _scan_of(given), given.get("language", ""))
        reply = Reply(
            given.get("answer", ""),
            _one_newline(given.get("comment", "")),
            given.get("said", ""),
            given.get("seal", ""),
            is_dismissal="dismiss" in given,
        )
        return _answered(opened, reply, await self._taking.take(opened, reply))

    async def _open(self, request: web.Request, scan: str, asked: str, *, is_new: bool = False) -> Opened:
        accepts = request.headers.get("Accept-Language", "")
        opened = await self._opening.open(request.match_info["link"], scan, asked=asked, accepts=accepts, is_new=is_new)
        if opened.is_of_place and not scan:  # a form that was taken apart
            raise NothingToAnswer(Shut.INVALID)
        return opened


def _stands(opened: Opened, taken: Taken, *, is_first: bool) -> web.Response:
    """What is shown where something was answered before: just now, or some time ago."""
    question, language = opened.question, opened.language
    if taken.state is State.COMMENTING:
        return _page(comment_page(question, language, _action(opened), taken, opened.scan), language)
    state = taken.state if is_first or taken.state is not State.THANKS else State.AGAIN
    return _page(said_page(state, question, language), language)


def new_scan() -> str:
    """An id for one reader of a place's link."""
    return secrets.token_hex(16)


def is_scan(text: str) -> bool:
    """Whether it is such an id."""
    return bool(_SCAN.fullmatch(text))


def _answered(opened: Opened, reply: Reply, taken: Taken) -> web.Response:
    question, language, action = opened.question, opened.language, _action(opened)
    if taken.state is State.ASKING:
        fault, chosen = taken.fault, reply.answer
        text = question_page(
            question, language, action, scan=opened.scan, chosen=chosen, fault=fault, comment=reply.comment
        )
        return _page(text, language, 422)
    if taken.fault:
        return _page(comment_page(question, language, action, taken, opened.scan, reply.comment), language, 422)
    more = {"said": taken.said, "seal": taken.seal, "scan": opened.scan if opened.is_of_place else ""}
    more |= {} if taken.state in (State.COMMENTING, State.AGAIN) else {"thanks": "1"}
    told = urlencode({"language": language, **{name: value for name, value in more.items() if value}})
    return web.Response(status=303, headers={**HEADERS, "Location": f"{action}?{told}"})


def _action(opened: Opened) -> str:
    return f"{QUESTION}/{opened.text}"


def _scan_of(given: Mapping[str, str]) -> str:
    scan = given.get("scan", "")
    return scan if is_scan(scan) else ""


def _one_newline(text: str) -> str:
    """Forms send line ends as two characters, and browsers count them as one."""
    return text.replace("\r\n", "\n")


async def _form(request: web.Request) -> dict[str, str]:
    if request.content_type != "application/x-www-form-urlencoded":
        raise NothingToAnswer(Shut.INVALID)
    try:
        sent = await request.post()
    except (UnicodeDecodeError, LookupError, ValueError):
        raise NothingToAnswer(Shut.INVALID) from None
    return {name: value for name, value in sent.items() if isinstance(value, str)}


def _page(text: str, language: str, status: int = 200, more: Mapping[str, str] | None = None) -> web.Response:
    headers = {**HEADERS, "Content-Language": language, **(more or {})}
    return web.Response(text=text, status=status, content_type="text/html", charset="utf-8", headers=headers)


def in_words(
    handler: Callable[[web.Request], Awaitable[web.Response]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A handler whose failures are a sentence in the reader's language."""

    async def answer(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except NothingToAnswer as nothing:
            return _sentence(request, nothing.why.value, _STATUS[nothing.why])
        except TooFast as refused:
            return _sentence(request, "too_fast", 429, refused.retry_after)
        except HTTPRequestEntityTooLarge:
            response = _sentence(request, "too_long", 413)
            response.force_close()
            return response
        except (RequestRefused, TouchlineError) as error:
            log.warning("page_later", extra={"fields": {"why": error.what, "hint": error.hint}})
            return _sentence(request, "later", 503, _LATER_SECONDS)

    return answer


def _sentence(request: web.Request, name: str, status: int, retry_after: int | None = None) -> web.Response:
    language = accepted(request.headers.get("Accept-Language", ""), languages()) or FALLBACK
    more = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return _page(sentence_page(words_for(language)[name], language), language, status, more)
