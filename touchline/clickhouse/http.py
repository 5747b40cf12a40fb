"""One query over ClickHouse's HTTP interface; its answer passes through as ClickHouse wrote it, while it is being made."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

from touchline.errors import EngineUnreachable, TouchlineError, WrongUsage
from touchline.settings import Settings

CHUNK_BYTES = 1 << 16
_WRONG_LOGIN_CODES = {"192", "193", "194", "516"}


class QueryRefused(TouchlineError):
    """ClickHouse answered with an error; `what` holds its code and words."""


class _Login(NamedTuple):
    host: str
    port: int
    user: str
    password: str


def stream_query(settings: Settings, sql: str, output_format: str = "TabSeparated") -> Iterator[bytes]:
    """Yield the answer in pieces. A FORMAT clause in the query wins over `output_format`.

    Raises EngineUnreachable, WrongUsage (login), QueryRefused: also in the midst of the answer, of which a part has been yielded by then.
    """
    login = _login(settings)
    where = f"ClickHouse at http://{login.host}:{login.port}"
    connection = http.client.HTTPConnection(login.host, login.port, timeout=300)
    headers = {
        "X-ClickHouse-User": login.user,
        "X-ClickHouse-Key": login.password,
        "X-ClickHouse-Format": output_format,
    }
    with closing(connection):
        try:
            connection.request("POST", "/", sql.encode("utf-8"), headers)
            response = connection.getresponse()
            if response.status != 200:
                raise _refusal(where, response.read().decode("utf-8", "replace"), login.user)
            yield from _until_exception(response, where, login.user)
        except http.client.IncompleteRead as error:
            raise TouchlineError(
                f"{where} broke off in the midst of the answer", "ask again; the answer is not whole"
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise EngineUnreachable(
                f"{where} does not answer ({type(error).__name__})",
                "start it (`touchline up`) or set clickhouse_host and clickhouse_http_port",
            ) from None


def _until_exception(response: http.client.HTTPResponse, where: str, user: str) -> Iterator[bytes]:
    """ClickHouse appends an error in the midst of an answer behind a marker with the tag of the response's header."""
    tag = response.getheader("X-ClickHouse-Exception-Tag", "")
    marker = f"\r\n__exception__\r\n{tag}\r\n".encode() if tag else b""
    carry = b""
    while piece := response.read1(CHUNK_BYTES):
        carry += piece
        if marker and (start := carry.find(marker)) >= 0:
            yield carry[:start]
            raise _refusal(where, (carry[start + len(marker) :] + _rest(response)).decode("utf-8", "replace"), user)
        kept = len(marker)
        yield carry[: len(carry) - kept]
        carry = carry[len(carry) - kept :] if kept else b""
    yield carry


def _rest(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read()
    except http.client.IncompleteRead as error:
        return error.partial


def _refusal(where: str, said: str, user: str) -> TouchlineError:
    found = re.search(r"Code: (\d+)\. DB::Exception: (.*?)(?:\n\d+ \w+\r\n__exception__|$)", said.strip(), re.DOTALL)
    if found is None:
        return QueryRefused(f"{where} refused the query: {said.strip()[:500]}")
    if found[1] in _WRONG_LOGIN_CODES:
        return WrongUsage(
            f"{where} refuses the user `{user}` or its password",
            "check clickhouse_user and the file named by clickhouse_password_file",
        )
    # The list of everything that would have been right there fills a screen.
    words = re.sub(r"Expected one of: .*(?=\([A-Z_]+\)$)", "", found[2].strip(), flags=re.DOTALL)
    # An error that passed through several layers of the engine begins and ends once for each of them.
    words = re.sub(rf"(Code: {found[1]}\. DB::Exception: )+", "", words)
    words = re.sub(r"( \([A-Z_]+\))( \(version [^)]*\)\.?)?(?:\.?\1( \(version [^)]*\)\.?)?)+$", r"\1", words)
    return QueryRefused(f"ClickHouse error {found[1]}: {words}")


def _login(settings: Settings) -> _Login:
    try:
        password = settings.clickhouse_password_file.read_text().strip()
    except OSError as error:
        raise WrongUsage(
            f"the file of ClickHouse's password cannot be read: {settings.clickhouse_password_file} ({error.strerror})",
            "name it with TOUCHLINE_CLICKHOUSE_PASSWORD_FILE; `touchline up` makes one for the local stack",
        ) from None
    return _Login(settings.clickhouse_host, settings.clickhouse_http_port, settings.clickhouse_user, password)
