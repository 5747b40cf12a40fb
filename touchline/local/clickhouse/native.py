"""The native protocol's side of the shim: one thread and one engine connection for each client.

Hello, then Query → [sample block → data blocks] → result blocks → EndOfStream or Exception, again and again. An
insert's blocks are collected until an empty one ends them; then the engine sees it: who dies before stores nothing.
At revision 54440 a block on the wire, behind its block info, equals one block of FORMAT Native.
"""

import contextlib
import io
import itertools
import os
import socket
import socketserver
from collections.abc import Generator

from clickhouse_driver.block import BlockInfo
from clickhouse_driver.compression.lz4 import Compressor
from clickhouse_driver.context import Context
from clickhouse_driver.errors import Error as DriverError
from clickhouse_driver.protocol import ClientPacketTypes, ServerPacketTypes
from clickhouse_driver.streams.compressed import CompressedBlockInputStream, CompressedBlockOutputStream

from touchline.local.clickhouse.blocks import Columns, Tape, pack, skip_block, with_types
from touchline.local.clickhouse.engine import Engine, EngineClient, QueryFailed, memory_file
from touchline.local.clickhouse.statements import InsertStatement, first_word, read_insert, split_format

# The last revision before interserver secrets, custom serialization and query parameters complicate the wire.
REVISION = 54440
_BLOCK_INFO = b"\x01\x00\x02\xff\xff\xff\xff\x00"
_UNEXPECTED_PACKET = 101
HELD_BYTES_MAX = 16 << 20
_UNREADABLE = (DriverError, ValueError, LookupError, RuntimeError, OverflowError, MemoryError)  # of garbage


def compress(data: bytes) -> bytes:
    """One lz4 frame of the native protocol."""
    out = io.BytesIO()
    stream = CompressedBlockOutputStream(Compressor, 1 << 20, out, None)
    stream.fout.write(data)
    stream.finalize()
    return out.getvalue()


