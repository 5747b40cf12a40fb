"""clickhouse-driver's client with our own encoding of an insert's columns (encode.py); everything else is the driver's.

Why: docs/decisions/0063.
"""

from __future__ import annotations

from typing import Any

from clickhouse_driver import Client, defines
from clickhouse_driver.block import BlockInfo, ColumnOrientedBlock
from clickhouse_driver.protocol import ClientPacketTypes
from clickhouse_driver.varint import write_varint
from clickhouse_driver.writer import write_binary_str, write_binary_uint8

from touchline.processors.ledger.encode import EncodedColumn, Texts, write_column


class ColumnClient(Client):  # type: ignore[misc]  # the driver has no types
    """`execute(insert, [EncodedColumn, …], columnar=True)` sends the columns as one block. The connection must be uncompressed.

    A connection that broke is an error, also if nothing was asked meanwhile. Stock, the driver opens another one unheard; but the server at
    its other end may have come back with less than it had acknowledged."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, disable_reconnect=True, **kwargs)

    def send_data(
        self, sample_block: Any, data: list[EncodedColumn], types_check: bool = False, columnar: bool = False
    ) -> int:
        """Called by the driver once the server has named the columns and their types."""
        _send_block(self.connection, sample_block.columns_with_types, data)
        self.receive_profile_events()
        self.connection.send_data(ColumnOrientedBlock())
        self.receive_profile_events()
        return data[0].row_count


def _send_block(connection: Any, columns_with_types: list[tuple[str, str]], columns: list[EncodedColumn]) -> None:
    if [name for name, _ in columns_with_types] != [column.name for column in columns]:
        raise ValueError("the server's columns are not the insert's")
    texts = Texts(columns)
    buffer, revision = connection.fout, connection.server_info.used_revision
    write_varint(ClientPacketTypes.DATA, buffer)
    write_binary_str("", buffer)
    BlockInfo().write(buffer)
    write_varint(len(columns), buffer)
    write_varint(columns[0].row_count, buffer)
    for column, (name, spec) in zip(columns, columns_with_types, strict=True):
        write_binary_str(name, buffer)
        write_binary_str(spec, buffer)
        if revision >= defines.DBMS_MIN_REVISION_WITH_CUSTOM_SERIALIZATION:
            write_binary_uint8(0, buffer)
        write_column(column, spec, buffer, connection.context, texts)
    buffer.flush()
