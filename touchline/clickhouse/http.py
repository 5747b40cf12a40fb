"""One query over ClickHouse's HTTP interface; its answer passes through as ClickHouse wrote it, while it is being made."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from contextlib import closing

from touchline.clickhouse.answer import TAG_HEADER, Answer
from touchline.clickhouse.errors import ErrorKind, ServerError, kind_of, unreachable, wrong_login
from touchline.clickhouse.login import http_address, http_headers
from touchline.errors import TouchlineError
from touchline.settings import Settings

CHUNK_BYTES = 1 << 16


class QueryRefused(TouchlineError):
    """ClickHouse answered with an error; `what` holds its code and words."""


def stream_query(settings: Settings, sql: str, output_format: str = "TabSeparated") -> Iterator[bytes]:
    """Yield the answer in pieces. A FORMAT clause in the query wins over `output_format`.

    Raises EngineUnreachable, WrongUsage (login), QueryRefused: also in the midst of the answer, of which a part has been yielded by then.
    """
    headers = {**http_headers(settings), "X-ClickHouse-Format": output_format}
    where, user = f"ClickHouse at {http_address(settings)}", settings.clickhouse_user
    connection = http.client.HTTPConnection(settings.clickhouse_host, settings.clickhouse_http_port, timeout=300)
    with closing(connection):
        try:
            connection.request("POST", "/", sql.encode("utf-8"), headers)
            response = connection.getresponse()
            if response.status != 200:
                raise _refusal(where, response.read().decode("utf-8", "replace"), user)
            yield from _until_exception(response, where, user)
        except http.client.IncompleteRead as error:
            raise TouchlineError(
                f"{where} broke off in the midst of the answer", "ask again; the answer is not whole"
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise unreachable(where, error, "clickhouse_http_port") from None


def _until_exception(response: http.client.HTTPResponse, where: str, user: str) -> Iterator[bytes]:
    answer = Answer(response.getheader(TAG_HEADER, ""))
    while piece := response.read1(CHUNK_BYTES):
        yield answer.feed(piece)
        if answer.has_failed:
            answer.feed(_rest(response))
            raise _refusal(where, answer.said, user)
    yield answer.end()


def _rest(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read()
    except http.client.IncompleteRead as error:
        return error.partial


def _refusal(where: str, said: str, user: str) -> TouchlineError:
    error = ServerError.read(said)
    if error is None:
        return QueryRefused(f"{where} refused the query: {said.strip()[:500]}")
    if kind_of(error.code) is ErrorKind.LOGIN:
        return wrong_login(where, user)
    # The list of everything that would have been right there fills a screen.
    words = re.sub(r"Expected one of: .*(?=\([A-Z_]+\)$)", "", error.words, flags=re.DOTALL)
    # An error that passed through several layers of the engine begins and ends once for each of them.
    words = re.sub(rf"(Code: {error.code}\. DB::Exception: )+", "", words)
    words = re.sub(r"( \([A-Z_]+\))( \(version [^)]*\)\.?)?(?:\.?\1( \(version [^)]*\)\.?)?)+$", r"\1", words)
    return QueryRefused(f"ClickHouse error {error.code}: {words}")