class NativeHandler(socketserver.BaseRequestHandler):
    """Serves one client until it leaves. EOFError: it is gone; ValueError: what it sent is not the protocol."""

    engine: Engine  # set before the server starts

    def handle(self) -> None:
        """Hello, then queries; a client that sends what can't be read is told so and dropped."""
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.plain = Tape(lambda: self.request.recv(1 << 18))
        self.packed = Tape(CompressedBlockInputStream(self.plain.reader, Context()).read_block)
        with contextlib.suppress(EOFError, OSError):
            try:
                if self.plain.number() != ClientPacketTypes.HELLO:
                    raise ValueError("expected Hello: this port speaks ClickHouse's native protocol, not HTTP")
                *_, database, user, password = self._fields("tnnnttt")
                with contextlib.closing(self.engine.open(str(user), str(password), str(database))) as client:
                    major, minor, patch, *_ = map(int, self.engine.version.split("."))
                    names = ("ClickHouse", major, minor, REVISION, self.engine.timezone, "touchline", patch)
                    self._send(ServerPacketTypes.HELLO, *names)
                    while True:
                        self._converse(client)
            except QueryFailed as error:
                self._send_exception(error)
            except _UNREADABLE as error:
                self._send_exception(QueryFailed(f"Can't read what the client sent: {error}", _UNEXPECTED_PACKET))

    def _converse(self, client: EngineClient) -> None:
        packet_type = self.plain.number()
        if packet_type == ClientPacketTypes.PING:
            self._send(ServerPacketTypes.PONG)
        elif packet_type == ClientPacketTypes.QUERY:
            settings, is_important, sql = self._read_query(client)
            try:
                client.apply(settings, ignore_unknown=not is_important)
                if insert := read_insert(sql):
                    self._insert(client, insert, sql[insert.data_at :])
                else:
                    self._select(client, split_format(sql)[0])  # the native protocol has but one format
                self._send(ServerPacketTypes.END_OF_STREAM)
            except QueryFailed as error:
                self._send_exception(error)
        elif packet_type != ClientPacketTypes.CANCEL:  # a cancel that came too late is fine
            raise ValueError(f"unexpected packet {packet_type}")

    def _read_query(self, client: EngineClient) -> tuple[dict[str, str], bool, str]:
        """Settings, whether an unknown one is an error, and the SQL of a Query packet."""
        client.query_id, has_client_info = self.plain.text(), self.plain.number(1)
        self._fields("tttbtttnnntn" if has_client_info else "")
        settings, is_important = dict[str, str](), False
        while name := self.plain.text():
            is_important |= bool(self.plain.number(1) & 1)
            settings[name] = self.plain.text()
        _, compression, sql = self._fields("nnt")
        self.is_compressed = bool(compression)
        self._read_data()  # an empty block, before which external tables would stand
        return settings, is_important, str(sql)

    def _fields(self, kinds: str) -> list[int | str]:
        """Texts, numbers of variable length, and single bytes."""
        return [self.plain.text() if kind == "t" else self.plain.number(kind == "b") for kind in kinds]

    def _read_data(self, into: int = -1) -> Columns:
        """The next packet, which must hold data: its columns; the block's bytes go to the file descriptor `into`."""
        if (packet_type := self.plain.number()) != ClientPacketTypes.DATA:
            raise ValueError(f"unexpected packet {packet_type} instead of data")
        if self.plain.text():
            raise ValueError("external tables are not supported by the local ClickHouse server shim")
        tape = self.packed if self.is_compressed else self.plain
        BlockInfo().read(tape.reader)
        tape.mark()
        if (columns := skip_block(tape)) and into >= 0:
            os.write(into, tape.taken())
        return columns

    def _select(self, client: EngineClient, sql: str) -> None:
        columns: Columns = []
        with client.watch(self.request):
            try:
                with contextlib.closing(_zoned_blocks(client, sql)) as blocks:
                    for block in blocks:
                        if not columns:  # clients take names and types from a block without rows
                            columns = skip_block(Tape([block].pop))
                            self._send_header(columns)
                        self._send_block(block)
                if not columns and (columns := client.columns(sql)):
                    self._send_header(columns)
            except QueryFailed:
                if not client.is_cancelled:
                    raise

    def _insert(self, client: EngineClient, insert: InsertStatement, behind: str) -> None:
        is_inline = bool(first_word(behind))  # INSERT … VALUES (1, 'a') as text; else a comment at most
        with memory_file(behind if is_inline else "") as data:
            if not is_inline:
                self._send_header(client.columns(insert.sample))
                while self._read_data(data):
                    pass
                insert = insert._replace(format="Native")
            with client.watch(self.request):
                client.insert(insert, data, "" if is_inline else behind)

    def _send(self, *parts: int | str | bytes) -> None:
        self.request.sendall(pack(*parts))

    def _send_block(self, data: bytes) -> None:
        data = _BLOCK_INFO + data
        self._send(ServerPacketTypes.DATA, "", compress(data) if self.is_compressed else data)

    def _send_header(self, columns: Columns) -> None:
        """A block without rows: it tells the client the columns and their types."""
        self._send_block(pack(len(columns), 0, *(text for column in columns for text in column)))

    def _send_exception(self, error: QueryFailed) -> None:
        name, code = "DB::Exception", error.code.to_bytes(4, "little")
        self._send(ServerPacketTypes.EXCEPTION, code, name, f"{name}: {error.message}", "", b"\x00")


def _zoned_blocks(client: EngineClient, sql: str) -> Generator[bytes]:
    """The blocks of a result with the zones of its times: the engine writes `DateTime('UTC')` as `DateTime`, as for clients of old, and a
    client would read that in a zone of its own. What says the zones is no part of the result, so one with such times is held until it
    is there; a large one is asked for again instead."""
    held: list[bytes] = []
    with contextlib.closing(client.stream(sql, "Native")) as blocks:
        first = next(blocks, b"")
        if not first:
            return
        if all(type_name != "DateTime" for _, type_name in skip_block(Tape([first].pop))):
            yield first
            yield from blocks
            return
        size = 0
        for block in itertools.chain((first,), blocks):
            held.append(block)
            if (size := size + len(block)) > HELD_BYTES_MAX:
                held.clear()
                break
    columns = client.columns(sql)
    if held:
        yield from (with_types(block, columns) for block in held)
        return
    with contextlib.closing(client.stream(sql, "Native")) as blocks:
        for block in blocks:
            yield with_types(block, columns)
