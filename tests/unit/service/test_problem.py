"""Every failure of a handler is one problem document, whichever service answers."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest
from aiohttp import web

from touchline.service.problem import CONTENT_TYPE, RequestRefused, ServiceWords, as_problem

LOG = logging.getLogger("touchline.worker")
WORDS = ServiceWords(
    {404: ("there is nothing at this path", "see /")}, hint="see the document", fault=("a fault", "report it")
)


def answer(outcome: web.Response | BaseException) -> web.Response:
    async def handle() -> web.StreamResponse:
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    response = asyncio.run(as_problem(handle(), WORDS, LOG))
    assert isinstance(response, web.Response)
    return response


def told(response: web.Response) -> dict[str, object]:
    document: dict[str, object] = json.loads(response.body if isinstance(response.body, bytes) else b"")
    return document


def test_an_answer_passes_as_it_is() -> None:
    whole = web.Response(text="whole")
    assert answer(whole) is whole


def test_a_refusal_says_the_fact_the_remedy_and_nothing_that_is_empty() -> None:
    response = answer(RequestRefused(503, "no room", "later", retry_after=7, headers={"Vary": "Origin"}))
    assert (response.status, response.content_type) == (503, CONTENT_TYPE)
    assert told(response) == {"title": "no room", "status": 503, "hint": "later"}
    assert (response.headers["Retry-After"], response.headers["Vary"]) == ("7", "Origin")
    assert response.headers["Cache-Control"] == "no-store"


def test_a_parameter_at_fault_is_named_with_its_shape() -> None:
    refused = RequestRefused(400, "cannot be read", "a day", field="from", found="3 characters: aaa")
    assert list(refused.document()) == ["title", "status", "field", "found", "hint"]


@pytest.mark.parametrize("status", [408, 413])
def test_a_body_that_is_not_read_to_its_end_costs_the_connection(status: int) -> None:
    assert answer(RequestRefused(status, "too much", "less")).keep_alive is False
    assert answer(RequestRefused(400, "wrong", "right")).keep_alive is not False


def test_what_aiohttp_refuses_has_the_words_of_the_service_and_its_allow() -> None:
    assert told(answer(web.HTTPNotFound())) == {
        "title": "there is nothing at this path",
        "status": 404,
        "hint": "see /",
    }
    refused = answer(web.HTTPMethodNotAllowed("PUT", ["GET", "HEAD"]))
    assert told(refused) == {"title": "method not allowed", "status": 405, "hint": "see the document"}
    assert refused.headers["Allow"] == "GET,HEAD"


def test_a_bug_is_logged_by_its_type_and_place_and_its_text_is_told_to_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR, LOG.name):
        response = answer(ValueError("Zoë 4711"))
    assert told(response) == {"title": "a fault", "status": 500, "hint": "report it"}
    (record,) = caplog.records
    assert vars(record)["fields"]["error"] == "ValueError"
    assert "test_problem.py" in vars(record)["fields"]["at"]
    assert "4711" not in caplog.text


@pytest.mark.parametrize("gone", [ConnectionResetError(), asyncio.CancelledError()])
def test_a_client_that_is_gone_gets_no_answer(gone: BaseException) -> None:
    with pytest.raises(type(gone)):
        answer(gone)
