"""The native protocol's side of the face: one thread and one engine connection for each client.

Hello, then Query → [sample block → data blocks] → result blocks → EndOfStream or Exception, again and again. An
insert's blocks are collected until an empty one ends them; then the engine sees it: who dies before stores nothing.
"""

from __future__ import annotations

import contextlib
import socketserver

from clickhouse_driver.errors import Error as DriverError
from clickhouse_driver.protocol import ClientPacketTypes, ServerPacketTypes

from touchline.local.clickhouse.blocks import Unreadable, columns_of
from touchline.local.clickhouse.engine import Engine, EngineClient, QueryFailed, memory_file
from touchline.local.clickhouse.statements import Insert, first_word, read_insert, split_format
from touchline.local.clickhouse.wire import REVISION, Query, Wire

_UNEXPECTED_PACKET = 101


class NativeHandler(socketserver.BaseRequestHandler):
    """Serves one client until it leaves."""

    engine: Engine  # set by the subclass that a server gets

    def handle(self) -> None:
        """Hello, then queries; a client that sends what can't be read is told so and dropped."""
        wire = Wire(self.request)
        with contextlib.suppress(EOFError, OSError):
            try:
                database, user, password = wire.read_hello()
                with contextlib.closing(self.engine.open(user, password, database)) as client:
                    major, minor, patch, *_ = map(int, self.engine.version.split("."))
                    names = ("ClickHouse", major, minor, REVISION, self.engine.timezone, "touchline", patch)
                    wire.send(ServerPacketTypes.HELLO, *names)
                    while True:
                        self._converse(wire, client)
            except QueryFailed as error:
                wire.send_exception(error)
            except (
                Unreadable,
                DriverError,
                ValueError,
                LookupError,
                RuntimeError,
                OverflowError,
                MemoryError,
            ) as error:
                wire.send_exception(QueryFailed(f"Can't read what the client sent: {error}", _UNEXPECTED_PACKET))

    def _converse(self, wire: Wire, client: EngineClient) -> None:
        packet_type = wire.read_type()
        if packet_type == ClientPacketTypes.PING:
            wire.send(ServerPacketTypes.PONG)
        elif packet_type == ClientPacketTypes.QUERY:
            query = wire.read_query()
            client.query_id = query.query_id
            try:
                client.apply(query.settings, ignore_unknown=not query.is_important)
                if insert := read_insert(query.sql):
                    self._insert(wire, client, query, insert)
                else:
                    self._select(wire, client, query)
                wire.send(ServerPacketTypes.END_OF_STREAM)
            except QueryFailed as error:
                wire.send_exception(error)
            client.query_id = ""
        elif packet_type != ClientPacketTypes.CANCEL:  # a cancel that came too late is fine
            raise Unreadable(f"unexpected packet {packet_type}")

    def _select(self, wire: Wire, client: EngineClient, query: Query) -> None:
        sql, _ = split_format(query.sql)  # the native protocol has but one format
        is_empty = True
        with client.watch(wire.connection):
            try:
                for block in client.stream(sql, "Native"):
                    if (
                        is_empty
                    ):  # clients take the columns' types from a block without rows, as a server sends it first
                        with contextlib.suppress(Unreadable):
                            wire.send_header(columns_of(block), query.is_compressed)
                    wire.send_block(block, query.is_compressed)
                    is_empty = False
                if is_empty and (columns := client.columns(sql)):
                    wire.send_header(columns, query.is_compressed)
            except QueryFailed:
                if not client.is_cancelled:
                    raise

    def _insert(self, wire: Wire, client: EngineClient, query: Query, insert: Insert) -> None:
        behind = query.sql[insert.data_at :]
        is_inline = bool(first_word(behind))  # INSERT … VALUES (1, 'a') as text; else a comment at most
        with memory_file(behind.encode("utf-8", "surrogateescape") if is_inline else b"") as data:
            if not is_inline:
                columns = client.columns(f"SELECT {insert.columns} FROM {insert.target}")
                wire.send_header(columns, query.is_compressed)
                while wire.read_data(query.is_compressed, data):
                    pass
                insert = insert._replace(format="Native")
            with client.watch(wire.connection):
                client.insert(insert, data, "" if is_inline else behind)
