"""Comments on the page: by a key, with every reading written down under its name, and never kept or shared between readers.

Why: docs/decisions/0189.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson
from clickhouse_driver.errors import ServerException

from touchline.clickhouse.connect import connect, explained
from touchline.clickhouse.errors import ErrorKind, kind_of
from touchline.comments.page import comments_object
from touchline.comments.read import persons_of, read_comments
from touchline.comments.readings import PAGE
from touchline.comments.values import BY_VALUE, Cursor, Found, Selection
from touchline.dashboards.server.arguments import wrong_argument
from touchline.dashboards.server.asking.parsing import moment_of
from touchline.dashboards.server.comment_keys import CommentKeys
from touchline.errors import EngineUnreachable, WrongUsage
from touchline.processors.steps.cipher import Cipher
from touchline.service.problem import RequestRefused
from touchline.settings import Settings

log = logging.getLogger("touchline.dashboard")

AT_ONCE: Final = 2
LIMIT_MAX: Final = 200
VALUES_MAX: Final = 200
TEXT_CHARACTERS_MAX: Final = 256


class CommentsDesk:
    """Answers those who have a key."""

    def __init__(self, settings: Settings, keys: CommentKeys, cipher: Cipher) -> None:
        self._settings = settings
        self._keys = keys
        self._cipher = cipher
        self._room = asyncio.Semaphore(AT_ONCE)

    @classmethod
    def open(cls, settings: Settings) -> CommentsDesk:
        """With the files that the settings name. Raises WrongUsage where one cannot be used."""
        keys = CommentKeys.from_file(settings.dashboard_comments_keys_file or Path())
        login: dict[str, object] = {
            "clickhouse_user": settings.dashboard_comments_user,
            "clickhouse_password_file": settings.dashboard_comments_password_file,
        }
        own = settings.with_changes(**{name: value for name, value in login.items() if value is not None})
        return cls(own, keys, Cipher.from_file(settings.payload_key_file))

    async def read(self, headers: Mapping[str, str], body: bytes) -> bytes:
        """A page of comments as JSON. Raises RequestRefused."""
        reader = self._keys.name_of(headers)
        if reader is None:
            log.warning("comments_key_refused")
            raise RequestRefused(
                401,
                "comments are shown to those who have a key",
                "give a key of the file dashboard_comments_keys_file",
                headers={"WWW-Authenticate": 'Bearer realm="comments"'},
            )
        selection, person = selection_of(body)
        async with self._room:
            found = await asyncio.to_thread(self._find, selection, person, reader)
        return orjson.dumps(comments_object(found))

    def _find(self, selection: Selection, person: str | None, reader: str) -> Found:
        client = connect(self._settings, timeout_seconds=self._settings.dashboard_query_seconds)
        try:
            with explained(self._settings):
                if person is not None:
                    selection = selection._replace(persons=persons_of(client, [person]))
                return read_comments(client, self._cipher, selection, PAGE, reader)
        except EngineUnreachable as error:
            raise RequestRefused(503, error.what, error.hint, retry_after=5) from None
        except WrongUsage as error:
            raise RequestRefused(400, error.what, error.hint) from None
        except ServerException as error:
            raise _refused(error) from None
        finally:
            client.disconnect()


def selection_of(body: bytes) -> tuple[Selection, str | None]:
    """What is asked for, and the person key or its beginning where one person is. Raises RequestRefused, without any value."""
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError:
        asked = None
    if not isinstance(asked, dict):
        raise RequestRefused(400, "the request is no JSON object", 'send an object such as {"touchpoint": ["shop"]}')
    known = {*BY_VALUE, "since", "until", "score_from", "score_to", "language", "person", "contains", "limit", "next"}
    if set(asked) - known:
        raise RequestRefused(400, "a field is not known here", f"known here: {', '.join(sorted(known))}")
    given = {name: value for name, value in asked.items() if value is not None}
    selection = Selection(
        _moment(given, "since"),
        _moment(given, "until"),
        {name: some for name in BY_VALUE if (some := _texts(given, name))},
        _number(given, "score_from"),
        _number(given, "score_to"),
        _text(given, "language"),
        None,
        _texts(given, "contains"),
        _limit(given),
        None if (place := _text(given, "next")) is None else _cursor(place),
    )
    try:
        selection.check()
    except WrongUsage as error:
        raise RequestRefused(400, error.what, error.hint) from None
    return selection, _text(given, "person")


def _moment(given: Mapping[str, Any], name: str) -> datetime | None:
    text = _text(given, name)
    return None if text is None else moment_of(name, text)


def _text(given: Mapping[str, Any], name: str) -> str | None:
    value = given.get(name)
    if value is not None and (not isinstance(value, str) or not 0 < len(value) <= TEXT_CHARACTERS_MAX * 4):
        raise wrong_argument(name, None, "a text")
    return value


def _texts(given: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = given.get(name, [])
    if not isinstance(value, list) or len(value) > VALUES_MAX:
        raise wrong_argument(name, None, f"a list of at most {VALUES_MAX} texts")
    if any(not isinstance(one, str) or len(one) > TEXT_CHARACTERS_MAX for one in value):
        raise wrong_argument(name, None, f"texts of at most {TEXT_CHARACTERS_MAX} characters")
    return tuple(value)


def _number(given: Mapping[str, Any], name: str) -> float | None:
    value = given.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise wrong_argument(name, None, "a number")
    return None if value is None else float(value)


def _limit(given: Mapping[str, Any]) -> int:
    value = given.get("limit", 50)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LIMIT_MAX:
        raise wrong_argument("limit", None, f"a whole number from 1 to {LIMIT_MAX}")
    return value


def _cursor(text: str) -> Cursor:
    try:
        return Cursor.from_text(text)
    except WrongUsage as error:
        raise RequestRefused(400, error.what, error.hint, field="next") from None


def _refused(error: ServerException) -> RequestRefused:
    kind = kind_of(error.code)
    log.warning("clickhouse_refused", extra={"fields": {"code": error.code}})
    if kind is ErrorKind.RIGHT:
        return RequestRefused(
            503,
            "ClickHouse lets the dashboard read no comments",
            "set dashboard_comments_user and dashboard_comments_password_file to a user with the role touchline_comments",
        )
    if kind is ErrorKind.TOO_SLOW:
        return RequestRefused(504, "the query took too long", "choose a shorter period or a narrower filter")
    return RequestRefused(503, f"ClickHouse error {error.code}", "try again; the server's log has the time")
