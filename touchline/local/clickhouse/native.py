"""The native protocol's side of the face: one thread and one engine connection for each client.

Hello → (Query → [sample block → data blocks] → result blocks → EndOfStream or Exception)*. An insert's blocks are collected
until the client's empty block ends them; only then the engine sees the insert: a client that dies before has stored nothing.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Iterator

from clickhouse_driver.errors import Error as DriverError
from clickhouse_driver.protocol import ClientPacketTypes, ServerPacketTypes

from touchline.local.clickhouse.blocks import Unreadable
from touchline.local.clickhouse.engine import CANCELLED, Engine, EngineClient, QueryFailed
from touchline.local.clickhouse.statements import Insert, first_word, read_insert, split_format
from touchline.local.clickhouse.watch import Watcher
from touchline.local.clickhouse.wire import Query, Wire

_AUTHENTICATION_FAILED, _UNEXPECTED_PACKET = 516, 101


@contextlib.contextmanager
def memory_file() -> Iterator[int]:
    """File descriptor of an anonymous file in memory."""
    descriptor = os.memfd_create("insert")
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def serve_native(
    connection: socket.socket, engine: Engine, watcher: Watcher, is_allowed: Callable[[str, str], bool]
) -> None:
    """Serve one client until it leaves."""
    wire = Wire(connection)
    with connection, contextlib.suppress(EOFError, OSError):
        try:
            database, user, password = wire.read_hello()
            if not is_allowed(user, password):
                raise QueryFailed(
                    f"{user}: Authentication failed: password is incorrect, or there is no user with such name."
                    " (AUTHENTICATION_FAILED)",
                    _AUTHENTICATION_FAILED,
                )
            with contextlib.closing(engine.open(database)) as client:
                wire.send_hello(engine.version, engine.timezone)
                _Conversation(wire, client, watcher).run()
        except QueryFailed as error:
            wire.send_exception(error)
        except (Unreadable, DriverError, ValueError, OverflowError, MemoryError) as error:
            wire.send_exception(QueryFailed(f"Cannot read what the client sent: {error}", _UNEXPECTED_PACKET))


class _Conversation:
    """The packets of one client after Hello."""

    def __init__(self, wire: Wire, client: EngineClient, watcher: Watcher) -> None:
        self._wire = wire
        self._client = client
        self._watcher = watcher

    def run(self) -> None:
        """Answer packets until the client is gone (EOFError) or sends what can't be read."""
        while True:
            packet_type = self._wire.read_packet_type()
            if packet_type == ClientPacketTypes.PING:
                self._wire.send(ServerPacketTypes.PONG)
            elif packet_type == ClientPacketTypes.QUERY:
                self._answer(self._wire.read_query())
            elif packet_type != ClientPacketTypes.CANCEL:  # a cancel that came too late
                raise Unreadable(f"unexpected packet {packet_type}")

    def _answer(self, query: Query) -> None:
        self._client.query_id = query.query_id
        tables: list[str] = []
        try:
            self._receive_tables(query, tables)
            self._client.apply(query.settings, ignore_unknown=not query.is_important)
            insert = read_insert(query.sql)
            if insert:
                self._insert(query, insert)
            else:
                self._select(query)
            self._wire.send(ServerPacketTypes.END_OF_STREAM)
        except QueryFailed as error:
            self._wire.send_exception(error)
        finally:
            self._client.query_id = ""
            for table in tables:
                self._client.execute(f"DROP TEMPORARY TABLE IF EXISTS `{table}`")

    def _receive_tables(self, query: Query, tables: list[str]) -> None:
        """External tables become temporary ones; an empty block ends them."""
        failed = None
        while True:
            self._expect_data()
            with memory_file() as data:
                table, block = self._wire.read_data(query.is_compressed, data)
                if not block.columns:
                    break
                columns = ", ".join(f"`{name}` {type_name}" for name, type_name in block.columns)
                try:
                    if table not in tables:
                        self._client.execute(f"CREATE TEMPORARY TABLE `{table}` ({columns})")
                        tables.append(table)
                    self._client.insert(Insert(table, "*", f"INSERT INTO `{table}`", "", "Native", 0), data)
                except QueryFailed as error:
                    failed = error
        if failed:
            raise failed

    def _expect_data(self) -> None:
        packet_type = self._wire.read_packet_type()
        if packet_type == ClientPacketTypes.CANCEL:
            raise QueryFailed("Query was cancelled. (QUERY_WAS_CANCELLED)", CANCELLED)
        if packet_type != ClientPacketTypes.DATA:
            raise Unreadable(f"unexpected packet {packet_type} instead of data")

    def _insert(self, query: Query, insert: Insert) -> None:
        inline = query.sql[insert.data_at :]
        with memory_file() as data:
            if first_word(inline):  # INSERT … VALUES (1, 'a') as text
                os.write(data, inline.encode("utf-8", "surrogateescape"))
                comment = ""
            else:
                self._wire.send_header(
                    self._client.columns(f"SELECT {insert.columns} FROM {insert.target}"), query.is_compressed
                )
                self._receive_blocks(query, data)
                insert, comment = insert._replace(format="Native"), inline
            with self._watcher.watching(self._wire.connection, self._client, cancels=True):
                self._client.insert(insert, data, comment)

    def _receive_blocks(self, query: Query, data: int) -> None:
        while True:
            self._expect_data()
            _, block = self._wire.read_data(query.is_compressed, data)
            if not block.columns:
                return

    def _select(self, query: Query) -> None:
        sql, _ = split_format(query.sql)  # the native protocol has but one format
        is_empty = True
        with self._watcher.watching(self._wire.connection, self._client, cancels=True) as watched:
            try:
                for block in self._client.stream(sql, "Native"):
                    self._wire.send_block(block, query.is_compressed)
                    is_empty = False
                if is_empty and (columns := self._client.columns(sql)):
                    self._wire.send_header(columns, query.is_compressed)
            except QueryFailed:
                if not watched.is_cancelled:
                    raise
