"""The in-process chDB engine: one connection per client, so that queries run side by side and settings stay apart.

Every connection carries a tag in its `log_comment` setting; by it `system.processes` tells which query is whose,
which is how a query is killed from outside the thread that runs it.

Why: docs/decisions/0010.
"""

import contextlib
import fcntl
import hmac
import itertools
import json
import os
import re
import socket
import threading
import urllib.parse
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import chdb

from touchline.errors import TouchlineError
from touchline.local.clickhouse.blocks import Columns, split_blocks
from touchline.local.clickhouse.statements import (
    READING_WORDS,
    InsertStatement,
    columns_of_tree,
    first_word,
    is_several,
    quote,
)

# chDB makes each streamed chunk a whole document: only formats without header and footer can be streamed.
STREAMED_FORMATS = {"native", "tsv", "tabseparated", "tabseparatedraw", "csv", "jsoneachrow", "rowbinary", "null"}
# Set by the shim itself: the tag, and that an insert is stored when it is acknowledged.
_RESERVED_SETTINGS = {"log_comment", "async_insert", "wait_for_async_insert"}
# chdb and chdb-core both bring chdb/__init__.py, and which of them stays depends on who was installed last: in one ChdbError is what a
# connection raises, a RuntimeError; in the other it is a class of its own, and a connection raises the RuntimeError nevertheless.
_FAILED: tuple[type[Exception], ...] = (RuntimeError, chdb.ChdbError)
SYNTAX_ERROR, UNKNOWN_SETTING, AUTHENTICATION_FAILED = 62, 115, 516


class QueryFailed(Exception):
    """The engine's answer to a failing statement: ClickHouse's error code and message."""

    def __init__(self, message: str, code: int = 1001) -> None:
        found = re.match(r"(?:Streaming query failed: )?(?:Code: (\d+)\. DB::Exception: )+", message)
        self.code = int(found[1]) if found else code
        self.message = message[found.end() :] if found else message


class Engine:
    """The engine over one data folder and its only user. Raises TouchlineError when another process uses the folder."""

    def __init__(self, path: Path, user: str, password: str) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self._lock_file = (path / "face.lock").open("w")
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            what = f"another process uses the ClickHouse data in {path}"
            raise TouchlineError(what, "stop it (`touchline down`) or choose another folder") from None
        # BACKUP … TO File('name') writes below the data folder, as a server's configuration allows it.
        self.address = f"{path}?backups.allowed_path={urllib.parse.quote(str(path.resolve() / 'backups'))}"
        self._account, self._numbers = f"{user}\0{password}".encode(), itertools.count(1)
        self.keeper = chdb.connect(self.address)  # the engine ends with its last connection
        self.clients: set[EngineClient] = set()
        self.version, self.timezone = self.keeper.query("SELECT version(), timezone()", "TSV").data().split()

    def open(self, user: str, password: str, database: str) -> "EngineClient":
        """A connection for one client; raises QueryFailed for a wrong password or an unknown database."""
        if not hmac.compare_digest(self._account, f"{user}\0{password}".encode()):
            reason = "Authentication failed: password is incorrect, or there is no user with such name."
            raise QueryFailed(f"{user}: {reason} (AUTHENTICATION_FAILED)", AUTHENTICATION_FAILED)
        client = EngineClient(self, f"client {next(self._numbers)}")
        with contextlib.ExitStack() as otherwise:
            otherwise.callback(client.close)
            client.execute(f"SET log_comment = {quote(client.tag)}, async_insert = 0, implicit_select = 0")
            if database:
                client.execute(f"USE {quote(database, '`')}")
            otherwise.pop_all()
        self.clients.add(client)
        return client

    def close(self) -> None:
        """Close the engine and its clients."""
        for client in list(self.clients):
            client.close()
        self.keeper.close()


