"""ClickHouse over HTTP, as clickhouse-connect, curl and BI tools speak it: an engine connection for each request.

The query stands in the URL or before the data in the body. A result is streamed, so an error in its midst can't change
the status: it is appended as ClickHouse does (`__exception__`, tag, message), and the connection breaks off unfinished.
"""

import base64
import contextlib
import gzip
import json
import secrets
import zlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qsl, urlsplit

import lz4.frame  # type: ignore[import-untyped]

from touchline.local.clickhouse.engine import AUTHENTICATION_FAILED, Engine, EngineClient, QueryFailed, memory_file
from touchline.local.clickhouse.native import compress
from touchline.local.clickhouse.statements import READING_WORDS, first_word, read_insert, split_format

_BAD_REQUEST, _READONLY, _CANNOT_DECOMPRESS = 36, 164, 271
_STATUS = {AUTHENTICATION_FAILED: 403, 60: 404, 81: 404, 47: 400, 62: 400, 115: 400, _BAD_REQUEST: 400, _READONLY: 400}
_DECODERS: dict[str, Callable[[bytes], bytes]] = {"": bytes, "gzip": gzip.decompress, "deflate": zlib.decompress}
_DECODERS |= {"lz4": lz4.frame.decompress}
# Parameters of the HTTP interface that are no settings of the engine, or that the shim does without.
_OWN = {"user", "password", "database", "query", "query_id", "default_format", "compress", "session_id", "role"}
_OWN |= {"session_timeout", "session_check", "quota_key", "client_protocol_version", "wait_end_of_query", "buffer_size"}
_OWN |= {"enable_http_compression", "send_progress_in_http_headers", "http_headers_progress_interval_ms"}


class HttpHandler(BaseHTTPRequestHandler):
    """Serves one client, request by request; `SET` and `USE` do not outlive a request."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else small answers wait 40 ms for an acknowledgement
    engine: Engine  # set before the server starts

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet: errors go to the client."""

    def handle(self) -> None:
        """Serve until the client leaves, in whatever way it does."""
        with contextlib.suppress(OSError):
            super().handle()

    def do_GET(self) -> None:
        """Answer one request."""
        url = urlsplit(self.path)
        self.asked = dict(parse_qsl(url.query, keep_blank_values=True))
        self.exception_tag, self.written_rows = "", 0  # the tag is set when a result has begun
        try:
            text = self._read_text()
            if url.path == "/" and text.strip():
                with contextlib.closing(self._open()) as client, client.watch(self.connection):
                    self._answer(client, text.decode("utf-8", "surrogateescape"))
            else:
                is_known = url.path in ("/", "/ping", "/replicas_status")
                self._begin(200 if is_known else 404)
                self._send(b"Ok.\n" if is_known else b"There is nothing at this path: queries go to /\n")
            self.wfile.write(b"0\r\n\r\n")
        except QueryFailed as error:
            self._fail(error)

    do_POST = do_GET  # noqa: N815

    def _read_text(self) -> bytes:
        """The query of the URL, then the body (query, data or both)."""
        body, length = b"", self._size(self.headers.get("Content-Length") or "0")
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := self._size(self.rfile.readline().partition(b";")[0].decode("latin-1"), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        elif len(body := self.rfile.read(length)) < length:
            raise ConnectionError("the client left in the midst of its request")
        query = self.asked.get("query", "").encode("utf-8", "surrogateescape")
        try:
            return query + b"\n" * bool(query) + _DECODERS[self.headers.get("Content-Encoding", "")](body)
        except (LookupError, OSError, EOFError, RuntimeError, zlib.error) as error:
            raise QueryFailed(f"Cannot decompress the body: {error}", _CANNOT_DECOMPRESS) from None

    def _size(self, text: str, base: int = 10) -> int:
        """A number of bytes. Behind a wrong one nobody knows where the next request begins: the connection ends."""
        with contextlib.suppress(ValueError):
            if (size := int(text, base)) >= 0:
                return size
        self.close_connection = True
        raise QueryFailed("the request says no length of its body that can be read. (BAD_ARGUMENTS)", _BAD_REQUEST)

    def _open(self) -> EngineClient:
        """The engine connection with the user and database that the request names."""

        def header(name: str) -> str:  # http.server reads headers as Latin-1; they are UTF-8
            return str(self.headers.get(name, "")).encode("latin-1").decode("utf-8", "replace")

        scheme, _, basic = header("Authorization").partition(" ")
        try:
            login = base64.b64decode(basic).decode() if scheme.lower() == "basic" else ""
        except ValueError:
            raise QueryFailed("the Authorization header cannot be read. (BAD_ARGUMENTS)", _BAD_REQUEST) from None
        user, _, password = login.partition(":")
        user = header("X-ClickHouse-User") or self.asked.get("user") or user or "default"
        password = header("X-ClickHouse-Key") or self.asked.get("password") or password
        database = self.asked.get("database") or header("X-ClickHouse-Database")
        client = self.engine.open(user, password, database)
        client.query_id = self.asked.setdefault("query_id", secrets.token_hex(16))
        return client

    def _answer(self, client: EngineClient, text: str) -> None:
        if self.command == "GET" and first_word(text) not in READING_WORDS:
            raise QueryFailed("Cannot execute query in readonly mode: use POST. (READONLY)", _READONLY)
        client.apply({name: value for name, value in self.asked.items() if name not in _OWN}, ignore_unknown=False)
        if insert := read_insert(text):
            with memory_file(text[insert.data_at :]) as data:
                self.written_rows = client.insert(insert, data)
            self._begin(200)
            return
        sql, name = split_format(text)
        name = name or self.asked.get("default_format") or self.headers.get("X-ClickHouse-Format") or "TabSeparated"
        with contextlib.closing(client.stream(sql, name)) as chunks:
            first = next(chunks, b"")  # an error before the first chunk still sets the status
            self._begin(200, name)
            self._send(first)
            for chunk in chunks:
                self._send(chunk)

    def _begin(self, status: int, output_format: str = "", code: int = 0) -> None:
        self.exception_tag = secrets.token_hex(8)
        self.send_response(status)
        headers = {
            "Content-Type": "application/json" if "JSON" in output_format else "text/plain; charset=UTF-8",
            "Transfer-Encoding": "chunked",
            "X-ClickHouse-Query-Id": self.asked.get("query_id", ""),
            "X-ClickHouse-Timezone": self.engine.timezone,
            "X-ClickHouse-Exception-Tag": self.exception_tag,
            "X-ClickHouse-Summary": json.dumps({"written_rows": str(self.written_rows)}),
        }
        headers |= {"X-ClickHouse-Format": output_format} if output_format else {}
        headers |= {"X-ClickHouse-Exception-Code": str(code)} if code else {}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, data: bytes) -> None:
        data = compress(data) if self.asked.get("compress") == "1" and data else data
        if data:
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def _fail(self, error: QueryFailed) -> None:
        """Say what failed: as the answer, or behind the part of the result that was sent."""
        message = f"Code: {error.code}. DB::Exception: {error.message}\n"
        if tag := self.exception_tag:
            size = len(message.encode())
            self._send(f"\r\n__exception__\r\n{tag}\r\n{message}{size} {tag}\r\n__exception__\r\n".encode())
            self.close_connection = True
        else:
            self._begin(_STATUS.get(error.code, 500), code=error.code)
            self._send(message.encode())
            self.wfile.write(b"0\r\n\r\n")
