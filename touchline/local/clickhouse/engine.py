"""The in-process chDB engine: one connection per client, so that queries run side by side and settings stay apart.

Every connection carries a tag in its `log_comment` setting. Through it `system.processes` tells which query belongs to which
client, which is how a query is killed from outside the thread that runs it.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chdb

from touchline.errors import TouchlineError
from touchline.local.clickhouse.blocks import split_blocks
from touchline.local.clickhouse.statements import READING_WORDS, Insert, first_word, is_several, quote, replace_strings

# chDB gives each streamed chunk as a whole document: only formats without header and footer may be streamed.
STREAMED_FORMATS = frozenset(
    {"native", "tsv", "tabseparated", "tabseparatedraw", "tsvraw", "csv", "jsoneachrow", "jsonlines", "ndjson"}
    | {"rowbinary", "jsoncompacteachrow", "jsonstringseachrow", "tskv", "lineasstring", "rawblob", "null"}
)
# Set by the face itself: the tag, and inserts that are stored when they are acknowledged.
_RESERVED_SETTINGS = frozenset({"log_comment", "async_insert", "wait_for_async_insert"})
UNKNOWN_SETTING, NOT_STREAMABLE, CANCELLED = 115, "Streaming query is not supported", 394


class QueryFailed(Exception):
    """The engine's answer to a failing statement: its error code and message."""

    def __init__(self, message: str, code: int = 0) -> None:
        message = re.sub(r"^(Streaming query failed: )?(Code: \d+\. )?(DB::Exception: )?", "", message)
        super().__init__(message)
        self.message = message
        self.code = code

    @classmethod
    def from_engine(cls, error: Exception) -> QueryFailed:
        """Take the code out of chDB's text; 1001 (STD_EXCEPTION) when it has none."""
        found = re.search(r"Code: (\d+)\. ", str(error))
        return cls(str(error), int(found[1]) if found else 1001)


class Engine:
    """The engine over one data folder; holds its lock for as long as the process lives.

    Raises TouchlineError when another process uses the folder.
    """

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self._path = str(path)
        self._lock_file = (path / "face.lock").open("w")
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise TouchlineError(
                f"another process uses the ClickHouse data in {path}",
                "stop it (`touchline down`) or choose another folder",
            ) from None
        self._numbers = itertools.count(1)
        self._keeper = chdb.connect(self._path)  # the engine ends with its last connection
        self.clients: set[EngineClient] = set()
        self.version, self.timezone = self._keeper.query("SELECT version(), timezone()", "TSV").data().split()

    def open(self, database: str = "") -> EngineClient:
        """A connection for one client; raises QueryFailed for an unknown database."""
        client = EngineClient(self, chdb.connect(self._path), f"client {next(self._numbers)}")
        self.clients.add(client)
        try:
            client.execute(f"SET log_comment = {quote(client.tag)}, async_insert = 0")
            if database:
                client.execute("USE `" + database.replace("`", "\\`") + "`")
        except BaseException:
            client.close()
            raise
        return client

    def kill(self, tag: str) -> None:
        """Ask the engine to end what the connection with this tag is running; does not wait."""
        with contextlib.closing(chdb.connect(self._path)) as connection:
            connection.query(f"KILL QUERY WHERE Settings['log_comment'] = {quote(tag)} ASYNC")

    def close(self) -> None:
        """Close the engine after its clients."""
        for client in list(self.clients):
            client.close()
        self._keeper.close()


