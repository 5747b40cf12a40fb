"""Packets of the native protocol at revision 54440, the server's side: read what the client sends, write answers."""

from __future__ import annotations

import io
import os
import socket
from typing import NamedTuple

from clickhouse_driver.block import BlockInfo
from clickhouse_driver.compression.lz4 import Compressor
from clickhouse_driver.context import Context
from clickhouse_driver.protocol import ClientPacketTypes, ServerPacketTypes
from clickhouse_driver.streams.compressed import CompressedBlockInputStream, CompressedBlockOutputStream
from clickhouse_driver.varint import write_varint

from touchline.local.clickhouse.blocks import Columns, Tape, Unreadable, skip_block
from touchline.local.clickhouse.engine import QueryFailed

# The last revision before interserver secrets, custom serialization and query parameters complicate the wire.
REVISION = 54440
_BLOCK_INFO = b"\x01\x00\x02\xff\xff\xff\xff\x00"


class Query(NamedTuple):
    """A Query packet. `is_important`: an unknown setting is an error."""

    query_id: str
    settings: dict[str, str]
    is_important: bool
    is_compressed: bool
    sql: str


def pack(*parts: int | str | bytes) -> bytes:
    """Numbers at variable length, strings with their length before them, bytes as they are."""
    out = io.BytesIO()
    for part in parts:
        data = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        if not isinstance(part, bytes):
            write_varint(data if isinstance(data, int) else len(data), out)
        out.write(b"" if isinstance(data, int) else data)
    return out.getvalue()


def compress(data: bytes) -> bytes:
    """One lz4 frame of the native protocol."""
    out = io.BytesIO()
    stream = CompressedBlockOutputStream(Compressor, 1 << 20, out, None)
    stream.fout.write(data)
    stream.finalize()
    return out.getvalue()


class Wire:
    """One client's socket. EOFError: the client is gone; Unreadable: what it sent is not the protocol."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection = connection
        self._plain = Tape(lambda: connection.recv(1 << 18))
        self._packed = Tape(CompressedBlockInputStream(self._plain.reader, Context()).read_block)
        self.read_type = self._plain.number  # of the next packet; waits for it

    def read_hello(self) -> tuple[str, str, str]:
        """Database, user and password of the client's first packet."""
        if self.read_type() != ClientPacketTypes.HELLO:
            raise Unreadable("expected Hello: this port speaks ClickHouse's native protocol, not HTTP")
        self._skip_fields("tnnn")  # client, version and revision
        return self._plain.text(), self._plain.text(), self._plain.text()

    def read_query(self) -> Query:
        """The body of a Query packet, and the empty block behind it (where external tables would stand)."""
        tape = self._plain
        query_id = tape.text()
        if tape.number(1):
            self._skip_fields("tttbtttnnntn")  # who asks, from where, with which client
        settings, is_important = dict[str, str](), False
        while name := tape.text():
            is_important |= bool(tape.number(1) & 1)
            settings[name] = tape.text()
        self._skip_fields("n")  # processing stage
        query = Query(query_id, settings, is_important, bool(tape.number()), tape.text())
        self.read_data(query.is_compressed)
        return query

    def _skip_fields(self, kinds: str) -> None:
        for kind in kinds:
            self._plain.text() if kind == "t" else self._plain.number(kind == "b")

    def read_data(self, is_compressed: bool, into: int = -1) -> Columns:
        """The next packet, which must hold data: its columns; the block's bytes go to the file descriptor `into`."""
        if (packet_type := self.read_type()) != ClientPacketTypes.DATA:
            raise Unreadable(f"unexpected packet {packet_type} instead of data")
        if self._plain.text():
            raise Unreadable("external tables are not supported by the local ClickHouse face")
        tape = self._packed if is_compressed else self._plain
        BlockInfo().read(tape.reader)
        tape.mark()
        if (columns := skip_block(tape)) and into >= 0:
            os.write(into, tape.taken())
        return columns

    def send(self, packet_type: int, *parts: int | str | bytes) -> None:
        """A packet of this type."""
        self.connection.sendall(pack(packet_type, *parts))

    def send_block(self, data: bytes, is_compressed: bool) -> None:
        """A Data packet with one block of FORMAT Native."""
        body = _BLOCK_INFO + data
        self.send(ServerPacketTypes.DATA, "", compress(body) if is_compressed else body)

    def send_header(self, columns: Columns, is_compressed: bool) -> None:
        """A block without rows: it tells the client the columns and their types."""
        self.send_block(pack(len(columns), 0, *(text for column in columns for text in column)), is_compressed)

    def send_exception(self, error: QueryFailed) -> None:
        """An Exception packet; the conversation can go on afterwards."""
        code, message = error.code.to_bytes(4, "little"), f"DB::Exception: {error.message}"
        self.send(ServerPacketTypes.EXCEPTION, code, "DB::Exception", message, "", b"\x00")
