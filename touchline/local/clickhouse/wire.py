"""Packets of the native protocol at revision 54440, the server's side: read what the client sends, write answers."""

from __future__ import annotations

import os
import socket
from typing import NamedTuple

from clickhouse_driver.block import BlockInfo
from clickhouse_driver.context import Context
from clickhouse_driver.protocol import ServerPacketTypes
from clickhouse_driver.streams.compressed import CompressedBlockInputStream
from clickhouse_driver.varint import read_varint

from touchline.local.clickhouse.blocks import Block, Tape, Unreadable, compress, skip_block
from touchline.local.clickhouse.engine import QueryFailed

# The last revision before interserver secrets, custom serialization and query parameters complicate the wire.
REVISION = 54440
_SETTINGS_MAX, _BLOCK_INFO = 10_000, b"\x01\x00\x02\xff\xff\xff\xff\x00"


class Query(NamedTuple):
    """A Query packet. `is_important`: an unknown setting is an error."""

    query_id: str
    settings: dict[str, str]
    is_important: bool
    is_compressed: bool
    sql: str


def varint(number: int) -> bytes:
    """LEB128, as the native protocol writes lengths."""
    out = bytearray()
    while number > 0x7F:
        out.append(0x80 | number & 0x7F)
        number >>= 7
    return bytes((*out, number))


def text(value: str) -> bytes:
    """A length-prefixed string."""
    data = value.encode("utf-8", "surrogateescape")
    return varint(len(data)) + data


class Wire:
    """One client's socket. EOFError: the client is gone; Unreadable: what it sent is not the protocol."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection = connection
        self._plain = Tape(lambda: connection.recv(1 << 18))
        self._packed = Tape(CompressedBlockInputStream(self._plain.reader, Context()).read_block)

    def read_packet_type(self) -> int:
        """Type of the next packet; waits for it."""
        return int(read_varint(self._plain.reader))

    def read_hello(self) -> tuple[str, str, str]:
        """Database, user and password of the client's first packet."""
        if self.read_packet_type() != 0:
            raise Unreadable("expected Hello: this port speaks ClickHouse's native protocol")
        self._plain.text()  # client name
        for _ in range(3):
            read_varint(self._plain.reader)  # version and revision
        return self._plain.text(), self._plain.text(), self._plain.text()

    def read_query(self) -> Query:
        """The body of a Query packet."""
        tape = self._plain
        query_id = tape.text()
        if tape.number(1):  # client info: who asks, from where
            for _ in range(3):
                tape.text()
            tape.skip(1)
            for _ in range(3):
                tape.text()
            for _ in range(3):
                read_varint(tape.reader)
            tape.text()
            read_varint(tape.reader)
        settings: dict[str, str] = {}
        is_important = False
        while name := tape.text():
            is_important |= bool(tape.number(1) & 1)
            settings[name] = tape.text()
            if len(settings) > _SETTINGS_MAX:
                raise Unreadable("too many settings")
        read_varint(tape.reader)  # processing stage
        return Query(query_id, settings, is_important, bool(read_varint(tape.reader)), tape.text())

    def read_data(self, is_compressed: bool, into: int = -1) -> tuple[str, Block]:
        """The body of a Data packet: (table, shape of its block); its bytes go to the file descriptor `into`."""
        table = self._plain.text()
        tape = self._packed if is_compressed else self._plain
        BlockInfo().read(tape.reader)
        tape.mark()
        block = skip_block(tape)
        data = tape.taken()
        if into >= 0 and block.rows:
            os.write(into, data)
        return table, block

    def send_hello(self, version: str, timezone: str) -> None:
        """The server's first packet."""
        major, minor, patch = (int(part) for part in version.split(".")[:3])
        hello = varint(ServerPacketTypes.HELLO) + text("ClickHouse") + varint(major) + varint(minor) + varint(REVISION)
        self.connection.sendall(hello + text(timezone) + text("touchline") + varint(patch))

    def send_block(self, data: bytes, is_compressed: bool) -> None:
        """A Data packet with one block in FORMAT Native."""
        body = _BLOCK_INFO + data
        self.connection.sendall(varint(ServerPacketTypes.DATA) + text("") + (compress(body) if is_compressed else body))

    def send_header(self, columns: list[tuple[str, str]], is_compressed: bool) -> None:
        """A block without rows, which tells the client the columns and their types."""
        names = b"".join(text(name) + text(type_name) for name, type_name in columns)
        self.send_block(varint(len(columns)) + varint(0) + names, is_compressed)

    def send_exception(self, error: QueryFailed) -> None:
        """An Exception packet; the connection can go on afterwards."""
        body = text("DB::Exception") + text(f"DB::Exception: {error.message}") + text("") + b"\x00"
        self.connection.sendall(
            varint(ServerPacketTypes.EXCEPTION) + error.code.to_bytes(4, "little", signed=True) + body
        )

    def send(self, packet_type: int) -> None:
        """A packet without a body: Pong or EndOfStream."""
        self.connection.sendall(varint(packet_type))