class EngineClient:
    """One client's connection. One statement at a time; `tag` names it in `system.processes`."""

    def __init__(self, engine: Engine, connection: Any, tag: str) -> None:
        self.engine = engine
        self.tag = tag
        self.query_id = ""
        self.is_busy = False
        self._connection = connection
        self._applied: dict[str, str] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the connection; its temporary tables and settings are gone."""
        self.engine.clients.discard(self)
        with self._lock:
            self._connection.close()

    def kill(self) -> None:
        """End the running statement, from any thread."""
        self.engine.kill(self.tag)

    def execute(self, sql: str, output_format: str = "TSV") -> bytes:
        """Run a statement and return its whole result; raises QueryFailed."""
        with self._lock:
            try:
                return bytes(self._connection.query(sql, output_format).bytes())
            except chdb.ChdbError as error:
                raise QueryFailed.from_engine(error) from None

    def stream(self, sql: str, output_format: str) -> Iterator[bytes]:
        """Run a statement and yield its result in chunks, as far as the format allows; raises QueryFailed."""
        if is_several(sql):  # chDB's `query` would run them all
            raise QueryFailed("Syntax error (Multi-statements are not allowed). (SYNTAX_ERROR)", 62)
        sql = self._with_engine_ids(sql)
        if output_format.lower() not in STREAMED_FORMATS:
            yield self.execute(sql, output_format)
            return
        try:
            stream = self._connection.send_query(sql, output_format)
        except chdb.ChdbError as error:
            if NOT_STREAMABLE not in str(error):
                raise QueryFailed.from_engine(error) from None
            result = self.execute(sql, output_format)
            yield from split_blocks(result) if output_format == "Native" else [result]
            return
        try:
            while (chunk := stream.fetch()) is not None:
                yield bytes(chunk.bytes())
        except chdb.ChdbError as error:
            raise QueryFailed.from_engine(error) from None
        finally:
            with contextlib.suppress(chdb.ChdbError):
                stream.cancel()

    def columns(self, sql: str) -> list[tuple[str, str]]:
        """Names and types of a query's result without running it; none for a statement without a result."""
        word = first_word(sql)
        if word in ("select", "with", "("):
            lines = self.execute(f"DESCRIBE TABLE (\n{sql}\n) SETTINGS print_pretty_type_names = 0", "JSONCompactStringsEachRow").splitlines()
            return [(name, type_name) for name, type_name, *_ in map(json.loads, lines)]
        if word not in READING_WORDS:
            return []
        names, types, *_ = map(json.loads, self.execute(sql, "JSONCompactEachRowWithNamesAndTypes").splitlines())
        return list(zip(names, types, strict=True))

    def insert(self, insert: Insert, data: int, comment: str = "") -> None:
        """Run an INSERT with the data in the file descriptor `data`: all is stored, or QueryFailed is raised.

        Not chDB's `send_insert`: that reports success for a violated constraint or a killed insert.
        """
        source = f"\nFROM INFILE '/proc/self/fd/{data}' "
        self.execute(f"{insert.head}{source}{insert.settings}\nFORMAT {insert.format}{comment}")

    def apply(self, settings: dict[str, str], ignore_unknown: bool = True) -> None:
        """Make `settings` those of the next statement; settings of the previous one that are not repeated get their default."""
        settings = {name: value for name, value in settings.items() if name not in _RESERVED_SETTINGS}
        for name in self._applied.keys() - settings.keys():
            self.execute(f"SET {name} = DEFAULT")
        for name, value in settings.items() - self._applied.items():
            if not re.fullmatch(r"\w+", name):
                raise QueryFailed(f"Setting name {name!r} is not valid. (UNKNOWN_SETTING)", UNKNOWN_SETTING)
            try:
                self.execute(f"SET {name} = {quote(value)}")
            except QueryFailed as error:
                if error.code != UNKNOWN_SETTING or not ignore_unknown:
                    raise
        self._applied = settings

    def _with_engine_ids(self, sql: str) -> str:
        """KILL QUERY by a client's query id: chDB numbers queries itself, so its id is put in place of the client's."""
        if first_word(sql) != "kill":
            return sql
        ids = {}
        for other in list(self.engine.clients):
            if other.query_id and other.query_id in sql:
                find = (
                    f"SELECT query_id FROM system.processes WHERE Settings['log_comment'] = {quote(other.tag)} LIMIT 1"
                )
                ids[other.query_id] = self.execute(find).decode().strip() or other.query_id
        return replace_strings(sql, ids)