class EngineClient:
    """One client's connection, for one statement at a time; `query_id` is the client's name for the running one."""

    def __init__(self, engine: Engine, tag: str) -> None:
        self._engine, self.tag, self.query_id = engine, tag, ""
        self.watched: socket.socket | None = None  # while a query runs: where its client may cancel it (watch.py)
        self.is_cancelled, self._kill_lock = False, threading.Lock()
        self._connection, self._lock, self._applied = chdb.connect(engine.address), threading.Lock(), dict[str, str]()

    def close(self) -> None:
        """Close the connection; its temporary tables and settings are gone."""
        self._engine.clients.discard(self)
        with self._lock:
            self._connection.close()

    @contextlib.contextmanager
    def watch(self, connection: socket.socket) -> Iterator[None]:
        """While the body runs a query: kill it when the client cancels or leaves."""
        self.watched, self.is_cancelled = connection, False
        try:
            yield
        finally:
            with self._kill_lock:
                self.watched = None

    def kill(self) -> None:
        """From another thread: ask the engine to end the watched query, but never the client's next one."""
        with self._kill_lock, contextlib.suppress(*_FAILED):
            if self.watched is not None:
                self._engine.keeper.query(f"KILL QUERY WHERE Settings['log_comment'] = {quote(self.tag)} ASYNC")

    def execute(self, sql: str, output_format: str = "TSV") -> Any:
        """Run a statement; chDB's whole result (`bytes`, `rows_read`). Raises QueryFailed."""
        with self._lock:
            try:
                return self._connection.query(sql, output_format)
            except _FAILED as error:
                raise QueryFailed(str(error)) from None

    def stream(self, sql: str, output_format: str) -> Generator[bytes]:
        """Run a statement and yield its result, Native block by block; raises QueryFailed. Close it."""
        if is_several(sql):  # chDB's `query` would run them all
            raise QueryFailed("Syntax error (Multi-statements are not allowed). (SYNTAX_ERROR)", SYNTAX_ERROR)
        if output_format.lower() not in STREAMED_FORMATS or first_word(sql) not in ("select", "with"):
            result = self.execute(self._with_engine_ids(sql), output_format).bytes()
            yield from split_blocks(result) if output_format == "Native" else [result]
            return
        with self._lock:
            try:
                with self._connection.send_query(sql, output_format) as stream:
                    while (chunk := stream.fetch()) is not None:
                        yield bytes(chunk.bytes())
            except _FAILED as error:
                raise QueryFailed(str(error)) from None

    def columns(self, sql: str) -> Columns:
        """Names and types of a query's result; none for a statement without a result. A SELECT is not run for that."""
        if (word := first_word(sql)) not in READING_WORDS:
            return []
        if word in ("select", "with"):
            # The planner, which DESCRIBE asks, takes as long as for the query itself: for a view of many a second. The first pass, which
            # finds the types, takes a fraction of that.
            explained = self.execute(f"EXPLAIN QUERY TREE run_passes = 1, passes = 1\n{sql}", "LineAsString").bytes()
            if columns := columns_of_tree(explained.decode(errors="surrogateescape").splitlines()):
                return columns
            described = f"DESCRIBE TABLE (\n{sql}\n) SETTINGS print_pretty_type_names = 0"
            lines = self.execute(described, "JSONCompactStringsEachRow").bytes().splitlines()
            return [(name, type_name) for name, type_name, *_ in map(json.loads, lines)]
        lines = self.execute(sql, "JSONCompactEachRowWithNamesAndTypes").bytes().splitlines()
        names, types, *_ = map(json.loads, lines)
        return list(zip(names, types, strict=True))

    def insert(self, insert: InsertStatement, data: int, comment: str = "") -> int:
        """Run an INSERT with the data in the file descriptor `data`; its rows. QueryFailed: nothing is stored.

        Not chDB's `send_insert`: that reports success for a violated constraint or a killed insert.
        """
        source = f"\nFROM INFILE '/proc/self/fd/{data}' {insert.settings}\nFORMAT {insert.format}"
        return int(self.execute(insert.head + source + comment).rows_read())

    def apply(self, settings: dict[str, str], ignore_unknown: bool = True) -> None:
        """Make `settings` those of the next statement; the last statement's that are not repeated get their default."""
        settings = {name: value for name, value in settings.items() if name not in _RESERVED_SETTINGS}
        for name in self._applied.keys() - settings.keys():
            self.execute(f"SET {quote(name, '`')} = DEFAULT")
            del self._applied[name]
        for name, value in settings.items() - self._applied.items():
            try:
                self.execute(f"SET {quote(name, '`')} = {quote(value)}")
                self._applied[name] = value
            except QueryFailed as error:
                if error.code != UNKNOWN_SETTING or not ignore_unknown:
                    raise

    def _with_engine_ids(self, sql: str) -> str:
        """KILL QUERY by a client's query id: chDB numbers queries itself, so its id is put in place of the client's."""
        for other in list(self._engine.clients) if first_word(sql) == "kill" else ():
            if other.query_id and (name := quote(other.query_id)) in sql:
                where = f"WHERE Settings['log_comment'] = {quote(other.tag)}"
                found = self.execute(f"SELECT query_id FROM system.processes {where} LIMIT 1").data().strip()
                sql = sql.replace(name, quote(found or other.query_id))
        return sql


@contextlib.contextmanager
def memory_file(data: str = "") -> Iterator[int]:
    """File descriptor of an anonymous file in memory."""
    with os.fdopen(os.memfd_create("insert"), "wb", buffering=0) as file:
        file.write(data.encode("utf-8", "surrogateescape"))
        yield file.fileno()
